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
import { placeables } from './clusters.ts';
import { called, type Subject } from './subject.ts';
import { type Leaving, type LeavingProjects, openLeaving } from './survey.ts';

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
    `${member.name}: a copy of multi-cluster project "${name}" came after its copies were released; it would be deleted. Nothing was changed. Roll back and begin anew, or resume once it is gone from there.`,
  );
}
