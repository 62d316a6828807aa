import { FederationError } from '../../errors.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { managedLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { assertTakesNothingKept, deletionClosure, namespacesOf, some } from '../closure.ts';
import { devopsObstacle, devopsProjectsOf } from '../devops.ts';
import type { FederationEnv } from '../env.ts';
import { assertCopyReleased } from '../operations/release-copy.ts';
import { syncLimitMs } from '../operations/workspace-template.ts';
import { type Right, toWatch, within } from '../rights.ts';
import type { Work } from '../work.ts';
import { waitFor, waitGone } from '../work.ts';
import { placeables } from './clusters.ts';
import type { ProjectAt } from './input.ts';
import { obstaclesToLeaving } from './obstacles.ts';
import { called, type Subject } from './subject.ts';
import {
  type Leaving,
  type LeavingOptions,
  type LeavingProjects,
  openLeaving,
  refuseSystemNamespaces,
  surveyLeaving,
} from './survey.ts';

type Looking = Pick<Work, 'signal'>;

/** Every kept namespace lives, and is the one it was. @throws FederationError `KEPT_AT_RISK` naming those that are not */
export async function assertAlive(
  env: FederationEnv,
  { clusters }: LeavingProjects,
  signal: AbortSignal,
): Promise<void> {
  const breaches: string[] = [];
  for (const { cluster, plain, federated } of clusters) {
    if (plain.length + federated.length === 0) continue;
    const now = await namespacesOf(await env.member(cluster, { signal }), signal);
    for (const { name, uid } of [...plain, ...federated]) {
      const found = now.get(name);
      if (found?.uid === uid && found.deletionTimestamp === undefined) continue;
      breaches.push(
        `${cluster}/${name} is ${found === undefined ? 'gone' : found.uid === uid ? 'being deleted' : 'another one by now'}`,
      );
    }
  }
  if (breaches.length === 0) return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `${some(breaches)}. It was to be kept. The run halts here. Find out who deleted it before you resume or roll back.`,
    { details: { breaches } },
  );
}

/**
 * Whether nothing would go any more: what was to be kept has left the workspace, or kubefed's hands, and nothing came since.
 *
 * @throws FederationError `KEPT_AT_RISK`, `WORLD_MOVED`, `UNREACHABLE`
 */
export async function assertNothingGoes(
  env: FederationEnv,
  subject: Subject,
  { clusters, apps }: LeavingProjects,
  signal: AbortSignal,
): Promise<void> {
  const all = await placeables(env.host, signal);
  const { kind, name: subjectName } = subject;
  const ask = ({ cluster }: Leaving, look: (member: KubeSphereCluster) => Promise<void>): Promise<void> =>
    openLeaving(env, `Taking ${called(subject)} off ${cluster}`, all.get(cluster) ?? cluster, signal, look);
  for (const leaving of clusters)
    await ask(leaving, async (member) => {
      for (const copy of leaving.federated) await assertCopyReleased(member, copy, signal);
      if (kind === 'workspace') await assertNoNewcomer(member, subjectName, leaving, signal);
    });
  await assertAlive(env, { clusters, apps }, signal);
  for (const { name, uid } of apps) {
    const app = await env.host.connection.find(kubesphere.helmReleases, { name }, { signal });
    if (app?.metadata.uid === uid && app.metadata.labels?.[workspaceLabel] !== undefined)
      throw new FederationError(
        'WORLD_MOVED',
        `${env.host.name}: HelmRelease "${name}" bears label ${workspaceLabel} again: deleting that workspace would uninstall it. Who writes it?`,
      );
  }
  // All of that takes seconds, for each cluster: who came meanwhile is seen by what is read last.
  await Promise.all(
    clusters.map((leaving) =>
      ask(leaving, async (member) => {
        if (kind === 'project') return assertNoCopy(member, subjectName, signal);
        const now = await member.connection.find(kubesphere.workspaces, { name: subjectName }, { signal });
        if (!isOwn(leaving, now)) await assertNoneLabelled(member, subjectName, signal);
      }),
    ),
  );
}

/** No project bears the label, and the Workspace owns nothing. */
async function assertNoNewcomer(
  member: KubeSphereCluster,
  name: string,
  leaving: Leaving,
  signal: AbortSignal,
): Promise<void> {
  const now = await member.connection.find(kubesphere.workspaces, { name }, { signal });
  if (isOwn(leaving, now)) return;
  const devops = devopsObstacle(
    name,
    (await devopsProjectsOf(member, name, { signal })).map((one) => `${member.name}: ${one}`),
  );
  if (devops !== undefined)
    throw new FederationError('WORLD_MOVED', `${devops.why} Its placement was not changed. ${devops.remedy}`);
  await assertNoneLabelled(member, name, signal);
  if (now !== undefined)
    assertTakesNothingKept(
      await deletionClosure(member, [now.metadata.uid], signal),
      `Workspace "${name}", which shrinking its placement does,`,
    );
}

/** The member's own, marked so: kubefed lets it be. */
const isOwn = ({ workspace }: Leaving, now: KubeObject | undefined): boolean =>
  workspace === null && now?.metadata.labels?.[managedLabel] === 'false';

/** No project bears the label. */
async function assertNoneLabelled(member: KubeSphereCluster, name: string, signal: AbortSignal): Promise<void> {
  const labelled = [...(await namespacesOf(member, signal, `${workspaceLabel}=${name}`)).keys()];
  if (labelled.length > 0)
    throw new FederationError(
      'WORLD_MOVED',
      `${member.name}: ${some(labelled)} joined workspace "${name}", or came back to it, after its projects were unbound. Its placement was not changed: they would be deleted. Unbind ${labelled.length === 1 ? 'it' : 'them'}, or roll back and begin anew.`,
      { details: { projects: labelled } },
    );
}

/** No copy of a multi-cluster project is there that kubefed still owns: one that came after the look. */
async function assertNoCopy(member: KubeSphereCluster, name: string, signal: AbortSignal): Promise<void> {
  const found = await member.connection.find(core.namespaces, { name }, { signal });
  if (found?.metadata.labels?.[managedLabel] !== 'true') return;
  throw new FederationError(
    'WORLD_MOVED',
    `${member.name}: a copy of multi-cluster project "${name}" came after its copies were released; it would be deleted. Nothing was changed. Roll back and begin anew.`,
  );
}

/** By cluster, name and UID. The host may be called by either of its names. */
const keyOf = ({ cluster, name, uid }: ProjectAt): string => `${cluster}/${name} (UID ${uid})`;

/** What of a list is not in a closure, and what of the closure is not in the list. */
export interface Differences {
  /** Would be deleted, and is not listed. */
  readonly unlisted: readonly string[];
  /** Is listed, and would not be deleted. */
  readonly untaken: readonly string[];
}

/** Compares what a caller agreed to lose with what would be lost. */
export function differences(
  env: FederationEnv,
  { clusters }: LeavingProjects,
  listed: readonly ProjectAt[],
): Differences {
  const closure = new Set(
    clusters.flatMap(({ cluster, closure }) => closure.map((one) => keyOf({ cluster, name: one.name, uid: one.uid }))),
  );
  const host = clusters.find((one) => one.host)?.cluster;
  const agreed = new Set(
    listed.map((one) => keyOf(one.cluster === env.host.name && host !== undefined ? { ...one, cluster: host } : one)),
  );
  return {
    unlisted: [...closure].filter((key) => !agreed.has(key)),
    untaken: [...agreed].filter((key) => !closure.has(key)),
  };
}

/** Both differences in words; `undefined` where there are none. */
export function mismatch({ unlisted, untaken }: Differences): string | undefined {
  const parts = [
    ...(unlisted.length === 0 ? [] : [`it would delete ${some(unlisted)}, which projects.delete does not name`]),
    ...(untaken.length === 0 ? [] : [`projects.delete names ${some(untaken)}, which it would not delete`]),
  ];
  return parts.length === 0 ? undefined : parts.join('; and ');
}

/**
 * Whether exactly what the caller agreed to lose would be lost, read afresh.
 *
 * @throws FederationError `KEPT_AT_RISK` naming both differences, in words and in `details`
 */
export async function assertExactly(
  env: FederationEnv,
  subject: Subject,
  leaving: readonly string[],
  listed: readonly ProjectAt[],
  options: LeavingOptions,
): Promise<void> {
  const now = await surveyLeaving(env, subject, leaving, options);
  refuseSystemNamespaces(now);
  const [against] = obstaclesToLeaving(now, subject.name, 'delete');
  if (against !== undefined)
    throw new FederationError('KEPT_AT_RISK', `${against.why} Nothing was deleted. ${against.remedy}`);
  const found = differences(env, now, listed);
  const why = mismatch(found);
  if (why === undefined) return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `Taking ${called(subject)} off ${leaving.join(', ')} is not what was agreed to: ${why}. Nothing was deleted. Look at each, then call again with a list of exactly those.`,
    { details: { unlisted: found.unlisted, untaken: found.untaken } },
  );
}

/** How it is seen that clusters were left. */
export interface SeeingLeft {
  readonly wait: (work: Pick<Work, 'signal'>) => Promise<void>;
  /** What `wait` takes. */
  readonly needs: (work: Pick<Work, 'signal'>) => Promise<readonly Right[]>;
}

/** Waits until what had to go on the clusters that left is gone; `needs` tells what that takes. */
export function seeLeft(
  env: FederationEnv,
  subject: Subject,
  found: LeavingProjects,
  fate: 'keep' | 'delete',
): SeeingLeft {
  return {
    wait: (work) => untilLeft(env, subject, found, fate, work),
    async needs({ signal }) {
      const members = await Promise.all(
        found.clusters.map(async ({ cluster, workspace }) => {
          const member = await env.member(cluster, { signal });
          const kinds = [
            ...(workspace === null ? [] : [kubesphere.workspaces]),
            ...(fate === 'delete' ? [core.namespaces] : []),
          ];
          return toWatch(member, ...kinds);
        }),
      );
      const forgets = subject.kind === 'project' && fate === 'keep';
      return [
        ...members.flat(),
        ...(forgets ? within(subject.name, toWatch(env.host, kubesphere.federatedNamespaces)) : []),
      ];
    },
  };
}

async function untilLeft(
  env: FederationEnv,
  subject: Subject,
  { clusters }: LeavingProjects,
  fate: 'keep' | 'delete',
  { signal }: Looking,
): Promise<void> {
  for (const { cluster, workspace, closure } of clusters) {
    const member = await env.member(cluster, { signal });
    if (workspace !== null)
      await waitFor(signal, {
        cluster: member,
        resource: kubesphere.workspaces,
        select: { fieldSelector: `metadata.name=${workspace.name}` },
        test: (objects) => {
          const now = objects.get(workspace.name)?.metadata;
          // One without kubefed's mark is the member's own by now, and stays.
          return now?.uid !== workspace.uid || now.labels?.[managedLabel] !== 'true' ? true : undefined;
        },
        what: `Workspace "${workspace.name}" to be gone`,
        timeoutMs: syncLimitMs,
      });
    if (fate === 'delete')
      for (const { name, uid } of closure)
        await waitGone({ signal }, { cluster: member, resource: core.namespaces, name: { name }, uid }, syncLimitMs);
  }
  if (subject.kind === 'project' && fate === 'keep') await untilForgotten(env, subject.name, clusters, signal);
}

/** Waits until kubefed has done with the clusters that left: their entries are gone from what it reports. */
async function untilForgotten(
  { host }: FederationEnv,
  name: string,
  clusters: readonly Leaving[],
  signal: AbortSignal,
): Promise<void> {
  await waitFor(signal, {
    cluster: host,
    resource: kubesphere.federatedNamespaces,
    select: { namespace: name, fieldSelector: `metadata.name=${name}` },
    test: (objects) => {
      const entries = objects.get(`${name}/${name}`)?.status?.clusters ?? [];
      return clusters.some(({ cluster }) => entries.some((entry) => entry.name === cluster)) ? undefined : true;
    },
    what: `kubefed to let go of multi-cluster project "${name}" on ${clusters.map(({ cluster }) => cluster).join(', ')}`,
    timeoutMs: syncLimitMs,
  });
}
