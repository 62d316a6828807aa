import { stringify } from 'yaml';
import { defineResource, type Untyped } from '../../kube/resources.ts';
import { kubesphereNamespace } from '../../kubesphere/names.ts';
import { type Cluster, kubesphere } from '../../kubesphere/resources.ts';
import { recordAt, recordsAt, text } from '../server/object.ts';
import type { GatewayContext } from './context.ts';
import { Refusal } from './refusal.ts';
import { only, type Route } from './routes.ts';
import type { Settings } from './settings.ts';

const services = defineResource<Untyped>({ version: 'v1', kind: 'Service', plural: 'services', namespaced: true });

/** Where agents find tower: what is configured, else where its Service can be reached from outside. */
async function proxyAddress({ kube }: GatewayContext, { multicluster }: Settings): Promise<string> {
  const { proxyPublishAddress: configured, proxyPublishService: named } = multicluster;
  if (configured !== '') return configured;
  if (named === '') throw new Refusal(404, 'neither proxy address nor proxy service provided');
  const [name = '', namespace = kubesphereNamespace] = named.split('.');
  const service = await kube.find(services, { namespace, name });
  if (service === undefined) throw new Refusal(404, `service ${name} not found in namespace ${namespace}`);
  const port = recordsAt(service, 'spec', 'ports')[0]?.['port'];
  if (port === undefined) throw new Refusal(404, `there are no ports in proxy service ${named} spec`);
  const ingress = recordsAt(recordAt(service, 'status', 'loadBalancer'), 'ingress').at(-1);
  const address = text(ingress?.['ip']) ?? text(ingress?.['hostname']);
  if (address !== undefined) return `http://${address}:${String(port)}`;
  throw new Refusal(
    404,
    `cannot generate agent deployment yaml for member cluster  because ${named} service has no public address, please check ${named} status, or set address  mannually in ClusterConfiguration`,
  );
}

/** The agent that is applied on the member: it dials the host's tower and lets requests in. */
function agentOf({ metadata, spec }: Cluster, address: string, image: string): object {
  const labels = { app: 'agent', 'app.kubernetes.io/part-of': 'tower' };
  const command = [
    '/agent',
    `--name=${metadata.name}`,
    `--token=${spec.connection.token ?? ''}`,
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

/** The manifest of an agent (pkg/kapis/cluster/v1alpha1). */
export const clusterAgentRoute: Route = {
  method: 'GET',
  pattern: '/kapis/cluster.kubesphere.io/v1alpha1/clusters/{cluster}/agent/deployment',
  failure: only(500, 404),
  async handle(gate, request) {
    const cluster = await gate.kube.lookUp(kubesphere.clusters, { name: request.at('cluster') });
    if (cluster.spec.connection.type !== 'proxy')
      throw new Refusal(404, `cluster ${cluster.metadata.name} is not using proxy connection`);
    const settings = await gate.settings();
    const address = await proxyAddress(gate, settings);
    const body = stringify(agentOf(cluster, address, settings.multicluster.agentImage));
    return { code: 200, body, contentType: 'text/yaml' };
  },
};
