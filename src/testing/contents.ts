import { Buffer } from 'node:buffer';
import type { Connection } from '../kube/connection.ts';
import type { OwnerReference } from '../kube/objects.ts';
import { core } from '../kube/resources.ts';
import { workspaceLabel } from '../kubesphere/names.ts';
import { kubesphere } from '../kubesphere/resources.ts';
import { createUnlessThere } from './controllers/writes.ts';
import { until } from './until.ts';

/** Projects that something else than KubeSphere owns as well. */
export interface SeedForeignOwner {
  readonly projects: readonly string[];
  /** Name of the owner, a ClusterRole that is created where there is none. */
  readonly owner: string;
}

/** Makes something else a second owner of projects, as other tools do; answers the reference. Once it is gone, nothing happens to them. */
export async function addForeignOwner(
  connection: Connection,
  { projects, owner }: SeedForeignOwner,
): Promise<OwnerReference> {
  await createUnlessThere(connection, core.clusterRoles, { metadata: { name: owner }, rules: [] });
  const { metadata } = await connection.get(core.clusterRoles, { name: owner });
  const reference = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: owner, uid: metadata.uid };
  for (const name of projects) {
    const { ownerReferences = [], resourceVersion } = (await connection.get(core.namespaces, { name })).metadata;
    if (ownerReferences.some(({ uid }) => uid === metadata.uid)) continue;
    const body = { metadata: { ownerReferences: [...ownerReferences, reference] } };
    await connection.patch(core.namespaces, { name }, { type: 'merge', body }, { resourceVersion });
  }
  return reference;
}

/** Apps as {@link createHelmReleases} installs them. */
export interface SeedHelmReleases {
  readonly workspace: string;
  /** The project they are installed in. */
  readonly project: string;
  readonly names: readonly string[];
  /** Where the project is, by the host's name of that cluster. @defaultValue the cluster of the connection itself */
  readonly cluster?: string;
  /** Of the cluster that the project is on. @defaultValue the same as that of the HelmRelease */
  readonly target?: Connection;
}

/**
 * Installs apps of the App Store: a HelmRelease each, and on the project's cluster what its chart made (a Deployment, a
 * ConfigMap and a PersistentVolumeClaim) with helm's own record. Whoever deletes the HelmRelease uninstalls all of it.
 */
export async function createHelmReleases(
  connection: Connection,
  { workspace, project, names, cluster, target = connection }: SeedHelmReleases,
): Promise<void> {
  for (const name of names) {
    await install(target, project, name);
    const labels = {
      [workspaceLabel]: workspace,
      'kubesphere.io/namespace': project,
      ...(cluster === undefined ? {} : { 'kubesphere.io/cluster': cluster }),
    };
    await createUnlessThere(connection, kubesphere.helmReleases, { metadata: { name, labels }, spec: { name } });
    await until(`HelmRelease ${name} is taken care of`, async () => {
      const { finalizers } = (await connection.get(kubesphere.helmReleases, { name })).metadata;
      return finalizers !== undefined;
    });
  }
}

async function install(connection: Connection, namespace: string, release: string): Promise<void> {
  const labels = { app: release };
  const metadata = {
    name: release,
    namespace,
    labels: { ...labels, 'app.kubernetes.io/managed-by': 'Helm' },
    annotations: { 'meta.helm.sh/release-name': release, 'meta.helm.sh/release-namespace': namespace },
  };
  await createUnlessThere(connection, core.deployments, {
    metadata,
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: release, image: 'nginx:1.27' }] } },
    },
  });
  await createUnlessThere(connection, core.configMaps, { metadata, data: { release } });
  await createUnlessThere(connection, core.persistentVolumeClaims, {
    metadata,
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
  await createUnlessThere(connection, core.secrets, {
    metadata: {
      name: `sh.helm.release.v1.${release}.v1`,
      namespace,
      labels: { owner: 'helm', name: release, status: 'deployed', version: '1' },
    },
    type: 'helm.sh/release.v1',
    data: { release: Buffer.from(release).toString('base64') },
  });
}
