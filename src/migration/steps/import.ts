import { systemWorkspace } from '../../kubesphere/names.ts';
import { type ImportBefore, importCluster } from '../../modules/operations/cluster-object.ts';
import { defineStep } from '../../workflow/step.ts';
import { connectionOf } from '../credentials.ts';
import { type MigrationEnv, timingOf } from '../env.ts';
import { writes } from '../writing.ts';
import type { ParkedOnSource } from './detach.ts';

/**
 * The new host takes the member in. It counts only when something has arrived: its mark on every Workspace to adopt and on
 * system-workspace, which the release took off before.
 */
export const importMember = defineStep<ParkedOnSource, MigrationEnv>()({
  name: 'import',
  title: 'Import the member into the new host',
  ...writes<ParkedOnSource, ImportBefore, void>(({ state, env }) => {
    const { snapshot } = state;
    if (snapshot === undefined) return undefined;
    const parked = state['park-source'];
    return importCluster(env.target.host, {
      name: env.member.name,
      member: env.member,
      kubeconfig: async (signal) => (await connectionOf(env, parked, signal)).text,
      proof: [systemWorkspace, ...snapshot.workspaces.filter(({ mode }) => mode === 'adopt').map(({ name }) => name)],
      resyncMs: timingOf(env).resyncMs,
    });
  }),
  remedy:
    'Delete the Cluster on the new host, wait until its KubeFedCluster is gone, then delete ServiceAccount …-kubesphere in kube-federation-system on the member.',
  undoNeeds: ['place-rebound'],
});
