import { expect, it, vi } from 'vitest';
import { connectCluster } from '../../../src/kube/connect.ts';
import { core } from '../../../src/kube/resources.ts';
import { Clock } from '../../../src/testing/clock.ts';
import { connectNear } from '../../../src/testing/connect.ts';
import { Gate } from '../../../src/testing/gate.ts';
import { type ApiServer, startApiServer, until } from '../../../src/testing/index.ts';

const map = { namespace: 'default', name: 'one' };
const once = { retry: false } as const;

/** How many watches are open. */
function openWatches(server: ApiServer): number {
  let open = 0;
  server.endWatches(() => {
    open += 1;
    return false;
  });
  return open;
}

it.for([
  ['in this process', connectNear],
  ['by a socket', connectCluster],
] as const)('a watch %s whose client left while it was kept waiting is not opened', async ([, connect]) => {
  const clock = new Clock();
  clock.pause();
  await using server = await startApiServer({ name: 'one', clock });
  await using connection = await connect({ kubeconfig: server.kubeconfig });
  let asked = 0;
  const lift = server.intercept(({ verb }) => {
    if (verb !== 'watch') return undefined;
    asked += 1;
    return { delayMs: 1_000 };
  });
  const leave = new AbortController();
  const watching = (async () => {
    for await (const event of connection.watch(core.configMaps, { signal: leave.signal })) void event;
  })();
  await until('it was asked for', async () => asked > 0);
  leave.abort();
  await watching.catch(() => {});
  await clock.advance(2_000);
  expect(openWatches(server)).toBe(0);
  lift();
  // That the count can see one:
  const stay = new AbortController();
  const staying = (async () => {
    for await (const event of connection.watch(core.configMaps, { signal: stay.signal })) void event;
  })();
  await until('another watch is open', async () => openWatches(server) === 1);
  stay.abort();
  await staying.catch(() => {});
  await until('and closed', async () => openWatches(server) === 0);
});

it('a write that was to take effect late does nothing once the server is closed', async () => {
  const clock = new Clock();
  clock.pause();
  const server = await startApiServer({ name: 'one', clock });
  const connection = await connectNear({ kubeconfig: server.kubeconfig });
  server.intercept(({ verb }) => (verb === 'create' ? { lateMs: 1_000 } : undefined));
  for (const name of ['first', 'second']) {
    const late = connection.create(core.configMaps, { metadata: { ...map, name }, data: {} }, once);
    await expect(late).rejects.toMatchObject({ code: 'UNREACHABLE' });
    if (name === 'first') await clock.advance(1_000);
  }
  await connection[Symbol.asyncDispose]();
  await server.close();
  await clock.advance(10_000);
  expect(server.objects().flatMap(({ kind, metadata }) => (kind === 'ConfigMap' ? metadata.name : []))).toContain(
    'first',
  );
  expect(server.objects().map(({ metadata }) => metadata.name)).not.toContain('second');
});

it('what a fault keeps waiting ends with its server', async () => {
  const clock = new Clock();
  clock.pause();
  const slept = vi.spyOn(clock, 'sleep');
  const server = await startApiServer({ name: 'one', clock });
  const connection = await connectNear({ kubeconfig: server.kubeconfig });
  server.intercept(() => ({ delayMs: 3_600_000 }));
  const call = connection.get(core.configMaps, map, once).catch((error: unknown) => error);
  await until('it waits', async () => slept.mock.calls.length > 0);
  await connection[Symbol.asyncDispose]();
  await server.close();
  await call;
  for (const { value } of slept.mock.results) await expect(value).rejects.toMatchObject({ name: 'AbortError' });
});

it('a slow controller ends with its server, and does nothing more', async () => {
  const clock = new Clock();
  clock.pause();
  const gate = new Gate();
  const slept = vi.spyOn(clock, 'sleep');
  const server = await startApiServer({ name: 'one', clock, gate });
  const connection = await connectNear({ kubeconfig: server.kubeconfig });
  await clock.advance(10_000);
  gate.hinder((name) => name === 'service-accounts', 3_600_000);
  await connection.create(core.namespaces, { metadata: { name: 'late' } });
  await clock.advance(1_000);
  expect(slept).toHaveBeenCalledOnce();
  await connection[Symbol.asyncDispose]();
  await server.close();
  await expect(slept.mock.results[0]?.value).rejects.toMatchObject({ name: 'AbortError' });
  await clock.advance(10_000);
  const accounts = server.objects().filter(({ kind }) => kind === 'ServiceAccount');
  expect(accounts.map(({ metadata }) => metadata.namespace)).toContain('default');
  expect(accounts.map(({ metadata }) => metadata.namespace)).not.toContain('late');
});
