import { Federation } from '../../../src/federation.ts';
import {
  createSandbox,
  createUser,
  joinCluster,
  makeMember,
  type Sandbox,
  untilFederated,
} from '../../../src/testing/index.ts';

/** Host A with its members M and N, reached by one federation. */
export interface Scene extends AsyncDisposable {
  readonly sandbox: Sandbox<'a' | 'm' | 'n'>;
  readonly federation: Federation;
}

/** Starts it. */
export async function startScene(): Promise<Scene> {
  const sandbox = await createSandbox({
    clusters: { a: { role: 'host' }, m: { role: 'standalone' }, n: { role: 'standalone' } },
    speed: 100,
  });
  const { a, m, n } = sandbox.clusters;
  try {
    for (const [name, member] of [
      ['m', m],
      ['n', n],
    ] as const) {
      await makeMember({ host: a.connection, member: member.connection });
      await joinCluster(a.connection, { name, kubeconfig: member.clientCertificateKubeconfig });
    }
    await createUser(a.connection, { name: 'ann' });
    for (const name of ['m', 'n']) await untilFederated(a.connection, { name, workspaces: [] });
    const federation = await Federation.connect({ kubeconfig: a.clientCertificateKubeconfig, name: 'a' });
    return {
      sandbox,
      federation,
      async [Symbol.asyncDispose]() {
        await federation[Symbol.asyncDispose]();
        await sandbox.close();
      },
    };
  } catch (error) {
    await sandbox.close();
    throw error;
  }
}
