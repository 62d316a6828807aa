import { Federation } from '../../../src/federation.ts';
import { core } from '../../../src/kube/resources.ts';
import { clusterWebhook } from '../../../src/kubesphere/names.ts';
import {
  createSandbox,
  type Moment,
  type Sandbox,
  type SandboxVersion,
  seedMember,
} from '../../../src/testing/index.ts';

/** Hosts A and B, and member M of A with a workspace of its own projects; put back to the start whenever asked. */
export interface Field extends AsyncDisposable {
  readonly sandbox: Sandbox<'a' | 'b' | 'm'>;
  /** A federation of A that reaches M by a credential of its own. */
  connect(options?: { readonly members?: false }): Promise<Federation>;
  rewind(): Promise<void>;
}

/** Starts it. */
export async function startField(version: SandboxVersion = '3.3'): Promise<Field> {
  const sandbox = await createSandbox({
    clusters: { a: { role: 'host', version }, b: { role: 'host', version }, m: { role: 'standalone', version } },
    speed: 100,
  });
  const { a, m } = sandbox.clusters;
  await seedMember({
    host: a.connection,
    member: m.connection,
    name: 'm',
    kubeconfig: m.clientCertificateKubeconfig,
    workspaces: { 'team-a': 2 },
  });
  await sandbox.clock.rest();
  const start: Moment = sandbox.moment();
  const open: Federation[] = [];
  const disconnect = async (): Promise<void> => {
    for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
  };
  return {
    sandbox,
    async connect({ members } = {}) {
      const federation = await Federation.connect({
        kubeconfig: a.kubeconfig,
        name: 'a',
        ...(members === false ? {} : { members: { m: { kubeconfig: m.kubeconfig } } }),
      });
      open.push(federation);
      return federation;
    },
    async rewind() {
      await disconnect();
      await sandbox.rewind(start);
    },
    async [Symbol.asyncDispose]() {
      await disconnect();
      await sandbox.close();
    },
  };
}

/** A host's webhook for clusters as it stands: what it looks at, and what is noted on it. */
export async function webhookOf({ sandbox }: Field) {
  const { connection } = sandbox.clusters.a;
  const { metadata, webhooks } = await connection.get(core.validatingWebhookConfigurations, { name: clusterWebhook });
  return { annotations: metadata.annotations ?? {}, webhooks };
}
