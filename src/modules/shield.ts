import { FederationError } from '../errors.ts';
import { digest } from '../internal/digest.ts';
import { sleep } from '../internal/signal.ts';
import type { Resource } from '../kube/objects.ts';
import { core } from '../kube/resources.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { nameLabel } from '../kubesphere/names.ts';
import { kubesphere } from '../kubesphere/resources.ts';
import type { Change } from '../workflow/change.ts';
import { madeBy, refOf } from './changes.ts';
import { namespacesOf, some } from './closure.ts';
import type { Operation } from './operation.ts';
import { type Right, toCreate, toDelete, toGet } from './rights.ts';
import { type Form, isAnyShield, isOf, type Part, parts, type Shielded } from './shield-forms.ts';
import { create, findSurely, remove, type Work } from './work.ts';

export type { Form, Shielded } from './shield-forms.ts';

/** Which shield was put up; `null` where none was to be. */
export interface Raised {
  readonly form: Form | null;
}
/** Which form of shield a cluster can bear. @throws ApiError */
export async function shieldForm({ connection }: KubeSphereCluster, signal: AbortSignal): Promise<Form> {
  const served = await connection.resources({ signal });
  return served.some(
    ({ plural, group, version }) =>
      plural === 'validatingadmissionpolicies' && group === 'admissionregistration.k8s.io' && version === 'v1',
  )
    ? 'policy'
    : 'webhook';
}

/** What the server says, without doing it, to a deletion: an object that is not there is neither accepted nor refused. */
async function tryDelete(
  work: Pick<Work, 'signal'>,
  { connection }: KubeSphereCluster,
  resource: Resource,
  name: string,
): Promise<{ readonly accepted: boolean; readonly refusal?: string }> {
  const object = await connection.find(resource, { name }, { signal: work.signal });
  if (object === undefined) return { accepted: false };
  try {
    await connection.delete(
      resource,
      { name },
      { uid: object.metadata.uid, propagationPolicy: 'Background', dryRun: true, signal: work.signal },
    );
    return { accepted: true };
  } catch (error) {
    if (FederationError.is(error, 'REJECTED')) return { accepted: false, refusal: error.message };
    throw error;
  }
}

const proofLimitMs = 60_000;
/** API servers follow policies and webhooks by watch: by then they have heard of one. */
const settledMs = 10_000;

/** What it takes to see a shield refuse, and to see it gone: deletions are tried. */
const toProve = (
  cluster: KubeSphereCluster,
  { namespaces, workspaces }: Pick<Shielded, 'namespaces' | 'workspaces'>,
): readonly Right[] => [
  ...(namespaces.length > 0 ? toDelete(cluster, core.namespaces) : []),
  ...(workspaces.length > 0 ? toDelete(cluster, kubesphere.workspaces) : []),
];

/** What it takes to take a shield down: to see that it may come down, and that it is gone. */
export async function toLower(
  cluster: KubeSphereCluster,
  form: Form,
  shielded: Shielded,
  signal: AbortSignal,
): Promise<readonly Right[]> {
  const kinds = parts(form, shielded).map(({ resource }) => resource);
  const owners = (await ownersOf(cluster, shielded.namespaces, signal)).flatMap(({ resource }) => resource ?? []);
  return [...toGet(cluster, ...kinds, ...owners), ...toDelete(cluster, ...kinds), ...toProve(cluster, shielded)];
}

/** A shield that cannot be seen to refuse is none. @throws FederationError `NOT_OBSERVED` where it does not within that time */
async function prove(
  work: Pick<Work, 'signal'>,
  cluster: KubeSphereCluster,
  { id, namespaces, workspaces }: Shielded,
  limitMs: number,
): Promise<void> {
  const queue: { resource: Resource; name: string }[] = [
    ...workspaces.map((name) => ({ resource: kubesphere.workspaces, name })),
    ...namespaces.map((name) => ({ resource: core.namespaces, name })),
  ];
  const begun = performance.now();
  const until = begun + limitMs;
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift())
      for (;;) {
        const { accepted, refusal } = await tryDelete(work, cluster, item.resource, item.name);
        // Another's refusal proves nothing of this shield: a stranger's broken webhook may be mended any moment.
        if (!accepted && (refusal === undefined || isOf(id, refusal))) break;
        // Of two shields over one object servers name only one, mostly the same: by then they know of both.
        if (refusal !== undefined && isAnyShield(refusal) && performance.now() - begun > settledMs) break;
        // Whoever else refuses may be one of ours, of which the server has spoken first.
        if (performance.now() > (accepted ? until : Math.max(until, begun + settledMs + 1_000)))
          throw new FederationError(
            'NOT_OBSERVED',
            `${cluster.name}: the shield is up for ${limitMs / 1000} s, yet ${accepted ? `the API server would still delete ${item.resource.kind} "${item.name}". Is admission switched off there, or was the shield changed by somebody? Take it down and put it up again.` : `what refuses to delete ${item.resource.kind} "${item.name}" is not the shield, so that it cannot be proven: ${refusal}`} Nothing of the projects was touched.`,
          );
        await sleep(100, work.signal);
      }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
}

/** Whether a shield refuses whatever it is to keep, right now. */
export async function isProven(
  work: Pick<Work, 'signal'>,
  cluster: KubeSphereCluster,
  shielded: Shielded,
): Promise<boolean> {
  try {
    await prove(work, cluster, shielded, 0);
    return true;
  } catch (error) {
    if (FederationError.is(error, 'NOT_OBSERVED')) return false;
    throw error;
  }
}

/** Those of some namespaces that no shield finds, for it finds them by a label; with what to do about them. */
export async function unfindable(
  cluster: KubeSphereCluster,
  names: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly why: string; readonly remedy: string } | undefined> {
  const known = await namespacesOf(cluster, signal);
  const unnamed = names.filter((name) => known.get(name)?.labels?.[nameLabel] !== name);
  if (unnamed.length === 0) return undefined;
  return {
    why: `${cluster.name}: ${some(unnamed)} lack label ${nameLabel}, which Kubernetes sets since 1.21; the shield finds projects by it.`,
    remedy: `Label them ${nameLabel}=<name>, or upgrade the cluster.`,
  };
}

/** What owns kept namespaces, and who of them names it. */
interface Owner {
  readonly name: string;
  readonly kind: string;
  readonly uid: string;
  /** `undefined`: the cluster serves no such kind. */
  readonly resource: Resource | undefined;
  readonly of: readonly string[];
}

/** The owners that the garbage collector heeds: it leaves a namespace alone whose owner would have to be in a namespace itself. */
async function ownersOf(
  cluster: KubeSphereCluster,
  namespaces: readonly string[],
  signal: AbortSignal,
): Promise<readonly Owner[]> {
  const all = await namespacesOf(cluster, signal);
  const named = namespaces.flatMap((of) => (all.get(of)?.ownerReferences ?? []).map((owner) => ({ ...owner, of })));
  const served = named.length === 0 ? [] : await cluster.connection.resources({ signal });
  const groupOf = (apiVersion: string): string => apiVersion.split('/').slice(0, -1).join('/');
  return [...Map.groupBy(named, ({ uid }) => uid).values()].flatMap(([first, ...rest]) => {
    if (first === undefined) return [];
    const { apiVersion, kind, name, uid } = first;
    const resource = served.find((one) => one.kind === kind && one.group === groupOf(apiVersion));
    return resource?.namespaced === true
      ? []
      : [{ name, kind, uid, resource, of: [first, ...rest].map(({ of }) => of) }];
  });
}

/**
 * Refuses to lift a shield while a kept namespace has an owner that is gone or going: the garbage collector keeps trying,
 * and would delete it the moment the shield is down.
 *
 * @throws FederationError `KEPT_AT_RISK`
 */
export async function assertSafeToLift(
  { signal }: Pick<Work, 'signal'>,
  cluster: KubeSphereCluster,
  namespaces: readonly string[],
): Promise<void> {
  for (const { resource, kind, name, uid, of } of await ownersOf(cluster, namespaces, signal)) {
    const live = resource === undefined ? undefined : await cluster.connection.find(resource, { name }, { signal });
    if (live?.metadata.uid === uid && live.metadata.deletionTimestamp === undefined) continue;
    throw new FederationError(
      'KEPT_AT_RISK',
      `${cluster.name}: ${of.length} kept project(s) (${some(of)}) still name ${kind} "${name}" (UID ${uid}) as owner, which is ${live?.metadata.uid === uid ? 'going' : 'gone'}. Without the shield the garbage collector deletes them at once: the shield stays up. Take them out of that workspace first (federation.namespaces.unbind), or take that owner off them; then lift the shield.`,
    );
  }
}

/**
 * Puts a shield up: a ValidatingAdmissionPolicy where served, else a webhook configuration without a backend. It binds
 * the garbage collector, kubefed, people and our own late writes alike (domain reference, 8.2: 0 of 10 lost).
 */
export function raiseShield(cluster: KubeSphereCluster, shielded: Shielded): Operation<Raised, Raised> {
  const names = (form: Form): Part[] => parts(form, shielded);
  return {
    async forecast(work) {
      const form = await shieldForm(cluster, work.signal);
      const changes: Change[] = names(form).map(({ resource, name }) => ({
        verb: 'create',
        resource: refOf(cluster.name, resource, { name }),
        before: null,
        after: {},
      }));
      return { effect: 'change', changes, expects: { form } };
    },
    capture: async ({ signal }) => ({ form: await shieldForm(cluster, signal) }),
    async run(work, { form }) {
      if (form === null) return { form };
      cluster.dialect;
      for (const { resource, name, body } of names(form))
        await create(work, cluster, resource, { ...body, metadata: { name } });
      return { form };
    },
    async needs(work) {
      const form = await shieldForm(cluster, work.signal);
      const kinds = names(form).map(({ resource }) => resource);
      return {
        verify: [...toCreate(cluster, ...kinds), ...toProve(cluster, shielded)],
        compensate: await toLower(cluster, form, shielded, work.signal),
      };
    },
    verify: (work) => prove(work, cluster, shielded, proofLimitMs),
    async compensate(work, { form }) {
      if (form === null) return;
      await assertSafeToLift(work, cluster, shielded.namespaces);
      await lowerShield(work, cluster, { ...shielded, form }, work.runId);
    },
  };
}

/** Servers learn a moment later that a policy is gone; who deletes in that moment is refused, and may never try again. */
async function untilLifted(
  work: Pick<Work, 'signal'>,
  cluster: KubeSphereCluster,
  { id, namespaces, workspaces }: Shielded,
): Promise<void> {
  const until = performance.now() + proofLimitMs;
  const probes = [
    { resource: core.namespaces, name: namespaces[0] },
    { resource: kubesphere.workspaces, name: workspaces[0] },
  ];
  for (const { resource, name } of probes)
    while (name !== undefined && isOf(id, (await tryDelete(work, cluster, resource, name)).refusal)) {
      if (performance.now() > until)
        throw new FederationError(
          'NOT_OBSERVED',
          `${cluster.name}: shield ${id} was deleted ${proofLimitMs / 1000} s ago, yet the API server still refuses to delete ${resource.kind} "${name}" because of it. Who put it up again?`,
        );
      await sleep(100, work.signal);
    }
}

/**
 * Takes the objects of a shield away and waits until it refuses nothing any more, with `runId` only those that this run put up. Call {@link assertSafeToLift} first.
 */
export async function lowerShield(
  work: Pick<Work, 'signal' | 'confirmDriver'>,
  cluster: KubeSphereCluster,
  { form, ...shielded }: Shielded & { readonly form: Form },
  runId?: string,
): Promise<void> {
  let lowered = false;
  for (const { resource, name } of parts(form, shielded).reverse()) {
    const target = { cluster, resource, name: { name } };
    const object = await findSurely(work, target, (found) => runId === undefined || madeBy(runId, found));
    if (object === undefined) continue;
    await remove(work, { ...target, uid: object.metadata.uid, propagationPolicy: 'Background' });
    lowered = true;
  }
  if (lowered) await untilLifted(work, cluster, shielded);
}

/** A short id for a shield that is not part of a run: the same names give the same shield. */
export function shieldId(names: readonly string[]): string {
  return digest([...names].sort()).slice(0, 10);
}
