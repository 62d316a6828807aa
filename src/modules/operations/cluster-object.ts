import { FederationError } from '../../errors.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { hostSecret, kubefedNamespace, systemWorkspace } from '../../kubesphere/names.ts';
import { type Cluster, type Condition, kubesphere } from '../../kubesphere/resources.ts';
import { madeBy } from '../changes.ts';
import { assertTakesNoNamespace, deletionClosure } from '../closure.ts';
import { onlyFor, type Right, toGet, toListAll, toWatch, within } from '../rights.ts';
import { create, edit, remove, type Work, waitFor, waitGone } from '../work.ts';

const resource = kubesphere.clusters;
/** How long a host may take to let go of a cluster. */
export const goneLimitMs = 120_000;

/** Limits of the waits for a join. */
export interface JoinLimits {
  /** The cluster controller's resync period; waits last at least three of them. @defaultValue 120000 */
  readonly resyncMs?: number;
  /** A Ready that the host wrote at this time, and not since, does not count: it says nothing about now (H18). */
  readonly notFrom?: string;
}

const isTrue = (conditions: readonly Condition[] | undefined, type: string): boolean =>
  (conditions ?? []).some((condition) => condition.type === type && condition.status === 'True');

/** Whether the conditions of an object say that it is Ready. */
export const isReady = (
  object: { readonly status?: { readonly conditions?: readonly Condition[] } } | undefined,
): boolean => isTrue(object?.status?.conditions, 'Ready');

/**
 * Waits until a host has joined a cluster: the right one by UID, and kubefed holds a live connection to it (H18).
 *
 * @param memberUid - `undefined` where the host alone knows who it is, as of one that an agent connects
 */
export async function waitJoined(
  work: Pick<Work, 'signal'>,
  host: KubeSphereCluster,
  name: string,
  memberUid: string | undefined,
  { resyncMs = 120_000, notFrom }: JoinLimits,
): Promise<void> {
  const timeoutMs = 3 * resyncMs + 60_000;
  await waitFor(work.signal, {
    cluster: host,
    resource,
    select: { fieldSelector: `metadata.name=${name}` },
    test: (objects) => {
      const status = objects.get(name)?.status;
      const refused = status?.conditions?.find(
        ({ type, status }) => type === 'Federated' && status === 'False',
      )?.reason;
      if (refused !== undefined && /conflict/i.test(refused))
        throw new FederationError('REJECTED', `${host.name}: joining cluster "${name}" was refused: ${refused}`);
      if (memberUid !== undefined && status?.uid !== undefined && status.uid !== memberUid)
        throw new FederationError(
          'ENV_CHANGED',
          `${host.name}: Cluster "${name}" leads to another cluster (UID ${status.uid}) than the member meant (UID ${memberUid}). Which kubeconfig was given?`,
        );
      const ready = status?.conditions?.find(({ type }) => type === 'Ready');
      const fresh = notFrom === undefined || ready?.lastUpdateTime !== notFrom;
      return ready?.status === 'True' && fresh && status?.uid !== undefined ? true : undefined;
    },
    what: `cluster "${name}" to be Ready`,
    timeoutMs,
  });
  await waitFor(work.signal, {
    cluster: host,
    resource: kubesphere.kubeFedClusters,
    select: { namespace: kubefedNamespace, fieldSelector: `metadata.name=${name}` },
    test: (objects) => isTrue(objects.get(`${kubefedNamespace}/${name}`)?.status?.conditions, 'Ready') || undefined,
    what: `kubefed to reach cluster "${name}"`,
    timeoutMs,
  });
}

/**
 * Waits until kubefed says of a member that it has the host's system-workspace, which is meant for every cluster. A cluster that was a host
 * keeps its own, and kubefed says so: it has looked there all the same.
 */
export async function waitArrived(
  { signal }: Pick<Work, 'signal'>,
  host: KubeSphereCluster,
  name: string,
): Promise<void> {
  await waitFor(signal, {
    cluster: host,
    resource: kubesphere.federatedWorkspaces,
    select: { fieldSelector: `metadata.name=${systemWorkspace}` },
    test: (objects) => {
      const entry = objects.get(systemWorkspace)?.status?.clusters?.find((cluster) => cluster.name === name);
      return entry !== undefined && ['', 'ManagedLabelFalse'].includes(entry.status ?? '') ? true : undefined;
    },
    what: `something of the host to arrive on cluster "${name}"`,
    timeoutMs: goneLimitMs,
  });
}

/** Whether a host holds anything of a cluster of that name: its Cluster object or kubefed's. */
export async function holds({ signal }: Pick<Work, 'signal'>, host: KubeSphereCluster, name: string): Promise<boolean> {
  const [cluster, joined] = await Promise.all([
    host.connection.find(resource, { name }, { signal }),
    host.connection.find(kubesphere.kubeFedClusters, { namespace: kubefedNamespace, name }, { signal }),
  ]);
  return cluster !== undefined || joined !== undefined;
}

/** What it takes to see whether a host, where there is one, holds a cluster. */
export const toSeeHeld = (host: KubeSphereCluster | undefined, name: string): readonly Right[] =>
  host === undefined
    ? []
    : onlyFor(name, [...toGet(host, resource), ...within(kubefedNamespace, toGet(host, kubesphere.kubeFedClusters))]);

/** Two hosts on one member destroy what both have. @throws FederationError `KEPT_AT_RISK` while `other` holds it */
export async function assertReleased(
  work: Pick<Work, 'signal'>,
  other: KubeSphereCluster | undefined,
  host: KubeSphereCluster,
  name: string,
): Promise<void> {
  if (other === undefined || !(await holds(work, other, name))) return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `${other.name} holds cluster "${name}": joined to ${host.name} as well it would lose what both hosts have on it, within a minute. Delete the Cluster on ${other.name}, wait until its KubeFedCluster is gone, then go on.`,
  );
}

/** What {@link release} reads. */
export const toRelease = (host: KubeSphereCluster): readonly Right[] => [
  ...toListAll(host),
  ...toWatch(host, resource),
  ...within(kubefedNamespace, toWatch(host, kubesphere.kubeFedClusters, core.secrets)),
];

/** Deletes a Cluster object by UID and waits until the host has let go of the member altogether. Nothing on the member is written. */
export async function release(work: Work, host: KubeSphereCluster, name: string, uid: string): Promise<void> {
  const target = { cluster: host, resource, name: { name }, uid };
  assertTakesNoNamespace(await deletionClosure(host, [uid], work.signal), `cluster "${name}"`);
  // Orphan: HelmReleases aimed at this cluster are owned by it, and are a host's only record of these apps.
  await remove(work, { ...target, propagationPolicy: 'Orphan' });
  await waitGone(work, target, goneLimitMs);
  await absent(work, host, name);
}

/** Waits until kubefed has forgotten a cluster: its KubeFedCluster and the Secret of the join are gone. */
export async function absent({ signal }: Pick<Work, 'signal'>, host: KubeSphereCluster, name: string): Promise<void> {
  await waitFor(signal, {
    cluster: host,
    resource: kubesphere.kubeFedClusters,
    select: { namespace: kubefedNamespace, fieldSelector: `metadata.name=${name}` },
    test: (objects) => (objects.size === 0 ? true : undefined),
    what: `kubefed to forget cluster "${name}"`,
    timeoutMs: goneLimitMs,
  });
  await waitFor(signal, {
    cluster: host,
    resource: core.secrets,
    select: { namespace: kubefedNamespace, fieldSelector: `metadata.name=${hostSecret(name)}` },
    test: (objects) => (objects.size === 0 ? true : undefined),
    what: `Secret ${hostSecret(name)} to be gone`,
    timeoutMs: goneLimitMs,
  });
}

/** Makes a Cluster object that its controller ignores, then, with its UID and resourceVersion, one that joins (rule 9). */
export async function join(
  work: Work,
  host: KubeSphereCluster,
  name: string,
  settings: Pick<ClusterBefore, 'labels' | 'annotations' | 'spec'>,
  secrets: ClusterSecrets,
): Promise<void> {
  const { labels, annotations, spec } = settings;
  const { connection, ...rest } = spec;
  const existing = await host.connection.find(resource, { name }, { signal: work.signal });
  const cluster =
    existing ??
    (await create(work, host, resource, {
      metadata: { name, labels, annotations },
      spec: { ...rest, joinFederation: false, connection: { ...connection, ...encoded(secrets) } },
    }));
  if (!madeBy(work.runId, cluster))
    throw new FederationError(
      'ALREADY_EXISTS',
      `${host.name} has a cluster "${name}" that this run did not make. It was left alone.`,
    );
  await edit(work, { cluster: host, resource, name: { name }, uid: cluster.metadata.uid }, (now) =>
    now.spec.joinFederation === (spec.joinFederation ?? true)
      ? undefined
      : { type: 'merge', body: { spec: { joinFederation: spec.joinFederation ?? true } } },
  );
}

/** What a Cluster object holds in secret. */
export interface ClusterSecrets {
  /** Empty: there is none, as before an agent has called. */
  readonly kubeconfig: string;
  readonly token?: string;
}

function encoded({ kubeconfig, token }: ClusterSecrets): { readonly kubeconfig?: string; readonly token?: string } {
  return {
    ...(kubeconfig === '' ? {} : { kubeconfig: Buffer.from(kubeconfig).toString('base64') }),
    ...(token === undefined ? {} : { token }),
  };
}

/** Reads what has to be parked before a Cluster object is deleted. */
export async function clusterSecrets(
  host: KubeSphereCluster,
  name: string,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const cluster = await host.connection.find(resource, { name }, { signal });
  const { kubeconfig, token } = cluster?.spec.connection ?? {};
  return {
    ...(kubeconfig === undefined ? {} : { kubeconfig: Buffer.from(kubeconfig, 'base64').toString() }),
    ...(token === undefined || token === '' ? {} : { token }),
  };
}

/** A Cluster object without its secrets. */
export interface ClusterBefore {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: Omit<Cluster['spec'], 'connection'> & {
    readonly connection: Omit<Cluster['spec']['connection'], 'kubeconfig' | 'token'>;
  };
}
