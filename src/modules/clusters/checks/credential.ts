import { FederationError } from '../../../errors.ts';
import type { Connection } from '../../../kube/connection.ts';
import type { PortableKubeconfig } from '../../../kube/portable.ts';
import { core } from '../../../kube/resources.ts';
import type { KubeSphereCluster } from '../../../kubesphere/cluster.ts';
import { hostServiceAccount, kubefedNamespace, kubesphereNamespace } from '../../../kubesphere/names.ts';
import { leadsThrough } from '../way.ts';
import { blocks, type ClusterFinding, warns } from './finding.ts';

const day = 24 * 3_600_000;
/** With less than this left a kubeconfig is worth a word. */
const soonMs = 30 * day;

/** Whether a host can keep this kubeconfig and use it. Nothing is sent. */
export function checkKubeconfig(
  host: KubeSphereCluster,
  cluster: string,
  { server, clientCertificate, serviceAccount, expires }: PortableKubeconfig,
): ClusterFinding[] {
  const found: ClusterFinding[] = [];
  if (leadsThrough(server, host.connection.server))
    found.push(
      blocks(
        'THROUGH_A_HOST',
        cluster,
        `The kubeconfig leads through a host (${new URL(server).origin}), not to the cluster itself.`,
        "Give one with the cluster's own address.",
      ),
    );
  if (host.version.minor === 3 && !clientCertificate)
    found.push(
      blocks(
        'CLIENT_CERTIFICATE',
        cluster,
        `${host.name} runs KubeSphere ${host.version.text}: with a kubeconfig that has no client certificate its cluster never becomes Ready.`,
        'Give a kubeconfig with client-certificate-data, or upgrade the host to 3.4.',
      ),
    );
  if (serviceAccount === `${kubefedNamespace}/${hostServiceAccount(cluster)}`)
    found.push(
      blocks(
        'HOST_ACCOUNT',
        cluster,
        `The kubeconfig is that of ServiceAccount ${serviceAccount}, which a host makes for itself and which goes when the cluster is unbound.`,
        "Give an administrator's kubeconfig.",
      ),
    );
  const left = expires === undefined ? undefined : Date.parse(expires) - Date.now();
  if (left !== undefined && left <= 0)
    found.push(blocks('EXPIRED', cluster, `The credentials in the kubeconfig ended at ${expires}.`, 'Renew them.'));
  else if (left !== undefined && left < soonMs)
    found.push(
      warns(
        'EXPIRES_SOON',
        cluster,
        `The credentials in the kubeconfig end at ${expires}, in ${Math.floor(left / day)} day(s); then the host loses the cluster.`,
        'Renew them first, or plan for federation.clusters.updateKubeconfig.',
      ),
    );
  return found;
}

/** What a host makes itself on a member (v3.3.2 join.go): nobody can make a role with more rights than one's own. */
const everything = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['get'], nonResourceURLs: ['*'] },
];

/** Whether a host could make its account and rights with this kubeconfig: the server is asked to pretend so. */
export async function checkRights(
  { cluster, create }: Pick<Connection, 'cluster' | 'create'>,
  signal: AbortSignal,
): Promise<ClusterFinding[]> {
  try {
    const metadata = { name: 'kubesphere-federation-preflight' };
    await create(core.clusterRoles, { metadata, rules: everything }, { dryRun: true, signal });
    return [];
  } catch (error) {
    if (!FederationError.is(error, 'FORBIDDEN')) throw error;
    return [
      blocks(
        'NOT_ADMIN',
        cluster,
        `The kubeconfig's user has not every right on ${cluster}, which a host needs there: ${error.message}`,
        'Give the kubeconfig of a user bound to ClusterRole cluster-admin.',
      ),
    ];
  }
}

/** Whether ks-apiserver answers where the host will look for it: behind the API server's service proxy (v3.3.2 handler.go:410-441). */
export async function checkFrontDoor(
  { cluster, raw }: Pick<Connection, 'cluster' | 'raw'>,
  signal: AbortSignal,
): Promise<ClusterFinding[]> {
  const path = `/api/v1/namespaces/${kubesphereNamespace}/services/:ks-apiserver:/proxy/kapis/version`;
  const problem = await raw(path, { signal, retry: false }).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  if (problem === undefined) return [];
  signal.throwIfAborted();
  return [
    blocks(
      'FRONT_DOOR',
      cluster,
      `${cluster}: ks-apiserver does not answer behind its API server: ${problem}`,
      `See that Deployment and Service ${kubesphereNamespace}/ks-apiserver are up there.`,
    ),
  ];
}
