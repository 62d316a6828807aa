import { FederationError } from '../../errors.ts';
import { systemWorkspace } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { some } from '../../modules/closure.ts';
import { workspacesReached } from '../../modules/clusters/checks/names.ts';
import { namespacesReached, takenOver } from '../../modules/clusters/checks/projects.ts';
import { readPlaced } from '../../modules/clusters/placed.ts';
import { type CopiesBefore, expectCopies } from '../../modules/operations/host-copies.ts';
import { importCluster } from '../../modules/operations/import-cluster.ts';
import { defineStep } from '../../workflow/step.ts';
import { connectionOf } from '../credentials.ts';
import { type MigrationEnv, timingOf } from '../env.ts';
import { type Surveyed, writes } from '../writing.ts';
import type { ParkedOnSource } from './detach.ts';

/** What the new host is about to send can be told from what is there; the way back takes it off again. */
export const arrivals = defineStep<Surveyed, MigrationEnv>()({
  name: 'arrivals',
  title: 'Note what is on the member before the new host comes',
  ...writes<Surveyed, CopiesBefore, void>(({ state, env }) =>
    expectCopies(
      env.member,
      env.member.name,
      [env.target.host, ...(env.source === undefined ? [] : [env.source.host])],
      { shielded: state.input?.shield !== false },
    ),
  ),
  remedy:
    'Once the new host has let go of the member, delete ServiceAccount …-kubesphere in kube-federation-system there.',
  undoNeeds: ['import'],
});

/**
 * The last look before the new host comes, for a run may have waited for days since its plan looked for the same. The run halts rather
 * than going back: shield and fence stay up, and no host is there that could take anything over.
 */
async function assertNothingTaken(
  { target: { host }, member }: MigrationEnv,
  adopted: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const newcomer = { name: member.name, labels: {} };
  const placed = await readPlaced(host, signal);
  const namespaces = await namespacesReached(placed, newcomer, member, signal);
  const live = await member.connection.list(kubesphere.workspaces, { signal }).toArray();
  const workspaces = workspacesReached(placed, newcomer, live)
    .map(({ metadata }) => metadata.name)
    .filter((name) => name !== systemWorkspace && !adopted.includes(name));
  const found = [
    ...(namespaces.length === 0 ? [] : [takenOver(namespaces, member.name, host)]),
    ...(workspaces.length === 0
      ? []
      : [
          `Workspace(s) ${some(workspaces)} are on ${member.name}, came there during the run, and ${host.name} has workspaces of these names placed there: it takes them over with their projects.`,
        ]),
  ];
  if (found.length === 0) return;
  throw new FederationError(
    'WORLD_MOVED',
    `${found.join(' ')} Nothing was joined. Take "${member.name}" out of their placement on ${host.name}, by a list of clusters without it, or remove them there; then resume, or roll back.`,
  );
}

/**
 * The new host takes the member in. It counts only when something has arrived: its mark on every Workspace to adopt and on
 * system-workspace, which the release took off before.
 */
export const importMember = defineStep<ParkedOnSource, MigrationEnv>()({
  name: 'import',
  title: 'Import the member into the new host',
  ...writes<ParkedOnSource, null, void>(({ state, env }) => {
    const { snapshot } = state;
    if (snapshot === undefined) return undefined;
    const parked = state['park-source'];
    const adopted = snapshot.workspaces.filter(({ mode }) => mode === 'adopt').map(({ name }) => name);
    return importCluster(env.target.host, {
      name: env.member.name,
      member: env.member,
      kubeconfig: async (signal) => (await connectionOf(env, parked, signal)).text,
      proof: [systemWorkspace, ...adopted],
      // What the look takes the plan has read as well.
      mayJoin: (signal) => assertNothingTaken(env, adopted, signal),
      resyncMs: timingOf(env).resyncMs,
      ...(env.source === undefined ? {} : { unlessHeldBy: env.source.host }),
    });
  }),
  remedy: 'Delete the Cluster on the new host, and wait until its KubeFedCluster is gone.',
  undoNeeds: ['place-rebound'],
});
