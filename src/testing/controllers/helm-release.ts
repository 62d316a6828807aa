import { Buffer } from 'node:buffer';
import type { Connection } from '../../kube/connection.ts';
import { apiVersionOf, type KubeObject } from '../../kube/objects.ts';
import { core, type Untyped } from '../../kube/resources.ts';
import { finalizers, hostLabel } from '../../kubesphere/names.ts';
import { type Cluster, kubesphere } from '../../kubesphere/resources.ts';
import { connectNear } from '../connect.ts';
import { type Context, loop } from './context.ts';
import { dropFinalizers, ignoring, named, update } from './writes.ts';

const clusterLabel = 'kubesphere.io/cluster';
const targetLabel = 'kubesphere.io/namespace';

/**
 * pkg/controller/openpitrix/helmrelease of 3.x: deleting a HelmRelease runs `helm uninstall` where it was installed,
 * unless its Cluster is gone or going. Objects of a release are told as helm marks them.
 */
export function helmReleaseController(context: Context): void {
  const { manager, settings } = context;
  const { connection } = manager;
  const clusters = manager.informer(kubesphere.clusters);

  /** The Cluster that a release of a host was installed on; `undefined` where it is this very cluster. */
  const nameOfTarget = (release: Untyped): string | undefined =>
    settings.multiCluster() ? release.metadata.labels?.[clusterLabel] : undefined;
  const isHost = (cluster: Cluster): boolean => cluster.metadata.labels?.[hostLabel] !== undefined;

  async function adopt(release: Untyped): Promise<void> {
    const target = nameOfTarget(release);
    const cluster = target === undefined ? undefined : clusters.get(target);
    if (target !== undefined && cluster === undefined) {
      await connection.delete(kubesphere.helmReleases, named(release), { propagationPolicy: 'Background' });
      return;
    }
    const { finalizers: present = [], ownerReferences = [] } = release.metadata;
    const owner =
      cluster === undefined || isHost(cluster)
        ? []
        : [
            {
              apiVersion: apiVersionOf(kubesphere.clusters),
              kind: kubesphere.clusters.kind,
              name: cluster.metadata.name,
              uid: cluster.metadata.uid,
            },
          ];
    await update(connection, kubesphere.helmReleases, release, {
      metadata: { finalizers: [...present, finalizers.helmRelease], ownerReferences: [...ownerReferences, ...owner] },
    });
  }

  async function uninstall(release: Untyped): Promise<void> {
    const target = nameOfTarget(release);
    const cluster = target === undefined ? undefined : clusters.get(target);
    if (target === undefined) return uninstallFrom(connection, release);
    const kubeconfig = cluster?.spec.connection.kubeconfig;
    if (kubeconfig === undefined || cluster?.metadata.deletionTimestamp !== undefined) return;
    await using member = await connectNear({
      kubeconfig: Buffer.from(kubeconfig, 'base64').toString(),
      name: target,
    });
    await uninstallFrom(member, release);
  }

  loop(context, {
    name: 'helmrelease',
    informer: manager.informer(kubesphere.helmReleases),
    async reconcile(release) {
      const mine = release.metadata.finalizers?.includes(finalizers.helmRelease) === true;
      if (release.metadata.deletionTimestamp === undefined) {
        if (!mine) await adopt(release);
      } else if (mine) {
        await uninstall(release);
        await dropFinalizers(connection, kubesphere.helmReleases, release, finalizers.helmRelease);
      }
      return undefined;
    },
  });
}

/** `helm uninstall`: what the chart made, of whatever kind, unless its author wants it kept, and helm's own record of the release. */
async function uninstallFrom(connection: Connection, release: Untyped): Promise<void> {
  const namespace = release.metadata.labels?.[targetLabel];
  const name = release.spec?.['name'];
  if (namespace === undefined || typeof name !== 'string') return;
  const belongs = ({ metadata: { annotations } }: KubeObject): boolean =>
    annotations?.['meta.helm.sh/release-name'] === name &&
    (annotations['meta.helm.sh/release-namespace'] ?? namespace) === namespace &&
    annotations['helm.sh/resource-policy'] !== 'keep';
  for (const resource of await connection.resources()) {
    if (!resource.verbs.includes('list') || !resource.verbs.includes('delete')) continue;
    for await (const object of connection.list(resource, resource.namespaced ? { namespace } : {})) {
      if (!belongs(object)) continue;
      await ignoring(connection.delete(resource, named(object), { propagationPolicy: 'Background' }), 'NOT_FOUND');
    }
  }
  for await (const record of connection.list(core.secrets, { namespace, labelSelector: `owner=helm,name=${name}` })) {
    await ignoring(connection.delete(core.secrets, named(record), { propagationPolicy: 'Background' }), 'NOT_FOUND');
  }
}
