import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { sandboxGround } from '../../grounds.ts';
import { type ModuleWorld, startWorld } from '../kit/world.ts';
import { projectOnM, workspaceOnM } from './specs/start.ts';

let world: ModuleWorld;
beforeAll(async () => {
  world = await startWorld(sandboxGround);
}, 120_000);
afterEach(() => world.calm());
afterAll(() => world?.[Symbol.asyncDispose](), 60_000);
const patient = { timeout: 60_000 };

test(
  'a list over all clusters asks nothing before it is read, then all of them, each page by page',
  patient,
  async () => {
    const { m, n } = world.clusters;
    const many = Array.from({ length: 600 }, (_, index) => `many-${index}`);
    await Promise.all(many.map((name) => m.connection.create(core.namespaces, { metadata: { name } })));
    world.calm();
    const listing = world.federation.namespaces.listAcross();
    expect(Object.values(world.proxies).flatMap(({ requests }) => requests)).toEqual([]);
    const pages: string[] = [];
    const names = new Set<string>();
    for await (const answer of listing) {
      if (!answer.answered) throw answer.error;
      pages.push(answer.cluster);
      if (answer.cluster === 'm') for (const { name } of answer.value) names.add(name);
    }
    expect(pages.filter((cluster) => cluster === 'm')).toHaveLength(2);
    expect(new Set(pages)).toEqual(new Set(['a', 'm', 'n']));
    expect(many.every((name) => names.has(name))).toBe(true);
    const onN = await n.connection.list(core.namespaces).toArray();
    const whole = await world.federation.namespaces.listAcross({ clusters: ['n'] }).toArray();
    expect(whole).toMatchObject([{ cluster: 'n', answered: true, value: { length: onN.length } }]);
  },
);

test(
  'a cluster that is silent, not there, or fails between two pages is named, and the others are told all the same',
  patient,
  async () => {
    world.proxies.n.hinder(() => 'refused');
    world.proxies.m.hinder(({ query }) => (query.has('continue') ? { status: 403, reason: 'Forbidden' } : undefined));
    const told: [string, string][] = [];
    const listing = world.federation.namespaces.listAcross({ clusters: ['a', 'm', 'n', 'ghost'] }, { retry: false });
    for await (const one of listing) told.push([one.cluster, one.answered ? 'page' : one.error.code]);
    expect(told.sort()).toEqual([
      ['a', 'page'],
      ['ghost', 'NOT_FOUND'],
      ['m', 'FORBIDDEN'],
      ['m', 'page'],
      ['n', 'UNREACHABLE'],
    ]);
    const whole = await listing.toArray();
    expect(whole.map(({ cluster, answered }) => [cluster, answered])).toEqual([
      ['a', true],
      ['m', false],
      ['n', false],
      ['ghost', false],
    ]);
  },
);

test('a watch tells what joins a workspace and what leaves it, and ends with its signal', patient, async () => {
  const workspace = await workspaceOnM(world);
  const stop = new AbortController();
  const told: string[] = [];
  const watching = (async () => {
    for await (const event of world.federation.namespaces.watch({ cluster: 'm', workspace }, { signal: stop.signal }))
      told.push(
        event.type === 'synced' ? `synced ${event.namespaces.length}` : `${event.type} ${event.namespace.name}`,
      );
  })();
  await expect.poll(() => told).toEqual(['synced 0']);
  const { name } = await projectOnM(world, workspace);
  await expect.poll(() => told).toContain(`added ${name}`);
  await world.federation.namespaces.unbind({ cluster: 'm', name });
  await expect.poll(() => told).toContain(`deleted ${name}`);
  stop.abort();
  await watching;
});
