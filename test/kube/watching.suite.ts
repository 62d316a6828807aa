import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectCluster } from '../../src/kube/connect.ts';
import type { Connection } from '../../src/kube/connection.ts';
import { core } from '../../src/kube/resources.ts';
import { until } from '../../src/testing/index.ts';
import type { Federation, Ground } from '../grounds.ts';
import { type FaultProxy, startFaultProxy } from '../modules/kit/fault-proxy.ts';

const patient = { timeout: 120_000 };

/** A watch of ConfigMaps that lives through what networks and servers do to it, and knows at the end what there is. */
export function describeWatching(ground: Ground): void {
  describe(`a watch on ${ground.name}`, patient, () => {
    let federation: Federation<'m'>;
    let proxy: FaultProxy;
    let through: Connection;
    let direct: Connection;
    beforeAll(async () => {
      federation = await ground.start({ m: { role: 'member' } });
      const { connection, tokenKubeconfig } = federation.clusters.m;
      direct = connection;
      proxy = await startFaultProxy('m', tokenKubeconfig);
      through = await connectCluster({ kubeconfig: proxy.kubeconfig, name: 'm' });
    }, 1_200_000);
    afterAll(async () => {
      await through?.[Symbol.asyncDispose]();
      await proxy?.[Symbol.asyncDispose]();
      await federation?.[Symbol.asyncDispose]();
    }, 120_000);

    /** Follows the ConfigMaps of one namespace; what it holds them to be can be asked at any time. */
    async function follow(namespace: string, deadAfterMs?: number) {
      await direct.create(core.namespaces, { metadata: { name: namespace } });
      const known = new Map<string, string>();
      let synced = 0;
      const stop = new AbortController();
      const watching = (async () => {
        const options = { namespace, signal: stop.signal, retry: { minDelayMs: 20, maxDelayMs: 200 } };
        for await (const event of through.watch(core.configMaps, {
          ...options,
          ...(deadAfterMs !== undefined && { deadAfterMs }),
        })) {
          if (event.type === 'synced') {
            synced += 1;
            known.clear();
            for (const { metadata, data } of event.objects) known.set(metadata.name, data?.['value'] ?? '');
          } else if (event.type === 'deleted') known.delete(event.object.metadata.name);
          else known.set(event.object.metadata.name, event.object.data?.['value'] ?? '');
        }
      })();
      await until('it follows', async () => synced > 0);
      return {
        known,
        synced: () => synced,
        async end() {
          stop.abort();
          await watching;
        },
      };
    }
    const put = (namespace: string, name: string, value: string) =>
      direct.create(core.configMaps, { metadata: { namespace, name }, data: { value } });
    const change = (namespace: string, name: string, value: string) =>
      direct.patch(core.configMaps, { namespace, name }, { type: 'merge', body: { data: { value } } });
    const drop = (namespace: string, name: string) =>
      direct.delete(core.configMaps, { namespace, name }, { propagationPolicy: 'Background' });
    async function agrees(namespace: string, known: ReadonlyMap<string, string>): Promise<void> {
      await until(
        'it knows what there is',
        async () => {
          const there = await direct.list(core.configMaps, { namespace }).toArray();
          const expected = new Map(there.map(({ metadata, data }) => [metadata.name, data?.['value'] ?? '']));
          return (
            expected.size === known.size &&
            [...expected].every(([name, value]) => known.get(name) === value) &&
            expected.has('last')
          );
        },
        { timeoutMs: 60_000 },
      );
    }
    const isWatch = ({ query }: { readonly query: URLSearchParams }): boolean => query.has('watch');

    it('misses no change when its connection breaks again and again', async () => {
      const it = await follow('broken');
      for (let round = 0; round < 10; round += 1) {
        await put('broken', `c-${round}`, 'one');
        proxy.cut();
        if (round > 2) await change('broken', `c-${round - 2}`, 'two');
        if (round > 5) await drop('broken', `c-${round - 5}`);
      }
      await put('broken', 'last', 'one');
      await agrees('broken', it.known);
      expect(it.known.size).toBeGreaterThan(5);
      await it.end();
    });

    it('lists again where the server no longer has what came before (410)', async () => {
      const it = await follow('expired');
      await put('expired', 'c-1', 'one');
      await put('expired', 'c-2', 'one');
      await until('both are known', async () => it.known.size >= 2);
      let expired = 0;
      proxy.hinder((request) => {
        if (!isWatch(request) || expired > 0) return undefined;
        expired += 1;
        return { status: 410, reason: 'Expired' };
      });
      proxy.cut();
      await drop('expired', 'c-1');
      await put('expired', 'last', 'one');
      await agrees('expired', it.known);
      proxy.hinder(undefined);
      expect([expired, it.synced()]).toEqual([1, 2]);
      await it.end();
    });

    it('takes a connection that is open and silent for dead, and misses nothing that happened behind it', async () => {
      const it = await follow('silent', 1_500);
      await put('silent', 'c-1', 'one');
      await until('it is known', async () => it.known.size >= 1);
      const speak = proxy.silence();
      await drop('silent', 'c-1');
      await put('silent', 'last', 'one');
      const before = proxy.requests.filter(isWatch).length;
      await until('it asks anew', async () => proxy.requests.filter(isWatch).length > before, { timeoutMs: 30_000 });
      speak();
      await agrees('silent', it.known);
      await it.end();
    });
  });
}
