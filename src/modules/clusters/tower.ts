import { stringify } from 'yaml';
import { FederationError } from '../../errors.ts';
import { defineResource, type Untyped } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { type Installation, readInstallation } from '../../kubesphere/installation.ts';
import { kubesphereNamespace } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';

const services = defineResource<Untyped>({ version: 'v1', kind: 'Service', plural: 'services', namespaced: true });

/**
 * Where agents dial: what is configured, else the address of tower's Service; `undefined` where there is neither (v3.3.2
 * pkg/kapis/cluster/v1alpha1).
 */
export async function towerAddress(
  { connection }: Pick<KubeSphereCluster, 'connection'>,
  { proxyPublishAddress, proxyPublishService }: Installation,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (proxyPublishAddress !== undefined) return proxyPublishAddress;
  const [name = '', namespace = kubesphereNamespace] = (proxyPublishService ?? '').split('.');
  if (name === '') return undefined;
  const service = await connection.find(services, { namespace, name }, { signal });
  const balancer = service?.status?.['loadBalancer'] as
    | { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] }
    | undefined;
  const [port] = (service?.spec?.['ports'] ?? []) as readonly { readonly port?: number }[];
  const ingress = balancer?.ingress?.at(-1);
  const address = ingress?.ip ?? ingress?.hostname;
  return address === undefined || port?.port === undefined ? undefined : `http://${address}:${port.port}`;
}

/**
 * The Deployment of a member's agent as ks-apiserver makes it (v3.3.2 pkg/kapis/cluster/v1alpha1/handler.go:184-253), from what the host
 * itself has: its own route answers nobody who comes through the API server's service proxy, which keeps the credentials to itself.
 *
 * @returns YAML; a secret, for the agent's token is in it
 */
export async function agentManifestOf(host: KubeSphereCluster, name: string, signal: AbortSignal): Promise<string> {
  const { spec } = await host.connection.get(kubesphere.clusters, { name }, { signal });
  if (spec.connection.type !== 'proxy')
    throw new FederationError(
      'UNSUPPORTED',
      `${host.name}: cluster "${name}" is connected directly and has no agent. Import it with connection: 'agent' for one.`,
    );
  const token = spec.connection.token ?? '';
  if (token === '')
    throw new FederationError(
      'NOT_OBSERVED',
      `${host.name}: tower has not prepared for the agent of cluster "${name}". Look at Deployment ${kubesphereNamespace}/tower.`,
    );
  const installation = await readInstallation(host.connection, { signal });
  const address = await towerAddress(host, installation, signal);
  if (address === undefined || installation.agentImage === undefined)
    throw new FederationError(
      'NOT_OBSERVED',
      `${host.name}: ${address === undefined ? 'tower has no address that can be reached from outside' : 'kubesphere-config names no multicluster.agentImage'}. ${address === undefined ? 'Give its Service a load balancer, or set spec.multicluster.proxyPublishAddress' : 'Set spec.multicluster.agentImage'} of ClusterConfiguration ks-installer.`,
    );
  return stringify(agentOf(name, token, address, installation.agentImage));
}

function agentOf(name: string, token: string, address: string, image: string): object {
  const labels = { app: 'agent', 'app.kubernetes.io/part-of': 'tower' };
  const command = [
    '/agent',
    `--name=${name}`,
    `--token=${token}`,
    `--proxy-server=${address}`,
    '--keepalive=10s',
    `--kubesphere-service=ks-apiserver.${kubesphereNamespace}.svc:80`,
    '--kubernetes-service=kubernetes.default.svc:443',
    '--v=0',
  ];
  const resources = { limits: { cpu: '1', memory: '200M' }, requests: { cpu: '100m', memory: '100M' } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'cluster-agent', namespace: kubesphereNamespace },
    spec: {
      selector: { matchLabels: labels },
      strategy: {},
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'agent', image, command, resources }], serviceAccountName: 'kubesphere' },
      },
    },
  };
}
