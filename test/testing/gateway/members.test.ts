import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster } from '../../../src/kubesphere/resources.ts';
import { createMembers } from '../../../src/testing/gateway/members.ts';
import { until } from '../../../src/testing/index.ts';

const kubeconfigOf = (server: string, token: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'x',
    contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
    clusters: [{ name: 'x', cluster: { server } }],
    users: [{ name: 'x', user: { token } }],
  });

describe('ways to members', () => {
  let server: Server;
  let url: string;
  let seen: string[];
  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(String(request.headers.authorization));
      response.end('ok');
    });
    // Clients take this for how long they may keep a connection.
    server.keepAliveTimeout = 600_000;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const connections = () => new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));

  /** Members as the Clusters name them that `stored` holds. */
  function start() {
    seen = [];
    const stored = new Map<string, Cluster>();
    const store = (name: string, token: string): Cluster => {
      const kubeconfig = Buffer.from(kubeconfigOf(url, token)).toString('base64');
      const metadata = { name, uid: `uid-${name}`, resourceVersion: '1' };
      const cluster = { metadata, spec: { connection: { type: 'direct', kubeconfig } } } as unknown as Cluster;
      stored.set(name, cluster);
      return cluster;
    };
    const life = new AbortController();
    const list = async () => [...stored.values()] as never;
    const members = createMembers({ list }, life.signal);
    const ask = async (cluster: Cluster): Promise<void> => {
      const upstream = await members.cluster(cluster);
      await (await upstream.send({ method: 'GET', path: '/' })).body.text();
    };
    return { stored, store, life, members, ask };
  }

  it('are kept as long as the Cluster says the same, and let go when it says something else', async () => {
    const { store, members, ask } = start();
    const way = await members.cluster(store('m', 'one'));
    await ask(store('m', 'one'));
    expect(await members.cluster(store('m', 'one'))).toBe(way);
    for (const token of ['two', 'three', 'four']) await ask(store('m', token));
    expect(seen).toEqual(['one', 'two', 'three', 'four'].map((token) => `Bearer ${token}`));
    await until('the former ways are closed', async () => (await connections()) === 1);
    await members[Symbol.asyncDispose]();
    await until('no way is open', async () => (await connections()) === 0);
  });

  it('are let go after their Cluster', async () => {
    const { stored, store, members, ask } = start();
    for (const name of ['m1', 'm2', 'm3']) await ask(store(name, name));
    expect(await connections()).toBe(3);
    stored.clear();
    await ask(store('m4', 'm4'));
    await until('one way is open', async () => (await connections()) === 1);
    await members[Symbol.asyncDispose]();
    await until('no way is open', async () => (await connections()) === 0);
  });

  it('lead nowhere any more once their gateway has ended', async () => {
    const { store, life, members, ask } = start();
    const m = store('m', 'one');
    await ask(m);
    const gateway = members.gateway(url);
    life.abort(new Error('over'));
    await expect(ask(m)).rejects.toThrow('over');
    await expect(gateway.send({ method: 'GET', path: '/' })).rejects.toThrow('over');
    const opened = await members.open(kubeconfigOf(url, 'two'));
    await expect(opened.send({ method: 'GET', path: '/' })).rejects.toThrow('over');
    expect(seen).toEqual(['Bearer one']);
    await members[Symbol.asyncDispose]();
  });
});
