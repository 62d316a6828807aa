import { FederationError } from '../../errors.ts';
import type { KubeObject } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { finalizers } from '../../kubesphere/names.ts';
import { kubesphere, type Workspace, type WorkspaceTemplate } from '../../kubesphere/resources.ts';
import type { Change } from '../../workflow/change.ts';
import { refOf } from '../changes.ts';
import { assertTakesNoNamespace, deletionClosure } from '../closure.ts';
import type { Operation } from '../operation.ts';
import { type RememberedMeta, rememberMeta } from '../remembered.ts';
import { toListAll, toPatch, toWatch } from '../rights.ts';
import { create, edit, remove, type Work, waitFor, waitGone } from '../work.ts';
import { adopted, assertEmpty, removeTemplate } from './workspace-template.ts';

/** An object as it can be made again: what the server adds is left out, and with it the UID. */
interface Remembered<Spec> extends RememberedMeta {
  readonly spec: Spec;
}

/** What {@link removeWorkspace} captures. */
export interface WorkspaceBefore {
  readonly template: Remembered<WorkspaceTemplate['spec']> | null;
  readonly workspace: Remembered<NonNullable<Workspace['spec']>> | null;
}

const goneLimitMs = 120_000;

function remember<Spec>(object: KubeObject, spec: Spec): Remembered<Spec> {
  return { ...rememberMeta(object), spec };
}

async function find(work: Pick<Work, 'signal'>, { connection }: KubeSphereCluster, name: string) {
  const [template, workspace] = await Promise.all([
    connection.find(kubesphere.workspaceTemplates, { name }, { signal: work.signal }),
    connection.find(kubesphere.workspaces, { name }, { signal: work.signal }),
  ]);
  return { template, workspace };
}

/**
 * Removes a workspace from a member and leaves everything that was in it: the page's second step made safe. Its template,
 * if it has one, is told to orphan; both are deleted by UID, with orphan propagation, and only while no namespace names
 * either as owner. Its way back makes both again, under new UIDs.
 */
export function removeWorkspace(cluster: KubeSphereCluster, name: string): Operation<WorkspaceBefore, void> {
  return {
    async forecast(work) {
      const { template, workspace } = await find(work, cluster, name);
      const changes: Change[] = [];
      if (template !== undefined)
        changes.push({
          verb: 'delete',
          resource: refOf(cluster.name, kubesphere.workspaceTemplates, template.metadata),
          before: {},
          after: null,
        });
      if (workspace !== undefined)
        changes.push({
          verb: 'delete',
          resource: refOf(cluster.name, kubesphere.workspaces, workspace.metadata),
          before: {},
          after: null,
        });
      return changes.length === 0
        ? { effect: 'none', why: `there is no workspace "${name}"`, out: undefined }
        : { effect: 'change', changes };
    },
    async capture(work) {
      const { template, workspace } = await find(work, cluster, name);
      return {
        template: template === undefined ? null : remember(template, template.spec),
        workspace: workspace === undefined ? null : remember(workspace, workspace.spec ?? {}),
      };
    },
    async run(work) {
      cluster.dialect;
      const { template, workspace } = await find(work, cluster, name);
      const uids = [template, workspace].flatMap((object) => (object === undefined ? [] : [object.metadata.uid]));
      await assertEmpty(work, cluster, name);
      assertTakesNoNamespace(await deletionClosure(cluster, uids, work.signal), `workspace "${name}"`);
      if (template !== undefined) {
        const { uid } = template.metadata;
        await removeTemplate(work, cluster, { name, uid }, 'Orphan');
        await waitGone(work, { cluster, resource: kubesphere.workspaceTemplates, name: { name }, uid }, goneLimitMs);
      }
      if (workspace !== undefined) {
        const target = { cluster, resource: kubesphere.workspaces, name: { name }, uid: workspace.metadata.uid };
        await remove(work, { ...target, propagationPolicy: 'Orphan' });
        await waitGone(work, target, goneLimitMs);
      }
    },
    needs: {
      verify: [
        ...toListAll(cluster),
        ...toPatch(cluster, kubesphere.workspaceTemplates),
        ...toWatch(cluster, kubesphere.workspaceTemplates, kubesphere.workspaces),
      ],
    },
    async verify(work) {
      const { template, workspace } = await find(work, cluster, name);
      if (template === undefined && workspace === undefined) return;
      throw new FederationError(
        'NOT_OBSERVED',
        `${cluster.name}: workspace "${name}" was deleted and is back. Is a host still joined to this cluster?`,
      );
    },
    async compensate(work, before) {
      const target = { cluster, name: { name } };
      const { template, workspace } = await find(work, cluster, name);
      // What is on its way out cannot be made again before it is gone.
      for (const [resource, object] of [
        [kubesphere.workspaceTemplates, template],
        [kubesphere.workspaces, workspace],
      ] as const)
        if (object?.metadata.deletionTimestamp !== undefined)
          await waitGone<KubeObject>(work, { ...target, resource, uid: object.metadata.uid }, goneLimitMs);
      const now = await find(work, cluster, name);
      // Stopped between the order to keep the projects and the deletion.
      if (now.template !== undefined)
        await edit(work, { ...target, resource: kubesphere.workspaceTemplates }, (found) =>
          cluster.dialect.takeBackOrder(found, work.runId),
        );
      // The Workspace first: one that its template's controller made would not be known as this run's own.
      if (before.workspace !== null && now.workspace === undefined) {
        const { labels, annotations, spec } = before.workspace;
        await create(work, cluster, kubesphere.workspaces, { metadata: { name, labels, annotations }, spec });
      }
      if (before.template !== null && now.template === undefined) {
        const { labels, annotations, spec } = before.template;
        await create(work, cluster, kubesphere.workspaceTemplates, { metadata: { name, labels, annotations }, spec });
      }
      if (before.workspace === null) return;
      await waitFor(work.signal, {
        cluster,
        resource: kubesphere.workspaces,
        select: { fieldSelector: `metadata.name=${name}` },
        test: (objects) =>
          objects.get(name) !== undefined && objects.get(name)?.metadata.deletionTimestamp === undefined
            ? true
            : undefined,
        what: `Workspace "${name}" to be there again`,
        timeoutMs: goneLimitMs,
      });
    },
  };
}

const ours: readonly string[] = [finalizers.workspaceTemplate, finalizers.orphan];

/**
 * Retires a member's own template while its Workspace stays, adopted by a host. The shield makes the API server refuse the
 * Workspace's deletion, so the template's controller gives up and the template would stay Terminating for ever: its two
 * finalizers, and no other, are then taken off (domain reference, 8.4). Cannot be undone.
 */
export function retireTemplate(
  cluster: KubeSphereCluster,
  name: string,
  workspaceUid: string,
  proveShield: (work: Work) => Promise<void>,
): Operation<null, void> {
  const resource = kubesphere.workspaceTemplates;
  const { connection } = cluster;
  return {
    async forecast({ signal }) {
      const template = await connection.find(resource, { name }, { signal });
      if (template === undefined) return { effect: 'none', why: 'it has no template of its own', out: undefined };
      return {
        effect: 'change',
        changes: [
          { verb: 'delete', resource: refOf(cluster.name, resource, template.metadata), before: {}, after: null },
        ],
      };
    },
    capture: async () => null,
    async run(work) {
      cluster.dialect;
      const template = await connection.find(resource, { name }, { signal: work.signal });
      if (template === undefined) return;
      const { uid } = template.metadata;
      await proveShield(work);
      assertTakesNoNamespace(await deletionClosure(cluster, [uid], work.signal), `the template of workspace "${name}"`);
      await removeTemplate(work, cluster, { name, uid }, 'Orphan');
      // The garbage collector's own finalizer first: it frees the WorkspaceRoles, which would go with the template.
      const released = (object: WorkspaceTemplate | undefined): true | undefined =>
        object === undefined ||
        object.metadata.uid !== uid ||
        (object.metadata.deletionTimestamp !== undefined && !object.metadata.finalizers?.includes('orphan'))
          ? true
          : undefined;
      await waitFor(work.signal, {
        cluster,
        resource,
        select: { fieldSelector: `metadata.name=${name}` },
        test: (objects) => released(objects.get(name)),
        what: `the roles of workspace "${name}" to be freed from its template`,
        timeoutMs: goneLimitMs,
      });
      const target = { cluster, resource, name: { name }, uid };
      if ((await connection.find(resource, { name }, { signal: work.signal }))?.metadata.uid === uid)
        await dropOurFinalizers(work, target);
      await waitGone(work, target, goneLimitMs);
    },
    needs: {
      verify: [
        ...toListAll(cluster),
        ...toPatch(cluster, resource),
        ...toWatch(cluster, resource, kubesphere.workspaces),
      ],
    },
    async verify({ signal }) {
      // The template's last reconcile wipes the host's mark off the Workspace; kubefed puts it back within 10 s (8.3).
      await adopted({ signal }, cluster, name);
      const workspace = await connection.get(kubesphere.workspaces, { name }, { signal });
      if (workspace.metadata.uid === workspaceUid && workspace.metadata.deletionTimestamp === undefined) return;
      throw new FederationError(
        'KEPT_AT_RISK',
        `${cluster.name}: Workspace "${name}" is no longer the one that was adopted, or is being deleted. The shield stays up; look at it before anything else.`,
      );
    },
    compensate: async () => {},
  };
}

async function dropOurFinalizers(
  work: Work,
  target: {
    readonly cluster: KubeSphereCluster;
    readonly resource: typeof kubesphere.workspaceTemplates;
    readonly name: { readonly name: string };
    readonly uid: string;
  },
): Promise<void> {
  try {
    await edit(work, target, ({ metadata }) => {
      const rest = (metadata.finalizers ?? []).filter((finalizer) => !ours.includes(finalizer));
      return rest.length === metadata.finalizers?.length
        ? undefined
        : { type: 'merge', body: { metadata: { finalizers: rest } } };
    });
  } catch (error) {
    // Its controller was faster.
    if (!FederationError.is(error, 'NOT_FOUND')) throw error;
  }
}
