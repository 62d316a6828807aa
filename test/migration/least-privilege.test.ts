import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import { connectMember, Federation } from '../../src/federation.ts';
import type { PolicyRule } from '../../src/kube/resources.ts';
import type { MigrationEnv } from '../../src/migration/env.ts';
import { memberMigration } from '../../src/migration/member-migration.ts';
import { memoryJournal } from '../../src/workflow/memory-journal.ts';
import { plan, rollback, run } from '../../src/workflow/run.ts';
import { type FaultProxy, startFaultProxy } from '../modules/kit/fault-proxy.ts';
import { bindRights, grantTo } from '../modules/kit/granted.ts';
import { recordWatches, rightsOf } from '../modules/kit/rights.ts';
import { addApp, around, bothWays, type FaultyCluster, type Name, type Scene, sandboxScene } from './kit.ts';

const names = ['a', 'b', 'm'] as const;
const who = 'mover';
const everything = 'list *.*';
/** Rights by cluster, each as `verb plural.group`. */
type Needed = Readonly<Record<Name, readonly string[]>>;

/** A scene whose every request can be seen, and made by somebody with few rights. */
interface Watched extends AsyncDisposable {
  readonly scene: Scene<FaultyCluster>;
  readonly proxies: Readonly<Record<Name, FaultProxy>>;
}

async function watchedScene(): Promise<Watched> {
  const scene = await sandboxScene();
  await addApp(scene, 'shop', 'team-b', 'team-b-001');
  const [a, b, m] = await Promise.all(names.map((name) => startFaultProxy(name, scene.clusters[name].tokenKubeconfig)));
  if (a === undefined || b === undefined || m === undefined) throw new Error('A proxy is missing.');
  return {
    scene,
    proxies: { a, b, m },
    async [Symbol.asyncDispose]() {
      for (const proxy of [a, b, m]) await proxy[Symbol.asyncDispose]();
      await scene[Symbol.asyncDispose]();
    },
  };
}

/** Calls it with connections of their own, through the proxies: nothing is remembered from before. */
async function through<T>({ scene, proxies }: Watched, work: (env: MigrationEnv) => Promise<T>): Promise<T> {
  await using source = await Federation.connect({ kubeconfig: proxies.a.kubeconfig, name: 'a' });
  await using target = await Federation.connect({ kubeconfig: proxies.b.kubeconfig, name: 'b' });
  await using member = await connectMember({ kubeconfig: proxies.m.kubeconfig, name: 'm' });
  return await work(scene.env({ source, target, member }));
}

/** What it takes to do `work`. */
async function rightsOfWork(watched: Watched, work: (env: MigrationEnv) => Promise<void>): Promise<Needed> {
  const { proxies } = watched;
  for (const name of names) proxies[name].forget();
  const watches = { a: new Set<string>(), b: new Set<string>(), m: new Set<string>() };
  await through(watched, async (env) => {
    const open = { a: env.source?.host, b: env.target.host, m: env.member };
    for (const name of names) if (open[name] !== undefined) recordWatches(open[name].connection, watches[name]);
    await work(env);
  });
  const of = (name: Name): readonly string[] => rightsOf(proxies[name].requests, [...watches[name]]);
  return { a: of('a'), b: of('b'), m: of('m') };
}

describe('a migration asks, before it writes, for every right that it takes to the end or back', () => {
  let watched: Watched;
  let needed: Needed;
  beforeAll(async () => {
    {
      await using other = await watchedScene();
      const moved = await rightsOfWork(other, async (env) => {
        const driving = await run(memberMigration, bothWays, { env, journal: memoryJournal() });
        expect(await driving.settled()).toMatchObject({ state: 'completed' });
      });
      needed = moved;
    }
    watched = await watchedScene();
    const undone = await rightsOfWork(watched, async (env) => {
      const journal = memoryJournal();
      const halting = around('verify', async () => Promise.reject(new Error('halt')));
      const driving = await run(halting, bothWays, { env, journal, onFailure: 'pause' });
      expect(await driving.settled()).toMatchObject({ state: 'paused' });
      const back = await rollback(memberMigration, driving.id, { env, journal });
      expect(await back.settled()).toMatchObject({ state: 'rolled-back' });
    });
    const union = (name: Name) => [...new Set([...needed[name], ...undone[name]])].sort();
    // Whoever may list whatever there is needs no right to list one kind.
    const whole = (rights: readonly string[]) =>
      rights.filter((right) => right === everything || !right.startsWith('list ') || !rights.includes(everything));
    needed = { a: whole(union('a')), b: whole(union('b')), m: whole(union('m')) };
    for (const name of names) {
      const { connection } = watched.scene.clusters[name];
      await bindRights(who, connection);
      await grantTo(who, connection, watched.proxies[name], needed[name].map(ruleOf));
    }
  }, 120_000);
  afterAll(() => watched?.[Symbol.asyncDispose]());

  test('without any one of them its plan is blocked, or refused', { timeout: 300_000 }, async () => {
    const { scene, proxies } = watched;
    const unasked: string[] = [];
    for (const name of names) {
      const { connection } = scene.clusters[name];
      for (const right of needed[name]) {
        const others = needed[name].filter((one) => one !== right);
        await grantTo(who, connection, proxies[name], others.map(ruleOf));
        const against = await whatStandsAgainst(watched);
        if (against === undefined) unasked.push(`${name}: ${right}`);
        else if (right !== everything) expect(against).toContain(right.split(/[ .]/)[1]);
      }
      await grantTo(who, connection, proxies[name], needed[name].map(ruleOf));
    }
    // Undo alone needs them, to give the old host back an account that its next join makes anyway: the residue says so.
    expect(unasked).toEqual([
      'm: bind clusterroles.rbac.authorization.k8s.io',
      'm: escalate clusterroles.rbac.authorization.k8s.io',
    ]);
  });

  test('they suffice', { timeout: 120_000 }, async () => {
    await asMover(watched, async (env) => {
      const moving = await run(memberMigration, bothWays, { env, journal: memoryJournal() });
      expect(await moving.settled()).toMatchObject({ state: 'completed' });
    });
  });
});

/** What stands against the migration, from its connections on; nothing where its plan is not blocked. */
async function whatStandsAgainst(watched: Watched): Promise<string | undefined> {
  try {
    const { blocked } = await asMover(watched, (env) => plan(memberMigration, bothWays, { env }));
    const reasons = blocked.flatMap(({ forecast }) => (forecast.effect === 'blocked' ? [forecast.why] : []));
    return reasons.length === 0 ? undefined : reasons.join(' ');
  } catch (error) {
    if (!FederationError.is(error, 'FORBIDDEN')) throw error;
    return error.message;
  }
}

async function asMover<T>(watched: Watched, work: (env: MigrationEnv) => Promise<T>): Promise<T> {
  for (const name of names) watched.proxies[name].actAs(who);
  try {
    return await through(watched, work);
  } finally {
    for (const name of names) watched.proxies[name].actAs(undefined);
  }
}

function ruleOf(right: string): PolicyRule {
  const [verb = '', resource = ''] = right.split(' ');
  const dot = resource.indexOf('.');
  return {
    apiGroups: [dot < 0 ? '' : resource.slice(dot + 1)],
    resources: [dot < 0 ? resource : resource.slice(0, dot)],
    verbs: [verb],
  };
}
