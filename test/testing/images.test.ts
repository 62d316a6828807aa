import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Images } from '../../src/testing/images.ts';
import { createSandbox, startApiServer } from '../../src/testing/index.ts';
import type { KubeSphere } from '../../src/testing/kubesphere.ts';
import { recordAt } from '../../src/testing/server/object.ts';

const member = { role: 'member' } as const;

it('an installation that cannot be filled runs no controllers any more', async () => {
  await using server = await startApiServer({ name: 'one', speed: 100 });
  const images = new Images([member, member]);
  let first: KubeSphere | undefined;
  const starting = images.start(
    member,
    async () => ({ server, options: { name: 'one', kubeconfig: server.kubeconfig, role: 'member', speed: 100 } }),
    async (kubeSphere) => {
      first = kubeSphere;
      expect(kubeSphere.controllersRun()).toBe(true);
      throw new Error('no such workspace');
    },
  );
  await expect(starting).rejects.toThrow('no such workspace');
  expect(first?.controllersRun()).toBe(false);
});

it('an installation that fails fails once, though nobody waits for its image', async () => {
  const unhandled: unknown[] = [];
  const hear = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', hear);
  const images = new Images([member, member]);
  const begin = (): Promise<never> => Promise.reject(new Error('no port is free'));
  await expect(images.start(member, begin, async () => {})).rejects.toThrow('no port is free');
  for (let turns = 0; turns < 5; turns++) await turn();
  process.off('unhandledRejection', hear);
  expect(unhandled).toEqual([]);
});

it('members after one image are clusters of their own: no UID, secret or token of one is that of the other', async () => {
  await using sandbox = await createSandbox({ clusters: { one: member, two: member }, speed: 60 });
  const objects = Object.values(sandbox.clusters).map((cluster) => cluster.objects());
  const [one, two] = objects.map((all) => ({
    uids: new Set(all.map(({ metadata }) => metadata.uid)),
    secrets: new Set(
      all.flatMap((object) => (object.kind === 'Secret' ? [JSON.stringify(recordAt(object, 'data'))] : [])),
    ),
    settings: all.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'kubesphere-config'),
  }));
  expect(one?.uids.size).toBeGreaterThan(50);
  expect([...(one?.uids ?? [])].filter((uid) => two?.uids.has(uid))).toEqual([]);
  expect(one?.secrets.size).toBeGreaterThan(0);
  expect([...(one?.secrets ?? [])].filter((secret) => two?.secrets.has(secret))).toEqual([]);
  expect(recordAt(one?.settings, 'data')).not.toEqual(recordAt(two?.settings, 'data'));
});
