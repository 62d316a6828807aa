import { systemWorkspace } from '../../kubesphere/names.ts';
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
    expectCopies(env.member, env.member.name, env.target.host, { shielded: state.input?.shield !== false }),
  ),
  remedy:
    'Once the new host has let go of the member, delete ServiceAccount …-kubesphere in kube-federation-system there.',
  undoNeeds: ['import'],
});

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
    return importCluster(env.target.host, {
      name: env.member.name,
      member: env.member,
      kubeconfig: async (signal) => (await connectionOf(env, parked, signal)).text,
      proof: [systemWorkspace, ...snapshot.workspaces.filter(({ mode }) => mode === 'adopt').map(({ name }) => name)],
      resyncMs: timingOf(env).resyncMs,
      ...(env.source === undefined ? {} : { unlessHeldBy: env.source.host }),
    });
  }),
  remedy: 'Delete the Cluster on the new host, and wait until its KubeFedCluster is gone.',
  undoNeeds: ['place-rebound'],
});
