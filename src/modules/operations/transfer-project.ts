import { FederationError } from '../../errors.ts';
import type { ObjectRef } from '../../kube/objects.ts';
import { core, type Namespace } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { workspaceOwners } from '../../kubesphere/v3.ts';
import type { Operation } from '../operation.ts';
import { toAskPlaced, unplacedThere } from '../placement/placed.ts';
import { toWatch } from '../rights.ts';
import { edit } from '../work.ts';
import {
  assertAlive,
  change,
  elsewhere,
  labelledAlready,
  owned,
  read,
  target,
  unownable,
  workspaceOf,
} from './project.ts';

/** What {@link transferProject} captures: the workspace that the project was in. */
export interface InWorkspace {
  readonly workspace: string;
}

/**
 * Puts a project from the workspace it is in into another, in one patch: the label changes its value, the old Workspace is no owner
 * any more, foreign owners stay. It is in one of the two at every moment; between them it has no Workspace as owner for as long as
 * KubeSphere's controller takes, and what has no owner nobody collects. Done when the live Workspace, by UID, owns it.
 *
 * @param host - that has the cluster: it must place the workspace there, both on the way there and back; absent: nobody is asked
 */
export function transferProject(
  cluster: KubeSphereCluster,
  project: ObjectRef,
  workspace: string,
  host?: KubeSphereCluster,
): Operation<InWorkspace, void> {
  const { dialect } = cluster;
  const none = (what: string) =>
    new FederationError(
      'WORLD_MOVED',
      `${cluster.name}: project "${project.name}" is in no workspace ${what}. It was left there. Bind it instead.`,
    );
  const ownsAlone = (namespace: Namespace): boolean => workspaceOwners(namespace.metadata.ownerReferences).length === 1;
  return {
    async forecast(work) {
      const namespace = await read(work, cluster, project);
      const now = workspaceOf(namespace);
      if (now === workspace)
        return labelledAlready(work, cluster, namespace, workspace, host, undefined, () => ownsAlone(namespace));
      if (now === undefined)
        return { effect: 'blocked', why: `Project "${project.name}" is in no workspace.`, remedy: 'Bind it instead.' };
      const blocked = await unownable(work, cluster, namespace, workspace, host);
      if (blocked !== undefined) return blocked;
      return { effect: 'change', changes: change(cluster, project, now, workspace) };
    },
    async capture(work) {
      const now = workspaceOf(await read(work, cluster, project));
      if (now === undefined) throw none('any more');
      return { workspace: now };
    },
    async run(work, before) {
      await assertAlive(work, cluster, workspace, host);
      await edit(work, target(cluster, project), (namespace) => {
        const now = workspaceOf(namespace);
        if (now === workspace) return undefined;
        if (now === undefined) throw none('any more');
        if (now !== before.workspace) throw elsewhere(cluster, project, now, workspace);
        return dialect.transfer(namespace, workspace);
      });
    },
    needs: {
      verify: toWatch(cluster, core.namespaces),
      compensate: host === undefined ? [] : toAskPlaced(host, cluster),
    },
    async verify(work) {
      await owned(work, cluster, project, workspace);
      if (ownsAlone(await read(work, cluster, project))) return;
      throw new FederationError(
        'NOT_OBSERVED',
        `${cluster.name}: project "${project.name}" is owned by more Workspaces than "${workspace}": when one of them is deleted it is deleted too. Look at its ownerReferences.`,
        { retryable: true },
      );
    },
    async compensate(work, before) {
      // It bore the label already: nothing was written.
      if (before.workspace === workspace) return;
      const back = await cluster.connection.find(
        kubesphere.workspaces,
        { name: before.workspace },
        { signal: work.signal },
      );
      const gone = back === undefined || back.metadata.deletionTimestamp !== undefined;
      const unwanted = gone || host === undefined ? undefined : await unplacedThere(host, cluster, back, work.signal);
      await edit(work, target(cluster, project), (namespace) => {
        const now = workspaceOf(namespace);
        if (now === before.workspace) return undefined;
        if (now !== workspace) throw elsewhere(cluster, project, now ?? 'none', before.workspace);
        if (gone)
          throw new FederationError(
            'WORLD_MOVED',
            `${cluster.name}: Workspace "${before.workspace}", which project "${project.name}" was in, is gone or going by now. The project was left in "${workspace}".`,
          );
        if (unwanted !== undefined)
          throw new FederationError(
            'KEPT_AT_RISK',
            `${cluster.name}: Workspace "${before.workspace}", which project "${project.name}" was in, is about to be deleted, with every project in it: ${unwanted}. The project was left in "${workspace}".`,
          );
        return dialect.transfer(namespace, before.workspace);
      });
      await owned(work, cluster, project, before.workspace);
    },
  };
}
