import { FederationError } from '../../errors.ts';
import { sleep } from '../../internal/signal.ts';
import type { ObjectRef, OwnerReference } from '../../kube/objects.ts';
import { core, type Namespace } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere, type Workspace } from '../../kubesphere/resources.ts';
import { foreignOwners } from '../../kubesphere/v3.ts';
import type { Change, Forecast } from '../../workflow/change.ts';
import { labelField, refOf } from '../changes.ts';
import { unplacedThere } from '../placement/placed.ts';
import { type Target, type Work, waitFor } from '../work.ts';

const boundLimitMs = 120_000;
const field = labelField(workspaceLabel);
/** The workspace that a namespace's label names. */
export const workspaceOf = ({ metadata }: Namespace): string | undefined => metadata.labels?.[workspaceLabel];

/** What an edit of a project is meant for. */
export function target(cluster: KubeSphereCluster, { name, uid }: ObjectRef): Target<Namespace> {
  return { cluster, resource: core.namespaces, name: { name }, uid };
}

/** Reads the project itself. @throws FederationError `KEPT_AT_RISK` where it is gone, going, or another one by now */
export async function read(
  work: Pick<Work, 'signal'>,
  cluster: KubeSphereCluster,
  { name, uid }: ObjectRef,
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

const isOwnedBy = ({ metadata }: Namespace, owner: Workspace): boolean =>
  (metadata.ownerReferences ?? []).some(({ uid }) => uid === owner.metadata.uid);

/** Waits until the namespace controller made the live Workspace the owner: that is what binds, the label only asks for it. */
export async function owned(
  work: Pick<Work, 'signal'>,
  cluster: KubeSphereCluster,
  project: ObjectRef,
  workspace: string,
): Promise<void> {
  const owner = await cluster.connection.get(kubesphere.workspaces, { name: workspace }, { signal: work.signal });
  const isOwned = (namespace: Namespace): boolean =>
    namespace.metadata.uid === project.uid && workspaceOf(namespace) === workspace && isOwnedBy(namespace, owner);
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

/** The change of a project's label. */
export function change(
  cluster: KubeSphereCluster,
  { name, uid }: ObjectRef,
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

/** The change of a project that bears no workspace's label any more, and has Workspaces as owners still. */
export function disowned(cluster: KubeSphereCluster, { metadata }: Namespace): Change {
  const { name, uid, ownerReferences = [] } = metadata;
  const left = foreignOwners(ownerReferences);
  const plain = (owners: readonly OwnerReference[]) => JSON.parse(JSON.stringify(owners));
  const owners = '/metadata/ownerReferences';
  return {
    verb: 'update',
    resource: refOf(cluster.name, core.namespaces, { name, uid }),
    before: { [owners]: plain(ownerReferences) },
    after: { [owners]: left.length === 0 ? null : plain(left) },
  };
}

/** Somebody put the project into another workspace meanwhile: it is theirs to decide, not ours to take back. */
export function elsewhere(
  cluster: KubeSphereCluster,
  { name }: ObjectRef,
  now: string,
  wanted: string,
): FederationError {
  return new FederationError(
    'WORLD_MOVED',
    `${cluster.name}: project "${name}" is in workspace "${now}" by now, where "${wanted}" was meant. It was left there. Find out who moved it; take the label off to go on.`,
  );
}

/** What is done about a project that goes with its Workspace. */
const unbindIt = 'To keep the project, unbind it (namespaces.unbind).';
/** What is done about a Workspace that its host does not place where it is. */
const placeIt =
  'Place it there with federation.workspaces.setPlacement; or let it go, with federation.workspaces.delete if the host has it still, and use another one.';

/**
 * Why a project could not be owned by a Workspace: it is not there, or going, or the project has a controller already, so that
 * KubeSphere's would try for ever (namespace_controller.go:167-196), or it would go with a Workspace that the host does not place there.
 * `undefined` where it could.
 *
 * @param host - that has the cluster, under the name that it is called by; absent: nobody is asked what it places
 */
export async function unownable(
  work: Pick<Work, 'signal'>,
  at: KubeSphereCluster,
  { metadata }: Namespace,
  workspace: string,
  host?: KubeSphereCluster,
): Promise<{ readonly effect: 'blocked'; readonly why: string; readonly remedy: string } | undefined> {
  const { name: cluster, connection } = at;
  const owner = await connection.find(kubesphere.workspaces, { name: workspace }, { signal: work.signal });
  if (owner === undefined || owner.metadata.deletionTimestamp !== undefined)
    return {
      effect: 'blocked',
      why: `${cluster}: Workspace "${workspace}" is ${owner === undefined ? 'not there' : 'being deleted'}.`,
      remedy: 'Place the workspace on that cluster first, and wait until it is there.',
    };
  const controller = foreignOwners(metadata.ownerReferences).find((one) => one.controller === true);
  if (controller !== undefined)
    return {
      effect: 'blocked',
      why: `${cluster}: project "${metadata.name}" is controlled by ${controller.kind} "${controller.name}", so that no Workspace can own it.`,
      remedy: 'Take "controller" off that owner reference first.',
    };
  const unwanted = host === undefined ? undefined : await unplacedThere(host, at, owner, work.signal);
  if (unwanted === undefined) return undefined;
  return { effect: 'blocked', why: `${about(cluster, workspace)}: ${unwanted}.`, remedy: placeIt };
}

/**
 * What is to be done for a project that bears the label of its workspace already: nothing where the live Workspace owns it. Where it does
 * not yet nothing is to be written, and the owner is waited for.
 *
 * @param host - as for {@link unownable}: a project in a Workspace that goes is no project that is there
 * @param proven - whether all else is so that was promised
 */
export async function labelledAlready<Out>(
  work: Pick<Work, 'signal'>,
  at: KubeSphereCluster,
  namespace: Namespace,
  workspace: string,
  host: KubeSphereCluster | undefined,
  out: Out,
  proven: () => boolean | Promise<boolean> = () => true,
): Promise<Forecast<Out>> {
  const blocked = await unownable(work, at, namespace, workspace, host);
  if (blocked !== undefined)
    return blocked.remedy === placeIt ? { ...blocked, remedy: `${unbindIt} ${placeIt}` } : blocked;
  const owner = await at.connection.get(kubesphere.workspaces, { name: workspace }, { signal: work.signal });
  if (isOwnedBy(namespace, owner) && (await proven()))
    return { effect: 'none', why: `it is in workspace "${workspace}" already`, out };
  return {
    effect: 'unknown',
    why: `It bears the label of workspace "${workspace}" already, and the cluster's controllers have yet to follow.`,
    touches: [{ verb: 'update', kind: 'Namespace' }],
  };
}

const about = (cluster: string, workspace: string): string =>
  `${cluster}: Workspace "${workspace}" is about to be deleted, with every project in it`;

/**
 * Finds the Workspace alive, and wanted there by the host.
 *
 * @param host - as for {@link unownable}
 * @throws FederationError `WORLD_MOVED` where it is not there, or going; `KEPT_AT_RISK` where the host does not place it there
 */
export async function assertAlive(
  work: Pick<Work, 'signal'>,
  at: KubeSphereCluster,
  workspace: string,
  host?: KubeSphereCluster,
): Promise<void> {
  const { name: cluster, connection } = at;
  const owner = await connection.find(kubesphere.workspaces, { name: workspace }, { signal: work.signal });
  if (owner === undefined || owner.metadata.deletionTimestamp !== undefined)
    throw new FederationError(
      'WORLD_MOVED',
      `${cluster}: Workspace "${workspace}" is ${owner === undefined ? 'not there' : 'being deleted'}: a project bound to it now would hang in the air. Nothing was bound.`,
    );
  const unwanted = host === undefined ? undefined : await unplacedThere(host, at, owner, work.signal);
  if (unwanted === undefined) return;
  throw new FederationError('KEPT_AT_RISK', `${about(cluster, workspace)}: ${unwanted}. Nothing was bound. ${placeIt}`);
}
