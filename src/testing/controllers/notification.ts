import { Buffer } from 'node:buffer';
import type { KubeObject, Resource } from '../../kube/objects.ts';
import { core, type Untyped } from '../../kube/resources.ts';
import { notificationNamespace } from '../../kubesphere/names.ts';
import type { Cluster } from '../../kubesphere/resources.ts';
import { connectNear } from '../connect.ts';
import { notificationKinds } from '../kinds.ts';
import { type Context, loop } from './context.ts';
import { federate } from './federate.ts';
import { ignoring, named } from './writes.ts';

/** On a Cluster: what the host copied of its notification settings goes from the member with it (3.4). */
const cleanupAnnotation = 'notification.kubesphere.io/cleanup';
const secrets = {
  namespace: notificationNamespace,
  labelSelector: 'notification.kubesphere.io/managed=true',
};

/** pkg/controller/notification of 3.x: a host federates its notification settings to all its members. */
export function notificationController(context: Context): void {
  const { manager, settings, version } = context;
  for (const { target, federated } of notificationKinds(version)) {
    const resource: Resource<Untyped> = target;
    const template = ({ spec = {} }: Untyped) => ({ spec });
    const sync = federate(manager, { resource, federated, template });
    loop(context, {
      name: `notification ${resource.plural}`,
      informer: manager.informer(resource),
      async reconcile(object) {
        if (settings.multiCluster() && object.metadata.deletionTimestamp === undefined) await sync(object);
        return undefined;
      },
    });
  }
}

/** Deletes a host's notification settings from a member that leaves, where its Cluster asks for that and is ready. */
export async function cleanNotifications({ manager, version }: Context, cluster: Cluster): Promise<void> {
  const { connection: host } = manager;
  const { metadata, spec, status } = cluster;
  const ready = status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True');
  if (ready !== true || metadata.annotations?.[cleanupAnnotation] !== 'true') return;
  const kubeconfig = Buffer.from(spec.connection.kubeconfig ?? '', 'base64').toString();
  await using member = await connectNear({ kubeconfig, name: metadata.name });
  const remove = (resource: Resource, object: KubeObject): Promise<void> =>
    ignoring(member.delete(resource, named(object), { propagationPolicy: 'Background' }), 'NOT_FOUND');
  for (const { target, federated } of notificationKinds(version)) {
    if (target.kind === 'NotificationManager') continue;
    for await (const object of host.list(federated)) await remove(target, object);
  }
  for await (const secret of host.list(core.secrets, secrets)) await remove(core.secrets, secret);
}
