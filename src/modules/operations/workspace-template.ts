import { FederationError } from '../../errors.ts';
import type { ObjectRef } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { managedLabel, userLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere, type Placement } from '../../kubesphere/resources.ts';
import { assertNoApps, type WorkspaceApp } from '../apps.ts';
import { findMade, madeBy, refOf } from '../changes.ts';
import { assertTakesNothingKept, deletionClosure, namespacesOf, some } from '../closure.ts';
import type { Operation } from '../operation.ts';
import { toGet, toListAll, toPatch, toWatch } from '../rights.ts';
import { create, edit, looking, remove, type Work, waitFor, waitGone } from '../work.ts';

/** A workspace to create on a host. */
export interface NewWorkspace {
  readonly name: string;
  /** User name of its manager. */
  readonly manager: string;
  readonly networkIsolation?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
  /** What to do when the host has a workspace of that name: another one, until the caller says it is the same. */
  readonly existing?: 'join';
}

const resource = kubesphere.workspaceTemplates;
/** Limit of the waits for a host's controllers to carry a template on. */
export const syncLimitMs = 120_000;

/**
 * Deletes a template in a state in which it orders its controller to keep every project, and in no other: the order is
 * given, read back, and part of the very state that is deleted (H20). Right before each write it is asked whether an app
 * would be uninstalled with it: one may come while whatever else may go with it is looked for.
 *
 * @param apps - those that are to go
 */
export async function removeTemplate(
  work: Work,
  cluster: KubeSphereCluster,
  { name, uid }: ObjectRef,
  propagationPolicy: 'Orphan' | 'Background',
  apps: readonly WorkspaceApp[] = [],
): Promise<void> {
  const template = await cluster.connection.find(resource, { name }, { signal: work.signal });
  if (template?.metadata.uid !== uid || template.metadata.deletionTimestamp !== undefined) return;
  const appless = looking(work, () => assertNoApps(work, cluster, name, apps));
  const target = { cluster, resource, name: { name }, uid };
  await edit(appless, target, (now) => cluster.dialect.keepProjects(now, work.runId));
  await remove(appless, {
    ...target,
    propagationPolicy,
    still: (now) => {
      if (cluster.dialect.keepProjects(now, work.runId) === undefined) return;
      throw new FederationError(
        'NOT_OBSERVED',
        `${cluster.name}: the order to keep the projects of workspace "${name}" did not stay on its template. The template was not deleted. Which tool rewrites its finalizers?`,
      );
    },
  });
}

/** Refuses while a namespace bears the workspace's label, owned by it yet or not. @throws FederationError `KEPT_AT_RISK` */
export async function assertEmpty(work: Pick<Work, 'signal'>, host: KubeSphereCluster, name: string): Promise<void> {
  const projects = [...(await namespacesOf(host, work.signal, `${workspaceLabel}=${name}`)).keys()];
  if (projects.length === 0) return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `${host.name}: workspace "${name}" has ${projects.length} project(s) there by now (${some(projects)}). It was not deleted. Move or unbind them, then delete it.`,
  );
}

/**
 * That no namespace goes with the Workspace of a member when its host takes it away. The labels are looked at last, for the look through
 * all kinds takes seconds, in which somebody may bind a project.
 *
 * @throws FederationError `KEPT_AT_RISK`
 */
export async function assertTakesNone(
  work: Pick<Work, 'signal'>,
  member: KubeSphereCluster,
  name: string,
): Promise<void> {
  const workspace = await member.connection.find(kubesphere.workspaces, { name }, { signal: work.signal });
  if (workspace !== undefined)
    assertTakesNothingKept(
      await deletionClosure(member, [workspace.metadata.uid], work.signal),
      `Workspace "${name}", which shrinking its placement does,`,
    );
  await assertEmpty(work, member, name);
}

/**
 * Creates a workspace on a host, placed nowhere yet: inert, so that a create that arrives late harms nobody. Its way back
 * deletes only the template that this run made, and only while no namespace would go with it.
 */
export function createWorkspace(
  host: KubeSphereCluster,
  { name, manager, networkIsolation, annotations, existing }: NewWorkspace,
): Operation<null, void> {
  return {
    async forecast({ signal, runId }) {
      const found = await host.connection.find(resource, { name }, { signal });
      if (found === undefined)
        return {
          effect: 'change',
          changes: [{ verb: 'create', resource: refOf(host.name, resource, { name }), before: null, after: {} }],
        };
      if (existing === 'join' || madeBy(runId, found))
        return { effect: 'none', why: `workspace "${name}" is there and is joined`, out: undefined };
      return {
        effect: 'blocked',
        why: `${host.name} has a workspace "${name}" already; equal names need not mean the same workspace.`,
        remedy: `If it is the same, say existing: 'join'; if not, give this one another name (a migration's takes it as to: '…').`,
      };
    },
    capture: async () => null,
    async run(work) {
      host.dialect;
      await create(work, host, resource, {
        metadata: { name, ...(annotations === undefined ? {} : { annotations }) },
        spec: {
          template: { spec: { manager, ...(networkIsolation === undefined ? {} : { networkIsolation }) } },
          placement: { clusters: [] },
        },
      });
    },
    async verify({ signal }) {
      await waitFor(signal, {
        cluster: host,
        resource: kubesphere.federatedWorkspaces,
        select: { fieldSelector: `metadata.name=${name}` },
        test: (objects) => objects.has(name) || undefined,
        what: `workspace "${name}" to be federated`,
        timeoutMs: syncLimitMs,
      });
    },
    needs: {
      verify: toWatch(host, kubesphere.federatedWorkspaces),
      compensate: [
        ...toListAll(host),
        ...toGet(host, kubesphere.workspaces),
        ...toPatch(host, resource),
        ...toWatch(host, resource),
      ],
    },
    async compensate(work) {
      const { connection } = host;
      const template = await findMade(work, { cluster: host, resource, name: { name } });
      if (template === undefined) return;
      const { uid } = template.metadata;
      const workspace = await connection.find(kubesphere.workspaces, { name }, { signal: work.signal });
      await assertEmpty(work, host, name);
      assertTakesNothingKept(
        await deletionClosure(host, [uid, ...(workspace === undefined ? [] : [workspace.metadata.uid])], work.signal),
        `workspace "${name}"`,
      );
      await assertUnused(work, host, name);
      await removeTemplate(work, host, { name, uid }, 'Background');
      await waitGone(work, { cluster: host, resource, name: { name }, uid }, syncLimitMs);
      await waitFor(work.signal, {
        cluster: host,
        resource: kubesphere.federatedWorkspaces,
        select: { fieldSelector: `metadata.name=${name}` },
        test: (objects) => (objects.has(name) ? undefined : true),
        what: `FederatedWorkspace "${name}" to be gone`,
        timeoutMs: syncLimitMs,
      });
    },
  };
}

/** Refuses to delete a template that others have begun to use: kubefed would take the Workspace off every cluster it was placed on. */
async function assertUnused({ signal }: Work, host: KubeSphereCluster, name: string): Promise<void> {
  const template = await host.connection.find(resource, { name }, { signal });
  if (template === undefined) return;
  const placed = placedOn(template);
  const manager = template.spec.template.spec?.manager;
  const bindings = await host.connection
    .list(kubesphere.workspaceRoleBindings, { labelSelector: `${workspaceLabel}=${name}`, signal })
    .toArray();
  const members = bindings.flatMap(({ metadata }) => {
    const user = metadata.labels?.[userLabel];
    return user === undefined || user === manager ? [] : [user];
  });
  const uses = [
    ...(placed === undefined
      ? ['it is placed by a selector']
      : placed.length > 0
        ? [`it is placed on ${some(placed)}`]
        : []),
    ...(members.length > 0 ? [`people were invited: ${some(members)}`] : []),
  ];
  if (uses.length === 0) return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `${host.name}: workspace "${name}" is in use by now (${uses.join('; ')}). It was not deleted. Keep it, or empty it first.`,
  );
}

/** Clusters that a template, or a multi-cluster project, names; `undefined` where it places by selector. */
export function placedOn({
  spec,
}: {
  readonly spec: { readonly placement?: Placement };
}): readonly string[] | undefined {
  return (
    spec.placement?.clusters?.map(({ name }) => name) ??
    (spec.placement?.clusterSelector === undefined ? [] : undefined)
  );
}

/** Waits until a host's kubefed has the Workspace of that name on a member: an object that arrived is the only proof of life. */
export async function adopted(work: Pick<Work, 'signal'>, member: KubeSphereCluster, name: string): Promise<string> {
  return waitFor(work.signal, {
    cluster: member,
    resource: kubesphere.workspaces,
    select: { fieldSelector: `metadata.name=${name}` },
    test: (objects) => {
      const metadata = objects.get(name)?.metadata;
      return metadata?.labels?.[managedLabel] === 'true' && metadata.deletionTimestamp === undefined
        ? metadata.uid
        : undefined;
    },
    what: `Workspace "${name}" to arrive from the host`,
    timeoutMs: syncLimitMs,
  });
}
