import { Buffer } from 'node:buffer';
import type { Connection } from '../kube/connection.ts';
import { core } from '../kube/resources.ts';
import { managedLabel, workspaceLabel } from '../kubesphere/names.ts';
import { type FederatedObject, kubesphere } from '../kubesphere/resources.ts';
import { createUnlessThere } from './controllers/writes.ts';
import { until } from './until.ts';

/** Multi-cluster projects as {@link createFederatedProjects} makes them. */
export interface SeedFederatedProjects {
  readonly workspace: string;
  readonly names: readonly string[];
  /** Members that they and their contents live on. */
  readonly clusters: readonly string[];
}

const hostStubLabel = 'kubesphere.io/kubefed-host-namespace';

/**
 * Creates multi-cluster projects on a host the way its console does: a stub of the namespace on the host, which the console hides,
 * and a FederatedNamespace with its placement (src/actions/federated.js of the console); in each a federated Deployment,
 * PersistentVolumeClaim, Secret and ConfigMap. Waits until kubefed has everything on every member.
 */
export async function createFederatedProjects(
  host: Connection,
  { workspace, names, clusters }: SeedFederatedProjects,
): Promise<void> {
  const placement = { clusters: clusters.map((name) => ({ name })) };
  const labels = { [workspaceLabel]: workspace };
  for (const name of names) {
    await createUnlessThere(host, core.namespaces, {
      metadata: { name, labels: { ...labels, [hostStubLabel]: 'true', [managedLabel]: 'false' } },
    });
    await createUnlessThere(host, kubesphere.federatedNamespaces, {
      metadata: { name, namespace: name, labels },
      spec: { template: { metadata: { labels } }, placement },
    });
    for (const { resource, object, template } of contentsOf(name)) {
      await createUnlessThere(host, resource, {
        metadata: { name: object, namespace: name },
        spec: { template, placement },
      });
    }
  }
  const arrived = ({ status }: FederatedObject): boolean =>
    clusters.every((cluster) =>
      status?.clusters?.some((entry) => entry.name === cluster && (entry.status ?? '') === ''),
    );
  await until(
    `the multi-cluster projects of ${workspace} are on ${clusters.join(', ')}`,
    async () => {
      for (const namespace of names) {
        if (!arrived(await host.get(kubesphere.federatedNamespaces, { namespace, name: namespace }))) return false;
        for (const { resource, object } of contentsOf(namespace))
          if (!arrived(await host.get(resource, { namespace, name: object }))) return false;
      }
      return true;
    },
    { timeoutMs: 120_000, everyMs: 100 },
  );
}

function contentsOf(project: string) {
  const labels = { app: 'web' };
  return [
    {
      resource: kubesphere.federatedDeployments,
      object: 'web',
      template: {
        metadata: { labels },
        spec: {
          replicas: 2,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'nginx:1.27' }] } },
        },
      },
    },
    {
      resource: kubesphere.federatedPersistentVolumeClaims,
      object: 'data',
      template: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    },
    {
      resource: kubesphere.federatedSecrets,
      object: 'credentials',
      template: { type: 'Opaque', data: { project: Buffer.from(project).toString('base64') } },
    },
    { resource: kubesphere.federatedConfigMaps, object: 'settings', template: { data: { project } } },
  ] as const;
}
