import { Agent, request } from 'undici';
import { expect, it } from 'vitest';
import { startApiServer } from '../../../src/testing/index.ts';
import { clusterIn, userIn } from '../../kubeconfigs.ts';

it.each([{ http2: false }, { http2: true }])('a warning reaches its client in any script (%o)', async ({ http2 }) => {
  await using server = await startApiServer({ name: 'one', http2 });
  const ca = Buffer.from(String(clusterIn(server.kubeconfig)['certificate-authority-data']), 'base64').toString();
  const dispatcher = new Agent({ connect: { ca }, allowH2: http2 });
  const answer = await request(`${server.url}/api/v1/namespaces/default/configmaps`, {
    method: 'POST',
    dispatcher,
    headers: {
      authorization: `Bearer ${String(userIn(server.kubeconfig)['token'])}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ metadata: { name: 'one' }, 数据: {} }),
  });
  await answer.body.dump();
  expect(answer.statusCode).toBe(201);
  // This client takes a character for each byte.
  const said = Buffer.from(String(answer.headers['warning']), 'latin1').toString();
  expect(said).toBe('299 - "unknown field \\"数据\\""');
  await dispatcher.destroy();
});
