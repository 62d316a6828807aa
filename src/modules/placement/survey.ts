import { FederationError } from '../../errors.ts';
import type { ObjectMeta, ObjectRef } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import {
  devopsLabel,
  hostStubLabel,
  managedLabel,
  namespaceLabel,
  releaseClusterLabel,
  systemNamespaces,
  workspaceLabel,
} from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import type { ResourceRef } from '../../types.ts';
import { askEveryCluster } from '../across.ts';
import { type Closure, closureOf, namespacesOf, type Ownership, readOwnership, some } from '../closure.ts';
import { devopsProjectsOf } from '../devops.ts';
import type { FederationEnv } from '../env.ts';
import { type Placeable, placeables } from './clusters.ts';
import { lookBackDefaultMs } from './input.ts';
import { called, type Subject } from './subject.ts';

/** What a cluster that leaves a placement holds of it. */
export interface Leaving {
  /** Name of its Cluster object. */
  readonly cluster: string;
  readonly host: boolean;
  /** The Workspace that goes; `null` where there is none. */
  readonly workspace: ObjectRef | null;
  /** Plain projects: what is bound to that Workspace goes with it. */
  readonly plain: readonly ObjectRef[];
  /** Copies of multi-cluster projects. */
  readonly federated: readonly ObjectRef[];
  /** Every namespace that would be deleted. */
  readonly closure: readonly ObjectRef[];
  /** Names of the host's own namespaces of multi-cluster projects: with one of them go its copies on every member. */
  readonly stubs: readonly string[];
  /** Names of DevOpsProjects of the workspace, and of labelled namespaces that are the backing of one. */
  readonly devops: readonly string[];
  /** What would be deleted although the projects are unbound, for the Workspace owns it by another way. */
  readonly still: {
    readonly namespaces: readonly string[];
    /** Each as `Kind namespace/name`. */
    readonly others: readonly string[];
  };
  /** What would be deleted outside of the namespaces that go; each as `Kind namespace/name`. */
  readonly beyond: readonly string[];
}

/** What the clusters that leave a placement hold of it. */
export interface LeavingProjects {
  readonly clusters: readonly Leaving[];
  /** HelmReleases on the host of what is installed in these projects. */
  readonly apps: readonly ObjectRef[];
}

const pinned = ({ name, uid }: ObjectRef): ObjectRef => ({ name, uid });
const byName = (a: ObjectRef, b: ObjectRef): number => (a.name < b.name ? -1 : 1);

/** How {@link survey} reads. */
export interface LeavingOptions {
  readonly signal: AbortSignal;
  readonly lookBackMs: number;
  /** The multi-cluster project goes altogether, with the host's own namespace. */
  readonly whole?: boolean;
}

/**
 * Reads what would go. Every cluster that leaves must answer, and kubefed must reach it: what is taken off a placement while a member
 * is down is deleted there 40 s after it is back (domain reference, 8.2).
 *
 * @throws FederationError `UNREACHABLE` naming those that do not, `ENV_CHANGED` where a name leads to another cluster
 */
export async function surveyLeaving(
  env: FederationEnv,
  subject: Subject,
  clusters: readonly string[],
  { signal, lookBackMs, whole = false }: LeavingOptions,
): Promise<LeavingProjects> {
  const all = await placeables(env.host, signal);
  const what = `Taking ${called(subject)} off ${clusters.join(', ')}`;
  const ask = <T>(read: (cluster: KubeSphereCluster, name: string) => Promise<T>): Promise<readonly T[]> =>
    Promise.all(
      clusters.map((name) => openLeaving(env, what, all.get(name) ?? name, signal, (cluster) => read(cluster, name))),
    );
  // What takes seconds first, on all of them: who joins in these bears the label by the time that is read.
  const owners = new Map<string, Owner>();
  await ask(async (cluster, name) => {
    if (lookBackMs < lookBackDefaultMs && !cluster.sandbox)
      throw new FederationError('INVALID', `lookBackMs is too short: ${cluster.name} is no sandbox.`);
    if (subject.kind === 'workspace') owners.set(name, await readOwner(cluster, subject.name, signal));
  });
  const found = await ask((cluster, name) => {
    const reading = { subject, cluster: name, isHost: cluster.uid === env.host.uid, whole, signal };
    const owner = owners.get(name);
    return owner === undefined ? readProject(cluster, reading) : readWorkspace(cluster, reading, owner);
  });
  return { clusters: found, apps: await leavingApps(env.host, subject, found, signal) };
}

/**
 * Asks a cluster that leaves, once kubefed was seen to reach it and it is the one that its Cluster object stands for.
 *
 * @throws FederationError `UNREACHABLE`
 */
export async function openLeaving<T>(
  env: FederationEnv,
  what: string,
  placeable: Placeable | string,
  signal: AbortSignal,
  read: (cluster: KubeSphereCluster) => Promise<T>,
): Promise<T> {
  const name = typeof placeable === 'string' ? placeable : placeable.name;
  if (typeof placeable === 'string' || !placeable.joined || !placeable.ready)
    throw new FederationError(
      'UNREACHABLE',
      `${what}: ${env.host.name} does not reach cluster "${name}" (its KubeFedCluster is ${typeof placeable === 'string' || !placeable.joined ? 'not there' : 'not Ready'}): what is taken off a placement now is deleted there once it is back. Nothing was changed. Bring it back, or unbind the cluster, which deletes nothing.`,
      { retryable: true, details: { clusters: [name] } },
    );
  const answers = await askEveryCluster(
    env,
    what,
    async (cluster): Promise<{ readonly value: T } | { readonly judged: FederationError }> => {
      // Members may be called what messages call the host, and credentials of one's own may lead anywhere.
      const other =
        placeable.uid === undefined ? cluster.uid === env.host.uid && !placeable.host : cluster.uid !== placeable.uid;
      try {
        if (other)
          throw new FederationError(
            'ENV_CHANGED',
            `"${name}" leads to another cluster (UID ${cluster.uid}) than the one ${env.host.name} has under that name (UID ${placeable.uid ?? 'unknown'}). Look at the kubeconfig, and give the host another name in Federation.connect.`,
          );
        return { value: await read(cluster) };
      } catch (error) {
        // It did answer; what was found there is what is wrong.
        if (FederationError.is(error, ...judgements)) return { judged: error };
        throw error;
      }
    },
    { clusters: [name], signal },
  );
  const answer = answers.get(name);
  if (answer === undefined) throw new FederationError('UNREACHABLE', `${what}: cluster "${name}" gave no answer.`);
  if ('judged' in answer) throw answer.judged;
  return answer.value;
}

const judgements = ['ENV_CHANGED', 'INVALID', 'KEPT_AT_RISK', 'WORLD_MOVED', 'NOT_OBSERVED'] as const;

interface Reading {
  readonly subject: Subject;
  readonly cluster: string;
  readonly isHost: boolean;
  readonly whole: boolean;
  readonly signal: AbortSignal;
}

/** A Workspace, and what owns what on its cluster. */
interface Owner {
  readonly workspace: ObjectMeta | undefined;
  readonly ownership: Ownership | undefined;
}

async function readOwner(at: KubeSphereCluster, name: string, signal: AbortSignal): Promise<Owner> {
  const workspace = (await at.connection.find(kubesphere.workspaces, { name }, { signal }))?.metadata;
  return { workspace, ownership: workspace === undefined ? undefined : await readOwnership(at, signal) };
}

/** A Workspace goes, and with it what names it as owner, at any depth; what bears its label will name it any moment. */
async function readWorkspace(
  at: KubeSphereCluster,
  { subject, cluster, isHost, signal }: Reading,
  { workspace, ownership }: Owner,
): Promise<Leaving> {
  const { name } = subject;
  // The cluster's own: kubefed lets it be, and with it all that it owns (domain reference, 8.2).
  if (workspace?.labels?.[managedLabel] === 'false') return { ...nothing, cluster, host: isHost };
  const [labelled, devopsProjects] = await Promise.all([
    namespacesOf(at, signal, `${workspaceLabel}=${name}`),
    devopsProjectsOf(at, name, { signal }),
  ]);
  const uid = workspace?.uid;
  const isFederated = (namespace: string): boolean => labelled.get(namespace)?.labels?.[managedLabel] === 'true';
  const plain = [...labelled.values()].filter(({ name: one }) => !isFederated(one));
  const takenWith = (loosed: ReadonlySet<string>): Closure['objects'] =>
    uid === undefined || ownership === undefined ? [] : closureOf(ownership, [uid], loosed).objects;
  const owned = takenWith(new Set());
  const still = takenWith(new Set([...labelled.values()].map((one) => one.uid)));
  const deep = owned.filter(isNamespace).map((one) => pinned(one));
  const closure = new Map([...deep, ...plain.map(pinned)].map((one) => [one.uid, one]));
  const stubs = isHost ? plain.filter(({ labels }) => hostStubLabel in (labels ?? {})) : [];
  return {
    cluster,
    host: isHost,
    workspace: uid === undefined ? null : { name, uid },
    plain: plain.map(pinned).sort(byName),
    federated: [...labelled.values()]
      .filter((one) => isFederated(one.name))
      .map(pinned)
      .sort(byName),
    closure: [...closure.values()].sort(byName),
    stubs: stubs.map(({ name: one }) => one),
    devops: [
      ...devopsProjects,
      ...owned.filter(({ kind }) => kind === 'DevOpsProject').map((one) => one.name),
      ...[...labelled.values()].filter(({ labels = {} }) => devopsLabel in labels).map((one) => one.name),
    ],
    still: { namespaces: still.filter(isNamespace).map((one) => one.name), others: strange(still, new Set()) },
    beyond: strange(owned, new Set([...closure.values()].map((one) => one.name))),
  };
}

const isNamespace = ({ kind, apiVersion }: ResourceRef): boolean => kind === 'Namespace' && apiVersion === 'v1';

/** KubeSphere's own kinds without a namespace (roles, bindings, quotas) belong to their workspace, and go with it. */
const belongs = ({ apiVersion, namespace }: ResourceRef): boolean =>
  namespace === undefined ? /^([\w.-]+\.)?kubesphere\.io\//.test(apiVersion) : systemNamespaces.has(namespace);

/** What of a Workspace's closure is neither a namespace, nor in one of these, nor of a kind that belongs to every Workspace. */
const strange = (owned: Closure['objects'], within: ReadonlySet<string>): readonly string[] =>
  owned
    .filter((one) => !isNamespace(one) && !belongs(one) && !within.has(one.namespace ?? ''))
    .map(({ kind, namespace, name }) => `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`);

const nothing = {
  workspace: null,
  plain: [],
  federated: [],
  closure: [],
  stubs: [],
  devops: [],
  still: { namespaces: [], others: [] },
  beyond: [],
} as const;

/**
 * kubefed deletes the copy itself. The host's own namespace it leaves alone, but not what it copied into it: it is at stake where the
 * project goes altogether.
 */
async function readProject(
  at: KubeSphereCluster,
  { subject, cluster, isHost, whole, signal }: Reading,
): Promise<Leaving> {
  const namespace = (await namespacesOf(at, signal)).get(subject.name);
  const isCopy = namespace?.labels?.[managedLabel] === 'true' || (isHost && whole);
  const copies = namespace !== undefined && isCopy ? [pinned(namespace)] : [];
  return { ...nothing, cluster, host: isHost, federated: copies, closure: copies };
}

/** Apps of these projects, on the host: deleting the workspace later would uninstall them by its label (H1). */
async function leavingApps(
  host: KubeSphereCluster,
  subject: Subject,
  clusters: readonly Leaving[],
  signal: AbortSignal,
): Promise<readonly ObjectRef[]> {
  const { group, plural } = kubesphere.helmReleases;
  const served = await host.connection.resources({ signal });
  if (!served.some((one) => one.group === group && one.plural === plural)) return [];
  const releases = await host.connection
    .listMetadata(kubesphere.helmReleases, { labelSelector: workspaceLabel, signal })
    .toArray();
  return releases.flatMap(({ metadata: { name, uid, labels = {} } }) => {
    const on = labels[releaseClusterLabel];
    const at = clusters.find((one) => (on === undefined ? one.host : one.cluster === on));
    if (at === undefined) return [];
    const mine =
      subject.kind === 'workspace'
        ? labels[workspaceLabel] === subject.name
        : at.federated.some((project) => project.name === labels[namespaceLabel]);
    return mine ? [{ name, uid }] : [];
  });
}

/** Refuses namespaces of the installation itself: whoever put them into a workspace, they are never deleted with it. @throws FederationError `KEPT_AT_RISK` */
export function refuseSystemNamespaces({ clusters }: LeavingProjects): void {
  const found = clusters.flatMap(({ cluster, closure }) =>
    closure.filter(({ name }) => systemNamespaces.has(name)).map(({ name }) => `${cluster}/${name}`),
  );
  if (found.length === 0) return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `${some(found)} would be deleted, and the installation lives there. Nothing was changed. Put it back into system-workspace.`,
  );
}
