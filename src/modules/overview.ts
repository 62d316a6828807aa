import { core } from '../kube/resources.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { readInstallation } from '../kubesphere/installation.ts';
import { type KubeconfigExpiry, kubeconfigExpiry } from '../kubesphere/kubeconfig-expiry.ts';
import { hostLabel, hostStubLabel, systemWorkspace, workspaceLabel } from '../kubesphere/names.ts';
import { type Cluster, kubesphere } from '../kubesphere/resources.ts';
import type { CallOptions } from '../types.ts';
import { askClusters, type ClusterAnswer } from './across.ts';
import { type ComponentStates, componentsOf } from './components/state.ts';
import type { FederationEnv } from './env.ts';
import { callOptionsIn } from './options.ts';

/** The kubeconfig that a host keeps of a cluster. */
export interface StoredKubeconfig extends KubeconfigExpiry {
  /** Whole days until {@link KubeconfigExpiry.expires}; negative once it is over. */
  readonly daysLeft?: number;
  /** The host's own condition KubeConfigCertExpiresInSevenDays, where it has one. */
  readonly hostWarns?: boolean;
}

/** What a cluster itself answered. */
export interface ClusterAnswered {
  readonly answered: true;
  /** As its kubesphere-config says. */
  readonly role: 'host' | 'member' | 'none';
  readonly kubeSphereVersion: string;
  readonly kubernetesVersion: string;
  /** Whether its jwtSecret is the host's: compared by digest. Where it `differs`, tokens of the host are not accepted there. */
  readonly jwtSecret: 'agrees' | 'differs' | 'unknown';
  /** `accessTokenMaxAge` is 0, as members need it. */
  readonly acceptsHostTokens: boolean;
  /** Workspaces on it, system-workspace left out. */
  readonly workspaces: number;
  /** Projects on it: namespaces of a workspace, those of system-workspace left out. */
  readonly projects: number;
  /** Absent on 4.x, which has extensions in their place. */
  readonly components?: ComponentStates;
}

/** One cluster of a federation. */
export interface ClusterOverview {
  readonly name: string;
  readonly role: 'host' | 'member';
  readonly connection: 'direct' | 'proxy';
  /** The host says so, up to minutes late; whether the cluster answers is {@link ClusterOverview.itself}. */
  readonly ready: boolean;
  /** Since when it is Ready, or not; ISO 8601. */
  readonly since?: string;
  /** What the host says where it is not. */
  readonly why?: string;
  readonly kubeconfig?: StoredKubeconfig;
  readonly itself: ClusterAnswered | { readonly answered: false; readonly why: string };
}

/** A workspace as the host defines it. */
export interface WorkspaceOverview {
  readonly name: string;
  readonly manager?: string;
  /** Clusters it is placed on by name; absent where a selector places it. */
  readonly clusters?: readonly string[];
}

/** A federation at one glance; plain JSON. */
export interface FederationOverview {
  /** When it was taken; ISO 8601. */
  readonly at: string;
  readonly host: string;
  readonly clusters: readonly ClusterOverview[];
  /** Of those clusters, the ones that did not answer: counts lack what they have. */
  readonly silent: readonly string[];
  readonly workspaces: readonly WorkspaceOverview[];
  /** Projects on all clusters that answered. */
  readonly projects: number;
}

interface Answer extends Omit<ClusterAnswered, 'answered' | 'jwtSecret'> {
  readonly jwtDigest: string | undefined;
}

const dayMs = 86_400_000;
/** Real ones: without the host's stubs of multi-cluster projects, and without what the installation itself is made of. */
const projectSelector = `${workspaceLabel},${workspaceLabel}!=${systemWorkspace},!${hostStubLabel}`;

async function count(listing: AsyncIterable<unknown>): Promise<number> {
  let counted = 0;
  for await (const _one of listing) counted += 1;
  return counted;
}

async function ask(cluster: KubeSphereCluster, options: CallOptions): Promise<Answer> {
  const { connection, version } = cluster;
  const [installation, kubernetesVersion, workspaces, projects, components] = await Promise.all([
    readInstallation(connection, options),
    connection.version(options),
    count(
      connection.listMetadata(kubesphere.workspaces, {
        ...options,
        fieldSelector: `metadata.name!=${systemWorkspace}`,
      }),
    ),
    count(connection.listMetadata(core.namespaces, { ...options, labelSelector: projectSelector })),
    version.line === '3.x' ? componentsOf(cluster, options) : undefined,
  ]);
  const { role, jwtDigest, acceptsHostTokens } = installation;
  return {
    role,
    jwtDigest,
    acceptsHostTokens,
    kubeSphereVersion: version.text,
    kubernetesVersion,
    workspaces,
    projects,
    ...(components === undefined ? {} : { components }),
  };
}

function storedKubeconfig({ spec, status }: Cluster, now: number): StoredKubeconfig | undefined {
  const { kubeconfig } = spec.connection;
  if (!kubeconfig) return undefined;
  const expiry = kubeconfigExpiry(kubeconfig);
  const warning = status?.conditions?.find(({ type }) => type === 'KubeConfigCertExpiresInSevenDays')?.status;
  return {
    ...expiry,
    ...(expiry.expires === undefined ? {} : { daysLeft: Math.floor((Date.parse(expiry.expires) - now) / dayMs) }),
    ...(warning === undefined ? {} : { hostWarns: warning === 'True' }),
  };
}

function shown(
  cluster: Cluster,
  name: string,
  answer: ClusterAnswer<Answer> | undefined,
  hostDigest: string | undefined,
  now: number,
): ClusterOverview {
  const { spec, status, metadata } = cluster;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const refused = status?.conditions?.find((one) => one.type === 'Federated' && one.status === 'False');
  const isReady = ready?.status === 'True';
  // On 3.x what went wrong with a join stands in the reason (cluster_controller.go:408-433).
  const why = refused?.reason || ready?.message || ready?.reason || 'the host has not looked at it yet';
  const kubeconfig = storedKubeconfig(cluster, now);
  return {
    name,
    role: hostLabel in (metadata.labels ?? {}) ? 'host' : 'member',
    connection: spec.connection.type,
    ready: isReady,
    ...(ready?.lastTransitionTime === undefined ? {} : { since: ready.lastTransitionTime }),
    ...(isReady ? {} : { why }),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    itself: itself(answer, hostDigest),
  };
}

function itself(answer: ClusterAnswer<Answer> | undefined, hostDigest: string | undefined): ClusterOverview['itself'] {
  if (answer?.answered !== true) return { answered: false, why: answer?.error.message ?? 'it was not asked' };
  const { jwtDigest, ...rest } = answer.value;
  const jwtSecret =
    hostDigest === undefined || jwtDigest === undefined ? 'unknown' : hostDigest === jwtDigest ? 'agrees' : 'differs';
  return { answered: true, jwtSecret, ...rest };
}

/**
 * A federation at one glance. Fails only where the host itself does not answer; any other cluster that is silent is named.
 *
 * @throws ApiError of the host
 */
export async function overview(env: FederationEnv, given: CallOptions = {}): Promise<FederationOverview> {
  const { host } = env;
  const options = callOptionsIn(given);
  const now = Date.now();
  const [clusters, templates, own] = await Promise.all([
    host.connection.list(kubesphere.clusters, options).toArray(),
    host.connection.list(kubesphere.workspaceTemplates, options).toArray(),
    readInstallation(host.connection, options),
  ]);
  const named = clusters.map((cluster) => ({
    cluster,
    name: hostLabel in (cluster.metadata.labels ?? {}) ? host.name : cluster.metadata.name,
  }));
  const answers = new Map(
    (await askClusters(env, ask, { ...options, clusters: named.map(({ name }) => name) })).map((one) => [
      one.cluster,
      one,
    ]),
  );
  const rows = named.map(({ cluster, name }) => shown(cluster, name, answers.get(name), own.jwtDigest, now));
  return {
    at: new Date(now).toISOString(),
    host: host.name,
    clusters: rows,
    silent: rows.flatMap(({ name, itself: { answered } }) => (answered ? [] : [name])),
    workspaces: templates
      .filter(({ metadata }) => metadata.name !== systemWorkspace)
      .map(({ metadata, spec }) => {
        const { manager } = spec.template.spec ?? {};
        const { clusters: placed, clusterSelector } = spec.placement ?? {};
        const names = placed?.map(({ name }) => name) ?? (clusterSelector === undefined ? [] : undefined);
        return {
          name: metadata.name,
          ...(manager === undefined ? {} : { manager }),
          ...(names === undefined ? {} : { clusters: names }),
        };
      }),
    projects: rows.reduce((sum, { itself: one }) => sum + (one.answered ? one.projects : 0), 0),
  };
}
