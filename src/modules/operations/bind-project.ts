import { FederationError } from '../../errors.ts';
import type { ObjectRef } from '../../kube/objects.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { unboundAnnotation } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { workspaceOwners } from '../../kubesphere/v3.ts';
import type { Operation } from '../operation.ts';
import { toAskPlaced } from '../placement/placed.ts';
import { toGet, toWatch } from '../rights.ts';
import { edit } from '../work.ts';
import {
  assertAlive,
  change,
  disowned,
  elsewhere,
  labelledAlready,
  owned,
  read,
  target,
  unownable,
  workspaceOf,
} from './project.ts';

/** What {@link unbindProject} captures. */
export interface Bound {
  readonly workspace: string | null;
}

/**
 * Takes a project out of its workspace: one patch for the label and the Workspace owners (H3); foreign owners stay. A note
 * on the project says where it belonged, so that a person can put it back without any journal.
 *
 * @param host - that has the cluster: on the way back it must still place the workspace there, else the project would go with it;
 * absent: nobody is asked
 */
export function unbindProject(
  cluster: KubeSphereCluster,
  project: ObjectRef,
  host?: KubeSphereCluster,
): Operation<Bound, void> {
  const { dialect } = cluster;
  return {
    async forecast(work) {
      const namespace = await read(work, cluster, project);
      const [workspace, owners] = [workspaceOf(namespace), workspaceOwners(namespace.metadata.ownerReferences)];
      if (workspace !== undefined) return { effect: 'change', changes: change(cluster, project, workspace, null) };
      if (owners.length === 0) return { effect: 'none', why: 'it belongs to no workspace', out: undefined };
      return { effect: 'change', changes: [disowned(cluster, namespace)] };
    },
    capture: async (work) => ({ workspace: workspaceOf(await read(work, cluster, project)) ?? null }),
    async run(work, { workspace }) {
      await edit(work, target(cluster, project), (namespace) => {
        const now = workspaceOf(namespace);
        const owners = workspaceOwners(namespace.metadata.ownerReferences);
        if (now === undefined && owners.length === 0) return undefined;
        if (now !== undefined && now !== workspace)
          throw new FederationError(
            'WORLD_MOVED',
            `${cluster.name}: project "${project.name}" was in workspace "${workspace}" and is in "${now}" now. Plan again.`,
          );
        const from = now ?? workspace ?? owners[0]?.name;
        return dialect.unbind(namespace, JSON.stringify({ workspace: from, run: work.runId }));
      });
    },
    async verify(work) {
      const namespace = await read(work, cluster, project);
      if (workspaceOf(namespace) === undefined && workspaceOwners(namespace.metadata.ownerReferences).length === 0)
        return;
      throw new FederationError(
        'NOT_OBSERVED',
        `${cluster.name}: project "${project.name}" was unbound, and is bound again. Is a host still joined to this cluster?`,
        {
          retryable: true,
        },
      );
    },
    needs: {
      compensate: [
        ...toWatch(cluster, core.namespaces),
        ...(host === undefined ? [] : [...toGet(cluster, kubesphere.workspaces), ...toAskPlaced(host, cluster)]),
      ],
    },
    async compensate(work, { workspace }) {
      if (workspace === null) return;
      if (host !== undefined && workspaceOf(await read(work, cluster, project)) === undefined)
        await assertAlive(work, cluster, workspace, host);
      await edit(work, target(cluster, project), (namespace) => {
        const now = workspaceOf(namespace);
        if (now !== undefined && now !== workspace) throw elsewhere(cluster, project, now, workspace);
        return now === workspace ? undefined : dialect.bind(namespace, workspace);
      });
      await owned(work, cluster, project, workspace);
    },
  };
}

/** What {@link bindProject} captures. */
export interface Unbound {
  /** That {@link unbindProject} left. */
  readonly note: string | null;
  /** It bore the label already: there is nothing to take back. */
  readonly bound?: true;
}

/**
 * Puts a project into a workspace that is there and alive, and waits until that Workspace, by UID, owns it (H10).
 *
 * @param host - that has the cluster: it must place the workspace there, else the project would go with it; absent: nobody is asked
 */
export function bindProject(
  cluster: KubeSphereCluster,
  project: ObjectRef,
  workspace: string,
  host?: KubeSphereCluster,
): Operation<Unbound, void> {
  const { dialect } = cluster;
  return {
    async forecast(work) {
      const namespace = await read(work, cluster, project);
      const now = workspaceOf(namespace);
      if (now === workspace) return labelledAlready(work, cluster, namespace, workspace, host, undefined);
      if (now !== undefined)
        return {
          effect: 'blocked',
          why: `Project "${project.name}" is in workspace "${now}".`,
          remedy: 'Unbind it there first, or transfer it.',
        };
      const blocked = await unownable(work, cluster, namespace, workspace, host);
      if (blocked !== undefined) return blocked;
      return { effect: 'change', changes: change(cluster, project, null, workspace) };
    },
    async capture(work) {
      const namespace = await read(work, cluster, project);
      return {
        note: namespace.metadata.annotations?.[unboundAnnotation] ?? null,
        ...(workspaceOf(namespace) === workspace && { bound: true as const }),
      };
    },
    async run(work) {
      await assertAlive(work, cluster, workspace, host);
      await edit(work, target(cluster, project), (namespace) => {
        const now = workspaceOf(namespace);
        if (now !== undefined && now !== workspace) throw elsewhere(cluster, project, now, workspace);
        return now === workspace ? undefined : dialect.bind(namespace, workspace);
      });
    },
    needs: { verify: toWatch(cluster, core.namespaces) },
    verify: (work) => owned(work, cluster, project, workspace),
    async compensate(work, { note, bound }) {
      if (bound) return;
      await edit(work, target(cluster, project), (namespace) => {
        const now = workspaceOf(namespace);
        if (now !== undefined && now !== workspace) throw elsewhere(cluster, project, now, workspace);
        return dialect.unbind(namespace, note);
      });
    },
  };
}
