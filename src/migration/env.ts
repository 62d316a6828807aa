import { FederationError } from '../errors.ts';
import type { Federation, MemberCluster } from '../federation.ts';
import { apiVersionOf } from '../kube/objects.ts';
import { core } from '../kube/resources.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { assertDifferent } from '../kubesphere/cluster.ts';
import { checkText, invalid, refuseUndefined } from '../kubesphere/validation.ts';
import { checkArgument, type FieldsOf } from '../modules/options.ts';
import type { Json } from '../types.ts';
import type { JournalStore } from '../workflow/journal.ts';

/** Waiting times, in milliseconds. Below their defaults only in a sandbox. */
export interface MigrationTiming {
  /** The hosts' cluster resync period. @defaultValue 120000 */
  readonly resyncMs?: number;
  /** How long a state has to hold before it is believed; a host that is still joined undoes things up to 11 s later. @defaultValue 15000 */
  readonly lookBackMs?: number;
}

/** What the migration works with. Nothing of it is journalled. */
export interface MigrationEnv {
  /** B, the new host. */
  readonly target: Federation;
  /** A, the old host. */
  readonly source?: Federation;
  /** M, under the name that A has for it and B will have. */
  readonly member: MemberCluster;
  /** How B shall reach M. @defaultValue the kubeconfig in A's Cluster object */
  readonly connection?: { readonly kubeconfig: string };
  readonly timing?: MigrationTiming;
}

/** Every cluster of the migration. */
export function clustersOf({ target, source, member }: MigrationEnv): readonly KubeSphereCluster[] {
  return [target.host, ...(source === undefined ? [] : [source.host]), member];
}

const defaults = { resyncMs: 120_000, lookBackMs: 15_000 } as const;

/** The waiting times of this migration. */
export function timingOf({ timing }: MigrationEnv): Required<MigrationTiming> {
  return { ...defaults, ...timing };
}

/** An API server gives up what it has taken on after a minute, four times as long as a look back takes. */
export function lateMsOf(env: MigrationEnv): number {
  return 4 * timingOf(env).lookBackMs;
}

/** Every cluster was made for tests: shortened timings and memory journals are allowed there only. */
function inSandbox(env: MigrationEnv): boolean {
  return clustersOf(env).every(({ sandbox }) => sandbox);
}

const envFields: FieldsOf<MigrationEnv> = { target: true, source: true, member: true, connection: true, timing: true };
const timingFields: FieldsOf<MigrationTiming> = { resyncMs: true, lookBackMs: true };

/** What is not understood must not be taken for a missing old host, or another way to the member. */
function checkFields(env: MigrationEnv): void {
  checkArgument('env', env, envFields, 'env.');
  refuseUndefined('env.', env, 'source', 'connection');
  const { target, source, member, connection, timing = {} } = env;
  for (const [field, federation] of Object.entries({ target, ...(source !== undefined && { source }) }))
    if (federation?.host?.connection === undefined)
      throw invalid(`env.${field}`, 'must be a Federation, as Federation.connect gives it.');
  if (member?.connection === undefined)
    throw invalid('env.member', 'must be a MemberCluster, as connectMember gives it.');
  if (connection !== undefined) {
    checkArgument('env.connection', connection, { kubeconfig: true }, 'env.connection.');
    checkText('env.connection.kubeconfig', connection.kubeconfig);
  }
  checkArgument('env.timing', timing, timingFields, 'env.timing.');
  for (const [field, ms] of Object.entries(timing))
    if (!(typeof ms === 'number' && ms >= 0)) throw invalid(`env.timing.${field}`, 'must be a number of milliseconds.');
}

/**
 * Refuses clusters that do not fit together, before anything is asked of them.
 *
 * @throws FederationError `SAME_CLUSTER`, `INVALID`, `UNSUPPORTED` for a version that cannot be written yet
 */
function checkEnv(env: MigrationEnv): void {
  checkFields(env);
  const { target, source, member } = env;
  assertDifferent(target.host, member, ['the new host', 'the member']);
  if (source !== undefined) {
    assertDifferent(source.host, target.host, ['the old host', 'the new host']);
    assertDifferent(source.host, member, ['the old host', 'the member']);
  }
  const names = [target.host.name, ...(source === undefined ? [] : [source.host.name]), member.name];
  if (new Set(names).size < names.length)
    throw new FederationError(
      'INVALID',
      `The clusters are called ${names.join(', ')}: plans and journals need different names. Give Federation.connect a name.`,
    );
  // Asking for the dialect is what refuses 4.x.
  for (const cluster of clustersOf(env)) cluster.dialect;
  const { resyncMs, lookBackMs } = timingOf(env);
  if ((resyncMs < defaults.resyncMs || lookBackMs < defaults.lookBackMs) && !inSandbox(env))
    throw new FederationError(
      'INVALID',
      `timing { resyncMs: ${resyncMs}, lookBackMs: ${lookBackMs} } is below what real controllers need (${defaults.resyncMs}, ${defaults.lookBackMs}); it is allowed only where every kube-system bears label kubesphere-federation/sandbox=true.`,
    );
}

/** Which world this is: resume and rollback in another one are refused, and so is every drive in one that does not fit together. */
export async function identityOf(env: MigrationEnv): Promise<Json> {
  checkEnv(env);
  const { target, source, member } = env;
  return { target: target.host.uid, source: source?.host.uid ?? null, member: member.uid };
}

/**
 * Refuses a journal that whoever takes a half-moved member over could not read: one that dies with its process, or one on the host
 * that the member leaves, which may be gone for good by then.
 *
 * @throws FederationError `INVALID`
 */
export async function checkJournal(
  { volatile, keptOn }: Pick<JournalStore, 'volatile' | 'keptOn'>,
  env: MigrationEnv,
): Promise<void> {
  checkFields(env);
  const { source, target, member } = env;
  if (volatile === true && !inSandbox(env))
    throw new FederationError(
      'INVALID',
      'A migration must outlive its process: memoryJournal() is allowed only where every kube-system bears label kubesphere-federation/sandbox=true. Use clusterJournal(target.host.connection, { namespace }) or fileJournal(directory). Nothing was written.',
    );
  if (source !== undefined && (await keptOn?.()) === source.host.uid)
    throw new FederationError(
      'INVALID',
      `The journal is kept on ${source.host.name}, the host that ${member.name} leaves: once that is gone, nobody could go on or undo. Keep it on the new host, clusterJournal(target.host.connection, { namespace }) with target ${target.host.name}, or on ${member.name} itself, clusterJournal(member.connection, { namespace }). Nothing was written.`,
    );
}

/**
 * Asks every cluster that the way on needs for a sign of life. Past the pivot only the last two steps need the old host, and find out by
 * themselves: the shield comes down when that host was seen not to hold the member, and what was parked there is discarded.
 *
 * @throws ApiError `UNREACHABLE`, which pauses a run instead of letting it undo half
 */
export async function reachNeeded(
  { source, ...env }: MigrationEnv,
  { pastPivot }: { readonly pastPivot: boolean },
): Promise<void> {
  const needed = pastPivot || source === undefined ? env : { ...env, source };
  for (const { name, connection, uid } of clustersOf(needed)) {
    const system = await connection
      .get(core.namespaces, { name: 'kube-system' }, { timeoutMs: 15_000, retry: false })
      .catch((error: unknown) => {
        throw new FederationError(
          'UNREACHABLE',
          `${name} does not answer. The run rests; resume it or roll it back when it does.`,
          { cause: error },
        );
      });
    if (system.metadata.uid !== uid)
      throw new FederationError(
        'ENV_CHANGED',
        `${name} is another cluster by now: ${apiVersionOf(core.namespaces)} Namespace kube-system has UID ${system.metadata.uid}, it had ${uid}.`,
      );
  }
}
