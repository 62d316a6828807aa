import { FederationError } from '../../errors.ts';
import type { ObjectName, Resource } from '../../kube/objects.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { kubefedNamespace, managedLabel } from '../../kubesphere/names.ts';
import { type FederatedObject, kubesphere } from '../../kubesphere/resources.ts';
import { pool } from '../../workflow/pool.ts';
import { some } from '../closure.ts';
import { asFound, called, type FoundObject, throughKinds } from '../found.ts';
import { onlyFor, type Right, toGet, toList, toListAll, within } from '../rights.ts';
import { type Placeable, placeablesNamed } from './clusters.ts';
import { unmeant } from './placed.ts';

/** An object of a member that kubefed may own. */
export type Ownable = Pick<FoundObject, 'kind' | 'namespace' | 'name'>;

/** A member as a host has it, or will have it again. */
export interface Seat {
  readonly host: KubeSphereCluster;
  /** Name of its Cluster object. */
  readonly cluster: string;
  /** Labels that its Cluster will have again, where the host has let go of it. @defaultValue then it is placed nowhere */
  readonly labels?: Readonly<Record<string, string>>;
}

/** An object of a host whose placement decides over one on a member. */
interface Decider {
  readonly resource: Resource<FederatedObject>;
  readonly at: ObjectName;
  /** What it means that it is not there. */
  readonly absent: 'no matter' | 'kubefed only takes its mark off' | 'it belongs nowhere';
}

/** Nobody's projects go with what else a host copies. */
async function decidersOf(
  { connection }: KubeSphereCluster,
  { kind, namespace, name }: Ownable,
  signal: AbortSignal,
): Promise<readonly Decider[]> {
  const own = { absent: 'kubefed only takes its mark off' } as const;
  if (kind === 'Workspace')
    return [
      // Its FederatedWorkspace follows it.
      { resource: kubesphere.workspaceTemplates, at: { name }, absent: 'no matter' },
      { resource: kubesphere.federatedWorkspaces, at: { name }, ...own },
    ];
  const resource = kubesphere.federatedNamespaces;
  if (kind === 'Namespace') return [{ resource, at: { namespace: name, name }, ...own }];
  if (namespace === null) return [];
  const served = await connection.resources({ signal });
  const counterpart = served.find((one) => one.group === resource.group && one.kind === `Federated${kind}`);
  if (counterpart === undefined) return [];
  return [
    { resource: counterpart as never, at: { namespace, name }, ...own },
    { resource, at: { namespace, name: namespace }, absent: 'it belongs nowhere' },
  ];
}

/**
 * Why kubefed would delete an object of a member that bears its mark, and with it what it holds or owns (H5; domain reference, 8.2).
 * `undefined` where it would keep it, or only take the mark off.
 *
 * @param all - the clusters of the host, that one among them
 */
export async function doomed(
  host: KubeSphereCluster,
  cluster: string,
  all: ReadonlyMap<string, Placeable>,
  object: Ownable,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const { resource, at, absent } of await decidersOf(host, object, signal)) {
    const found = await host.connection.find(resource, at, { signal });
    if (found === undefined && absent === 'kubefed only takes its mark off') return undefined;
    if (found === undefined && absent === 'no matter') continue;
    const why = unmeant(`${host.name}: ${resource.kind} "${at.name}"`, found, cluster, all);
    if (why !== undefined) return why;
  }
  return undefined;
}

/** What it takes to ask whether kubefed would delete such objects. */
export async function toAskDoomed(
  { host, cluster }: Seat,
  objects: readonly Ownable[],
  signal: AbortSignal,
): Promise<readonly Right[]> {
  const kinds = new Map(objects.map((object) => [`${object.kind} ${object.namespace === null}`, object]));
  const deciders = await Promise.all([...kinds.values()].map((object) => decidersOf(host, object, signal)));
  const asked = new Set(deciders.flat().map(({ resource }) => resource));
  if (asked.size === 0) return [];
  const own = [
    ...toGet(host, kubesphere.clusters),
    ...within(kubefedNamespace, toGet(host, kubesphere.kubeFedClusters)),
  ];
  return [...toGet(host, ...asked), ...onlyFor(cluster, own)];
}

/**
 * Asked before an object of a member gets a value of kubefed's mark back: refuses where kubefed would delete it for that, for its host's
 * placements may have changed meanwhile. It throws `KEPT_AT_RISK`.
 */
export const unlessDoomed =
  ({ host, cluster, labels }: Seat, object: Ownable) =>
  async (mark: string | null, signal: AbortSignal): Promise<void> => {
    if (mark !== 'true') return;
    const all = await placeablesNamed(host, cluster, signal, labels);
    const why = await doomed(host, cluster, all, object, signal);
    if (why === undefined) return;
    throw new FederationError(
      'KEPT_AT_RISK',
      `${why}: with its label ${managedLabel}=true back, kubefed would delete ${called(object)} there. It was left without, and lives. Place it on ${cluster} again, then roll back once more.`,
    );
  };

/** Reads what bears kubefed's mark on a member. */
export interface Marked {
  readonly read: (member: KubeSphereCluster, signal: AbortSignal) => Promise<readonly FoundObject[]>;
  readonly needs: (member: KubeSphereCluster) => readonly Right[];
}

const labelSelector = `${managedLabel}=true`;
/** Objects of all kinds. */
const everything: Marked = {
  read: (member, signal) => throughKinds(member, () => true, { labelSelector, signal }, asFound),
  needs: (member) => toListAll(member),
};
/** Namespaces, and the Workspaces that own some: whole projects. */
export const markedProjects: Marked = {
  async read({ connection }, signal) {
    const [namespaces, workspaces] = await Promise.all([
      connection.listMetadata(core.namespaces, { labelSelector, signal }).toArray(),
      connection.listMetadata(kubesphere.workspaces, { labelSelector, signal }).toArray(),
    ]);
    return [
      ...namespaces.map(({ metadata }) => asFound(core.namespaces, metadata)),
      ...workspaces.map(({ metadata }) => asFound(kubesphere.workspaces, metadata)),
    ];
  },
  needs: (member) => toList(member, core.namespaces, kubesphere.workspaces),
};

const atOnce = 8;

/**
 * Refuses to go on where the host's kubefed would delete something on a member: the last look before it can.
 *
 * @param marked - what of it is looked at
 * @throws FederationError `KEPT_AT_RISK` naming what
 */
export async function assertNothingDoomed(
  { host, cluster, labels }: Seat,
  member: KubeSphereCluster,
  signal: AbortSignal,
  marked: Pick<Marked, 'read'> = everything,
): Promise<void> {
  const all = await placeablesNamed(host, cluster, signal, labels);
  // A host that does not have the member deletes nothing there.
  if (all.size === 0) return;
  const { done, failed } = await pool(
    await marked.read(member, signal),
    atOnce,
    (object) => doomed(host, cluster, all, object, signal),
    (failures) => failures === 0,
  );
  for (const { error } of failed) throw error;
  const going = done.flatMap(({ of, result }) => (result === undefined ? [] : [`${called(of)} (${result})`]));
  if (going.length === 0) return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `${member.name}: nothing goes on, or the kubefed of ${host.name} would delete ${some(going)}. Place that there again, or take label ${managedLabel} off it on ${member.name}; then roll back once more.`,
  );
}

/** What {@link assertNothingDoomed} takes. */
export async function toSeeNothingDoomed(
  seat: Seat,
  member: KubeSphereCluster,
  signal: AbortSignal,
  marked: Marked = everything,
): Promise<readonly Right[]> {
  return [...marked.needs(member), ...(await toAskDoomed(seat, await marked.read(member, signal), signal))];
}
