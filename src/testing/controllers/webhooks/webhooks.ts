import { core } from '../../../kube/resources.ts';
import { kubesphere } from '../../../kubesphere/resources.ts';
import { recordAt, text } from '../../server/object.ts';
import type { Context } from '../context.ts';
import type { Manager } from '../runtime.ts';
import { createUnlessThere } from '../writes.ts';
import { clusterReview } from './clusters.ts';
import { type Review, startWebhookServer, type WebhookServer } from './server.ts';
import { emailReview } from './users.ts';

interface Webhook {
  /** Name of its configuration. */
  readonly configuration: string;
  readonly name: string;
  readonly path: string;
  readonly resource: { readonly group: string; readonly version: string; readonly plural: string };
  readonly operations: readonly string[];
  /** `undefined` where the program does not serve it now. */
  readonly review: () => Review | undefined;
}

/**
 * The webhooks of ks-controller-manager that refuse what they cannot judge (ks-installer, ks-core/templates/webhook.yaml).
 * Their configurations are those of the product but for the address, which is a loopback port in place of a Service:
 * they stay when the controllers stop, and then nothing they are about can be written.
 */
export async function startWebhooks({ manager, settings, version }: Context): Promise<void> {
  const users = manager.informer(kubesphere.users);
  const webhooks: Webhook[] = [
    {
      configuration: 'users.iam.kubesphere.io',
      name: 'users.iam.kubesphere.io',
      path: '/validate-email-iam-kubesphere-io-v1alpha2',
      resource: kubesphere.users,
      operations: ['CREATE', 'UPDATE'],
      review: () => emailReview(users),
    },
  ];
  if (version === '3.4') {
    webhooks.push({
      configuration: 'cluster.kubesphere.io',
      name: 'validating-cluster.kubesphere.io',
      path: '/validate-cluster-kubesphere-io-v1alpha1',
      resource: kubesphere.clusters,
      operations: ['UPDATE'],
      // Configured on every cluster, but registered by a host alone: anybody else refuses every update of a Cluster.
      review: () => (settings.multiCluster() ? clusterReview : undefined),
    });
  }
  const server = await startWebhookServer(
    (asked) => webhooks.find(({ path }) => path === asked)?.review(),
    () => manager.isDown('webhooks'),
    await formerPort(manager),
  );
  manager.onClose(async () => server[Symbol.asyncDispose]());
  manager.signal.throwIfAborted();
  for (const webhook of webhooks) await configure({ manager }, webhook, server);
}

/** Where the webhooks listened before a restart: their address does not change with it, as that of a Service does not. */
async function formerPort({ connection }: Manager): Promise<number> {
  const at = { name: 'users.iam.kubesphere.io' };
  const configuration = await connection.find(core.validatingWebhookConfigurations, at);
  const [webhook] = configuration?.webhooks ?? [];
  const url = URL.parse(text(recordAt(webhook, 'clientConfig')['url']) ?? '');
  return url?.hostname === '127.0.0.1' ? Number(url.port) : 0;
}

async function configure(
  { manager }: Pick<Context, 'manager'>,
  webhook: Webhook,
  server: WebhookServer,
): Promise<void> {
  const { connection } = manager;
  const { group, version, plural } = webhook.resource;
  const webhooks = [
    {
      name: webhook.name,
      admissionReviewVersions: ['v1beta1'],
      clientConfig: { url: `${server.url}${webhook.path}`, caBundle: server.caBundle },
      failurePolicy: 'Fail',
      matchPolicy: 'Exact',
      namespaceSelector: { matchExpressions: [{ key: 'control-plane', operator: 'DoesNotExist' }] },
      objectSelector: {},
      rules: [
        { apiGroups: [group], apiVersions: [version], operations: webhook.operations, resources: [plural], scope: '*' },
      ],
      sideEffects: 'None',
      timeoutSeconds: 30,
    },
  ];
  const at = { name: webhook.configuration };
  await createUnlessThere(connection, core.validatingWebhookConfigurations, { metadata: at, webhooks });
  await connection.patch(core.validatingWebhookConfigurations, at, { type: 'merge', body: { webhooks } });
}
