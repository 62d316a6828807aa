import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import { connectMember, Federation } from '../../src/federation.ts';
import type { PolicyRule } from '../../src/kube/resources.ts';
import { managedLabel } from '../../src/kubesphere/names.ts';
import type { MigrationEnv } from '../../src/migration/env.ts';
import { memberMigration } from '../../src/migration/member-migration.ts';
import { inProject } from '../../src/modules/namespaces/resources.ts';
import type { JournalEntry } from '../../src/workflow/journal.ts';
import { memoryJournal } from '../../src/workflow/memory-journal.ts';
import { plan, resume, rollback, run } from '../../src/workflow/run.ts';
import { type FaultProxy, type PassingRequest, startFaultProxy } from '../modules/kit/fault-proxy.ts';
import { bindRights, grantTo } from '../modules/kit/granted.ts';
import { recordWatches, rightsOf } from '../modules/kit/rights.ts';
import { addApp, bothWays, type FaultyCluster, mortal, type Name, type Scene, sandboxScene } from './kit.ts';

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
  // A mark on a kind that no other step writes.
  await scene.clusters.m.connection.create(inProject.quotas, {
    metadata: { namespace: 'team-a-001', name: 'of-a-host', labels: { [managedLabel]: 'true' } },
    spec: { hard: { pods: '9' } },
  });
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

const isReview = ({ path }: PassingRequest): boolean => path.startsWith('/apis/authorization.k8s.io/');

/** What `work` does, whatever it asks for; and what it asks for. */
async function rightsOfWork(
  watched: Watched,
  work: (env: MigrationEnv) => Promise<void>,
): Promise<{ readonly used: Needed; readonly asked: Needed }> {
  const { proxies } = watched;
  for (const name of names) proxies[name].forget();
  const watches = { a: new Set<string>(), b: new Set<string>(), m: new Set<string>() };
  await through(watched, async (env) => {
    const open = { a: env.source?.host, b: env.target.host, m: env.member };
    for (const name of names) if (open[name] !== undefined) recordWatches(open[name].connection, watches[name]);
    await work(env);
  });
  const used = (name: Name) =>
    rightsOf(
      proxies[name].requests.filter((one) => !isReview(one)),
      [...watches[name]],
    );
  const asked = (name: Name) => rightsOf(proxies[name].requests.filter(isReview), []);
  return {
    used: { a: used('a'), b: used('b'), m: used('m') },
    asked: { a: asked('a'), b: asked('b'), m: asked('m') },
  };
}

/** Whoever may list whatever there is needs no right to list one kind. */
const withoutImplied = (rights: readonly string[]): readonly string[] =>
  rights.filter((right) => right === everything || !right.startsWith('list ') || !rights.includes(everything));
const joined = (...all: readonly Needed[]): Needed => {
  const union = (name: Name) => withoutImplied([...new Set(all.flatMap((one) => one[name]))].sort());
  return { a: union('a'), b: union('b'), m: union('m') };
};

/** Steps whose driver may die over a write that is taken back. */
const { elements } = memberMigration['~definition'];
const undone = elements
  .slice(
    0,
    elements.findIndex(({ name }) => name === 'pivot'),
  )
  .flatMap((element) => (element.kind === 'gate' || !('compensate' in element.step) ? [] : [element.name]));

/** The driver dies once it has said what it is about to change; over a step with nothing to change, before the pivot. */
const over =
  (step: string) =>
  (entry: JournalEntry): 'before' | 'after' | undefined => {
    if (!('step' in entry)) return undefined;
    if (entry.step === step && (entry.type === 'captured' || entry.type === 'items-captured')) return 'after';
    return entry.step === 'verify' ? 'before' : undefined;
  };

describe('a migration asks, before it writes, for every right that it takes to the end or back', () => {
  let watched: Watched;
  let asked: Needed;
  let needed: Needed;
  let all: Needed;
  beforeAll(async () => {
    await using other = await watchedScene();
    const moved = await rightsOfWork(other, async (env) => {
      const driving = await run(memberMigration, bothWays, { env, journal: memoryJournal() });
      expect(await driving.settled()).toMatchObject({ state: 'completed' });
    });
    watched = await watchedScene();
    const planned = await rightsOfWork(watched, async (env) => void (await plan(memberMigration, bothWays, { env })));
    asked = joined(planned.asked);
    const back = await rightsOfWork(watched, async (env) => {
      for (const step of undone) {
        const journal = memoryJournal();
        const driving = await run(memberMigration, bothWays, { env, journal: mortal(journal, over(step)) });
        expect(await driving.settled()).toMatchObject({ error: { code: 'JOURNAL_INVALID' } });
        const undoing = await rollback(memberMigration, driving.id, { env, journal });
        expect(await undoing.settled()).toMatchObject({ state: 'rolled-back' });
      }
    });
    needed = joined(moved.used, back.used);
    all = joined(needed, asked);
    for (const name of names) {
      const { connection } = watched.scene.clusters[name];
      await bindRights(who, connection);
      await grantTo(who, connection, watched.proxies[name], all[name].map(ruleOf));
    }
  }, 300_000);
  afterAll(() => watched?.[Symbol.asyncDispose]());

  test('and for no other, but what chance decides', () => {
    const policies = ['validatingadmissionpolicies', 'validatingadmissionpolicybindings'];
    const touched = ['secrets', ...policies.map((plural) => `${plural}.admissionregistration.k8s.io`)];
    const sent = ['users', 'groups', 'groupbindings', 'globalroles', 'globalrolebindings', 'workspaceroles'];
    const byChance = new Set([
      // Of what this run made: where its driver dies between the write and the record.
      ...touched.map((plural) => `patch ${plural}`),
      // Where what is waited for is not there yet.
      ...['namespaces', 'secrets', 'serviceaccounts', 'configmaps'].map((plural) => `watch ${plural}`),
      // To take off whatever the new host may have sent.
      ...[...sent, 'workspacerolebindings'].flatMap((plural) =>
        ['get', 'patch', 'delete'].map((verb) => `${verb} ${plural}.iam.kubesphere.io`),
      ),
    ]);
    const others = (name: Name) =>
      asked[name]
        .filter((right) => !needed[name].includes(right) && !byChance.has(right))
        .map((one) => `${name}: ${one}`);
    expect(names.flatMap(others)).toEqual([]);
  });

  test('without any one of them its plan is blocked, or refused', { timeout: 300_000 }, async () => {
    const { scene, proxies } = watched;
    const unasked: string[] = [];
    for (const name of names) {
      const { connection } = scene.clusters[name];
      for (const right of all[name]) {
        const others = all[name].filter((one) => one !== right);
        await grantTo(who, connection, proxies[name], others.map(ruleOf));
        const against = await whatStandsAgainst(watched);
        if (against === undefined) unasked.push(`${name}: ${right}`);
        else if (right !== everything) expect(against).toContain(right.split(/[ .]/)[1]);
      }
      await grantTo(who, connection, proxies[name], all[name].map(ruleOf));
    }
    // Undo alone needs them, to give the old host back its account on the member. Without them a first rollback leaves that, and
    // says so; the old host's next join makes it, and a second rollback then takes fence and shield down.
    expect(unasked).toEqual([
      'm: bind clusterroles.rbac.authorization.k8s.io',
      'm: escalate clusterroles.rbac.authorization.k8s.io',
    ]);
  });

  test('they suffice; a run that is under way goes on without those that only undo needs', {
    timeout: 120_000,
  }, async () => {
    const { scene, proxies } = watched;
    const journal = memoryJournal();
    const killed = await asMover(watched, async (env) => {
      const moving = await run(memberMigration, bothWays, { env, journal: mortal(journal, over('fence')) });
      expect(await moving.settled()).toMatchObject({ error: { code: 'JOURNAL_INVALID' } });
      return moving.id;
    });
    const undoOnly = { a: 'create clusters.cluster.kubesphere.io', b: 'delete clusters.cluster.kubesphere.io' };
    for (const name of ['a', 'b'] as const) {
      const rest = all[name].filter((right) => right !== undoOnly[name]);
      expect(rest.length).toBe(all[name].length - 1);
      await grantTo(who, scene.clusters[name].connection, proxies[name], rest.map(ruleOf));
    }
    await asMover(watched, async (env) => {
      const moving = await resume(memberMigration, killed, { env, journal });
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
