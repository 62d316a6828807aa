import { FederationError } from '../../errors.ts';
import { sleep } from '../../internal/signal.ts';
import { core, type Namespace } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { unboundAnnotation, workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { foreignOwners } from '../../kubesphere/v3.ts';
import type { Change } from '../../workflow/change.ts';
import { labelField, refOf } from '../changes.ts';
import type { Operation } from '../operation.ts';
import { edit, type Target, type Work, waitFor } from '../work.ts';

/** A namespace, pinned by UID. */
export interface ProjectRef {
  readonly name: string;
  readonly uid: string;
}

const boundLimitMs = 120_000;
const field = labelField(workspaceLabel);
const workspaceOf = ({ metadata }: Namespace): string | undefined => metadata.labels?.[workspaceLabel];

function target(cluster: KubeSphereCluster, { name, uid }: ProjectRef): Target<Namespace> {
  return { cluster, resource: core.namespaces, name: { name }, uid };
}

/** Reads the project itself. @throws FederationError `KEPT_AT_RISK` where it is gone, going, or another one by now */
async function read(
  work: Pick<Work, 'signal'>,
  cluster: KubeSphereCluster,
  { name, uid }: ProjectRef,
): Promise<Namespace> {
  const namespace = await cluster.connection.find(core.namespaces, { name }, { signal: work.signal });
  if (namespace?.metadata.uid === uid && namespace.metadata.deletionTimestamp === undefined) return namespace;
  const found =
    namespace === undefined
      ? 'gone'
      : namespace.metadata.uid === uid
        ? 'being deleted'
        : 'another one under the same name';
  throw new FederationError(
    'KEPT_AT_RISK',
    `${cluster.name}: project "${name}" (UID ${uid}) is ${found}. Find out who deleted it before anything goes on.`,
  );
}

/** Waits until the namespace controller made the live Workspace the owner: that is what binds, the label only asks for it. */
async function owned(
  work: Pick<Work, 'signal'>,
  cluster: KubeSphereCluster,
  project: ProjectRef,
  workspace: string,
): Promise<void> {
  const owner = await cluster.connection.get(kubesphere.workspaces, { name: workspace }, { signal: work.signal });
  const isOwned = (namespace: Namespace): boolean =>
    namespace.metadata.uid === project.uid &&
    workspaceOf(namespace) === workspace &&
    (namespace.metadata.ownerReferences ?? []).some(({ uid }) => uid === owner.metadata.uid);
  // Most are owned within milliseconds: a watch for each would cost more than it tells.
  for (const pauseMs of [0, 20, 40, 80, 160]) {
    await sleep(pauseMs, work.signal);
    if (isOwned(await read(work, cluster, project))) return;
  }
  await waitFor(work.signal, {
    cluster,
    resource: core.namespaces,
    select: { fieldSelector: `metadata.name=${project.name}` },
    test: (objects) => [...objects.values()].some(isOwned) || undefined,
    what: `project "${project.name}" to be owned by Workspace "${workspace}"`,
    timeoutMs: boundLimitMs,
  });
}

function change(
  cluster: KubeSphereCluster,
  { name, uid }: ProjectRef,
  before: string | null,
  after: string | null,
): readonly Change[] {
  return [
    {
      verb: 'update',
      resource: refOf(cluster.name, core.namespaces, { name, uid }),
      before: { [field]: before },
      after: { [field]: after },
    },
  ];
}

/** Somebody put the project into another workspace meanwhile: it is theirs to decide, not ours to take back. */
function elsewhere(cluster: KubeSphereCluster, { name }: ProjectRef, now: string, wanted: string): FederationError {
  return new FederationError(
    'WORLD_MOVED',
    `${cluster.name}: project "${name}" is in workspace "${now}" by now, where "${wanted}" was meant. It was left there. Find out who moved it; take the label off to go on.`,
  );
}

/** What {@link unbindProject} captures. */
export interface Bound {
  readonly workspace: string | null;
}

/**
 * Takes a project out of its workspace: one patch for the label and the Workspace owners (H3); foreign owners stay. A note
 * on the project says where it belonged, so that a person can put it back without any journal.
 */
export function unbindProject(cluster: KubeSphereCluster, project: ProjectRef): Operation<Bound, void> {
  const { dialect } = cluster;
  return {
    async forecast(work) {
      const workspace = workspaceOf(await read(work, cluster, project));
      if (workspace === undefined) return { effect: 'none', why: 'it belongs to no workspace', out: undefined };
      return { effect: 'change', changes: change(cluster, project, workspace, null) };
    },
    capture: async (work) => ({ workspace: workspaceOf(await read(work, cluster, project)) ?? null }),
    async run(work, { workspace }) {
      await edit(work, target(cluster, project), (namespace) => {
        const now = workspaceOf(namespace);
        if (now === undefined) return undefined;
        if (now !== workspace)
          throw new FederationError(
            'WORLD_MOVED',
            `${cluster.name}: project "${project.name}" was in workspace "${workspace}" and is in "${now}" now. Plan again.`,
          );
        return dialect.unbind(namespace, JSON.stringify({ workspace: now, run: work.runId }));
      });
    },
    async verify(work) {
      const namespace = await read(work, cluster, project);
      const owners =
        (namespace.metadata.ownerReferences ?? []).length - foreignOwners(namespace.metadata.ownerReferences).length;
      if (workspaceOf(namespace) === undefined && owners === 0) return;
      throw new FederationError(
        'NOT_OBSERVED',
        `${cluster.name}: project "${project.name}" was unbound, and is bound again. Is a host still joined to this cluster?`,
        {
          retryable: true,
        },
      );
    },
    async compensate(work, { workspace }) {
      if (workspace === null) return;
      await edit(work, target(cluster, project), (namespace) => {
        const now = workspaceOf(namespace);
        if (now !== undefined && now !== workspace) throw elsewhere(cluster, project, now, workspace);
        return now === workspace ? undefined : dialect.bind(namespace, workspace);
      });
      await owned(work, cluster, project, workspace);
    },
  };
}

/** What {@link bindProject} captures: the note that {@link unbindProject} left. */
export interface Unbound {
  readonly note: string | null;
}

/** Puts a project into a workspace that is there and alive, and waits until that Workspace, by UID, owns it (H10). */
export function bindProject(
  cluster: KubeSphereCluster,
  project: ProjectRef,
  workspace: string,
): Operation<Unbound, void> {
  const { dialect } = cluster;
  return {
    async forecast(work) {
      const now = workspaceOf(await read(work, cluster, project));
      if (now === workspace)
        return { effect: 'none', why: `it is in workspace "${workspace}" already`, out: undefined };
      if (now !== undefined)
        return {
          effect: 'blocked',
          why: `Project "${project.name}" is in workspace "${now}".`,
          remedy: 'Unbind it there first.',
        };
      return { effect: 'change', changes: change(cluster, project, null, workspace) };
    },
    capture: async (work) => ({
      note: (await read(work, cluster, project)).metadata.annotations?.[unboundAnnotation] ?? null,
    }),
    async run(work) {
      const owner = await cluster.connection.find(kubesphere.workspaces, { name: workspace }, { signal: work.signal });
      if (owner === undefined || owner.metadata.deletionTimestamp !== undefined)
        throw new FederationError(
          'WORLD_MOVED',
          `${cluster.name}: Workspace "${workspace}" is ${owner === undefined ? 'not there' : 'being deleted'}: a project bound to it now would hang in the air. Nothing was bound.`,
        );
      await edit(work, target(cluster, project), (namespace) => {
        const now = workspaceOf(namespace);
        if (now !== undefined && now !== workspace) throw elsewhere(cluster, project, now, workspace);
        return now === workspace ? undefined : dialect.bind(namespace, workspace);
      });
    },
    verify: (work) => owned(work, cluster, project, workspace),
    async compensate(work, { note }) {
      await edit(work, target(cluster, project), (namespace) => {
        const now = workspaceOf(namespace);
        if (now !== undefined && now !== workspace) throw elsewhere(cluster, project, now, workspace);
        return dialect.unbind(namespace, note);
      });
    },
  };
}
