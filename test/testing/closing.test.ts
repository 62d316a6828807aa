import { expect, it } from 'vitest';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { createSandbox, until } from '../../src/testing/index.ts';

it('a sandbox closes whole, though somebody stored a kubeconfig that is none', async () => {
  const heard: string[] = [];
  const hear = (message: string): void => void heard.push(message);
  const logger = { debug: hear, info: hear, warn: hear, error: hear };
  const sandbox = await createSandbox({ clusters: { a: { role: 'host' } }, speed: 60, logger });
  const { connection, url } = sandbox.clusters.a;
  await connection.create(kubesphere.clusters, {
    metadata: { name: 'm' },
    spec: {
      joinFederation: true,
      connection: { type: 'direct', kubeconfig: Buffer.from('clusters: [').toString('base64') },
    },
  });
  await until('the cluster controller has met it', async () => heard.some((message) => message.includes('no YAML')));
  await sandbox.close();
  await expect(fetch(`${url}/version`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
}, 60_000);
