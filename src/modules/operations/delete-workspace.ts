import { FederationError } from '../../errors.ts';
import { apiVersionOf, type KubeObject, type Resource } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import type { Change } from '../../workflow/change.ts';
import { appResource, type WorkspaceApp } from '../apps.ts';
import { refOf } from '../changes.ts';
import { assertTakesNoNamespace, assertTakesNothingKept, deletionClosure, some } from '../closure.ts';
import type { ClusterByName } from '../env.ts';
import type { Operation } from '../operation.ts';
import { toListAll, toPatch, toWatch } from '../rights.ts';
import { remove, type Work, waitGone } from '../work.ts';
import { removeTemplate } from './workspace-template.ts';

/** The objects that make a workspace, each by UID; `null`: there is none. */
export interface WorkspaceObjects {
  readonly name: string;
  readonly template: string | null;
  readonly federated: string | null;
  readonly workspaces: readonly { readonly cluster: string; readonly uid: string }[];
  /** Clusters with another Workspace of that name, which stays. */
  readonly foreign?: readonly string[];
  /** Apps that its controller uninstalls with it (H1): kept ones are out of its reach by then. */
  readonly apps: readonly WorkspaceApp[];
  /** On the host, in reach of the garbage collector once the template is gone. */
  readonly roles: readonly {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
  }[];
}

const limitMs = 180_000;

/**
 * Deletes a workspace of a host, on every cluster, by the one path that keeps projects: its template is told to orphan, that is read
 * back, and only then is it deleted (H20). Observed: template, FederatedWorkspace and each Workspace are gone. What is to go with it
 * is deleted by others, by UID. `confirm` looks once more, right before. There is no way back.
 */
export function deleteWorkspace(
  host: KubeSphereCluster,
  clusterOf: ClusterByName,
  objects: WorkspaceObjects,
  confirm: (work: Work) => Promise<void>,
): Operation<null, void> {
  const { name, template, federated, workspaces, foreign = [], roles, apps } = objects;
  const others = foreign.length === 0 ? '' : `; ${some(foreign)} has one of its own, which stays with its projects`;
  const goes = <T extends KubeObject>(cluster: string, resource: Resource<T>, uid: string | null): Change[] =>
    uid === null
      ? []
      : [{ verb: 'delete', resource: refOf(cluster, resource, { name, uid }), before: {}, after: null }];
  return {
    forecast: async ({ signal }) => {
      const now =
        template === null ? undefined : await host.connection.find(kubesphere.workspaceTemplates, { name }, { signal });
      if (template === null || (now === undefined && workspaces.length === 0))
        return { effect: 'none', why: `there is no workspace "${name}"${others}`, out: undefined };
      return {
        effect: 'change',
        changes: [
          ...goes(host.name, kubesphere.workspaceTemplates, template),
          ...goes(host.name, kubesphere.federatedWorkspaces, federated),
          ...workspaces.flatMap(({ cluster, uid }) => goes(cluster, kubesphere.workspaces, uid)),
          ...apps.flatMap((app) => {
            const ref = refOf(host.name, appResource(app.kind), app);
            return [{ verb: 'delete', resource: ref, before: {}, after: null }] satisfies Change[];
          }),
          ...roles.map(
            ({ kind, name, uid, ...at }): Change => ({
              verb: 'delete',
              resource: { cluster: host.name, apiVersion: apiVersionOf(at), kind, name, uid },
              before: {},
              after: null,
            }),
          ),
        ],
      };
    },
    capture: async () => null,
    async run(work) {
      host.dialect;
      if (template === null) return;
      const { connection } = host;
      const at = { cluster: host, name: { name } };
      const found = await connection.find(kubesphere.workspaceTemplates, { name }, { signal: work.signal });
      if (found !== undefined && found.metadata.uid !== template)
        throw new FederationError(
          'WORLD_MOVED',
          `${host.name}: workspace "${name}" is another one by now (UID ${found.metadata.uid}, expected ${template}). It was left alone.`,
        );
      if (found !== undefined && found.metadata.deletionTimestamp === undefined) {
        await confirm(work);
        await assertNothingGoes(work, clusterOf, host, objects);
        await removeTemplate(work, host, { name, uid: template }, 'Background', apps);
      }
      await waitGone(work, { ...at, resource: kubesphere.workspaceTemplates, uid: template }, limitMs);
      if (federated !== null)
        await waitGone(work, { ...at, resource: kubesphere.federatedWorkspaces, uid: federated }, limitMs);
      for (const { cluster, uid } of workspaces) {
        const target = { cluster: await clusterOf(cluster), resource: kubesphere.workspaces, name: { name }, uid };
        // Without a FederatedWorkspace the template's controller leaves the host's own Workspace behind (2.3).
        if (cluster === host.name) await remove(work, { ...target, propagationPolicy: 'Orphan' });
        await waitGone(work, target, limitMs);
      }
    },
    async needs({ signal }) {
      const others = await Promise.all(workspaces.map(({ cluster }) => clusterOf(cluster, { signal })));
      return {
        verify: [
          ...toListAll(host),
          ...toPatch(host, kubesphere.workspaceTemplates),
          ...toWatch(host, kubesphere.workspaceTemplates, kubesphere.federatedWorkspaces),
          ...others.flatMap((cluster) => [...toListAll(cluster), ...toWatch(cluster, kubesphere.workspaces)]),
        ],
      };
    },
    async verify({ signal }) {
      if (template === null) return;
      for (const cluster of new Set([host.name, ...workspaces.map((one) => one.cluster)])) {
        const back = await (await clusterOf(cluster)).connection.find(kubesphere.workspaces, { name }, { signal });
        if (back === undefined) continue;
        throw new FederationError(
          'NOT_OBSERVED',
          `${cluster}: Workspace "${name}" was deleted and is back, as another one (UID ${back.metadata.uid}). Which host, or which template of its own, makes it?`,
        );
      }
    },
    compensate: async () => {},
  };
}

/** The garbage collector must find no project behind any of it, whatever the order to orphan is worth. */
async function assertNothingGoes(
  work: Work,
  clusterOf: ClusterByName,
  host: KubeSphereCluster,
  { name, template, workspaces }: WorkspaceObjects,
): Promise<void> {
  if (template !== null)
    assertTakesNothingKept(await deletionClosure(host, [template], work.signal), `the template of workspace "${name}"`);
  for (const { cluster, uid } of workspaces)
    assertTakesNoNamespace(await deletionClosure(await clusterOf(cluster), [uid], work.signal), `Workspace "${name}"`);
}
