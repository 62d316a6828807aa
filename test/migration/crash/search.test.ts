import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { chance } from '../../../src/testing/chance.ts';
import { newTally } from '../../workflow/crash/hunt.ts';
import { seedOfCommit } from '../../workflow/crash/share.ts';
import { everyScenario, inTurns, type Misfortune, misfortunes, placesOfReads } from './every.ts';
import { judge, Violation } from './judge.ts';
import { lastingKinds, placesOfLasting } from './lasting.ts';
import { type Played, play } from './play.ts';
import { clusters, faultsOf, type Stop } from './scenario.ts';
import { newReached, searchMigrations, tried } from './search.ts';
import { type CrashWorld, startWorld } from './world.ts';

/** What must have befallen a run in every slice, whatever the seed. */
const needed = [
  'after a record',
  'after a write',
  'fault of a write',
  'fault of a list',
  'fault of a watch',
  'fault of a get',
  'cluster unreachable',
  'controller down',
] as const satisfies readonly Misfortune[];

let world: CrashWorld;
beforeAll(async () => {
  world = await startWorld(1);
}, 300_000);
afterAll(async () => world?.[Symbol.asyncDispose]());

describe('a migration whose drivers die, and whose requests fail', { timeout: 600_000 }, () => {
  it('is brought to a named state, and no project is lost', async () => {
    const tally = newTally();
    const reached = newReached();
    const seed = seedOfCommit();
    const found = await searchMigrations(world, { part: 0, of: 1, seed, seconds: 0, all: false }, tally, {
      reached,
      needed,
    });
    console.log(
      `${reached.played} scenarios, ${tally.crashPoints} crash points and ${tally.faults} faults of migrations, KSF_SEED=${seed}`,
    );
    expect(found).toEqual([]);
    for (const kind of needed) expect([kind, reached.befell.get(kind)]).toEqual([kind, expect.any(Number)]);
    expect(tally.crashPoints).toBeGreaterThanOrEqual(2);
    expect(tally.faults).toBeGreaterThanOrEqual(4);
    expect(tally.ends.completed).toBeGreaterThan(0);
  });
});

describe('the search', { timeout: 600_000 }, () => {
  const extent = { record: 3, write: 2, list: 4, watch: 1, get: 2 };
  const stops = 2 * (3 * 2 + 2 * 3);
  const faults = 2 * faultsOf.write.length + 4 * 3 + 1 * 3 + 2 * 3;

  it('names each stop and each fault once, and pairs of each', () => {
    const all = [...everyScenario('adopt', extent, chance(1))].filter(({ scenario }) => scenario.lasting === undefined);
    const single = all.filter(({ scenario: { stops, fault } }) => stops.length + (fault === undefined ? 0 : 1) === 1);
    expect(new Set(single.map(({ scenario }) => JSON.stringify(scenario))).size).toBe(single.length);
    expect(single).toHaveLength(stops + faults);
    expect(all).toHaveLength(3 * stops + 2 * faults);
  });

  it('plays each stop with each way to go on, and each fault of a write or a watch, also where it is not asked for all', () => {
    const others: readonly Misfortune[] = [...lastingKinds, 'fault of a list', 'fault of a get'];
    const played = [...everyScenario('adopt', extent, chance(1))].filter(
      ({ kind, usual }) => usual && !others.includes(kind),
    );
    const each = (stop: Stop) => ['resume', 'rollback'].map((next) => ({ input: 'adopt', stops: [stop], next }));
    const expected = [
      ...[1, 2, 3].flatMap((record) => (['before', 'after'] as const).flatMap((when) => each({ record, when }))),
      ...[1, 2].flatMap((write) => (['before', 'after', 'late'] as const).flatMap((when) => each({ write, when }))),
      ...(['write', 'watch'] as const).flatMap((of) =>
        faultsOf[of].flatMap((fault) =>
          Array.from({ length: extent[of] }, (_, index) => ({
            input: 'adopt',
            fault: { drive: 1, of, nth: index + 1, fault },
            stops: [],
            next: 'resume',
          })),
        ),
      ),
    ];
    const texts = (scenarios: readonly unknown[]) => scenarios.map((one) => JSON.stringify(one)).sort();
    expect(texts(played.map(({ scenario }) => scenario))).toEqual(texts(expected));
  });

  /** Of a run as long as one of the migration is. */
  const long = { record: 74, write: 75, list: 672, watch: 8, get: 398 };

  it('plays each fault of a list or a get in drawn places all over the run, also where it is not asked for all', () => {
    const played = [...everyScenario('adopt', long, chance(1))].filter(({ usual }) => usual);
    for (const of of ['list', 'get'] as const)
      for (const fault of faultsOf[of]) {
        const places = played.flatMap(({ scenario }) =>
          scenario.fault?.of === of && scenario.fault.fault === fault ? scenario.fault.nth : [],
        );
        expect(new Set(places).size).toBe(places.length);
        expect(places.length).toBeGreaterThanOrEqual(placesOfReads - 1);
        const quarters = new Set(places.map((nth) => Math.ceil((4 * nth) / long[of])));
        expect([...quarters].sort()).toEqual([1, 2, 3, 4]);
      }
  });

  it('lets each that lasts befall each cluster all over the run, and each of its controllers be down, and slow', async () => {
    const played = [...everyScenario('adopt', long, chance(1))].flatMap(({ kind, usual, scenario: { lasting } }) =>
      lasting === undefined ? [] : { kind, usual, ...lasting },
    );
    expect(played.every(({ usual }) => usual)).toBe(true);
    for (const kind of lastingKinds)
      for (const cluster of clusters) {
        const these = played.filter((one) => one.kind === kind && one.cluster === cluster);
        expect(these.length).toBeGreaterThanOrEqual(placesOfLasting - 2);
        expect(these.every(({ record }) => record >= 1 && record <= long.record)).toBe(true);
        const quarters = new Set(these.map(({ record }) => Math.ceil((4 * record) / long.record)));
        expect([...quarters].sort()).toEqual([1, 2, 3, 4]);
        if (kind.startsWith('controller'))
          expect(new Set(these.map(({ fault }) => JSON.stringify(fault))).size).toBe(these.length);
        // Away for longer than anybody tries: its driver gives up.
        if (kind === 'cluster unreachable')
          expect(Math.max(...these.map(({ forMs }) => forMs))).toBeGreaterThan(5_000_000);
      }
    // A controller that there is not would be refused in the middle of a run.
    for (const { cluster, fault } of played) await (await world.sandbox.faults.add({ cluster, fault })).lift();
  });

  it('brings a run to its end whose driver, and whoever came next, gave up at a certificate that was over', async () => {
    const lasting = { record: 20, cluster: 'm', fault: 'certificate-expired', forMs: 1_000_000 } as const;
    let told: Played | undefined;
    const found = await tried(world, { input: 'adopt', stops: [], lasting, next: 'rollback' }, newTally(), (played) => {
      told = played;
    });
    expect(found).toBeUndefined();
    expect(told).toMatchObject({ befell: ['certificate expired'], faults: 1, outcome: { state: 'rolled-back' } });
  });

  it('comes to everything that can befall a run before it comes to any of that again', () => {
    for (const seed of [1, 2, 3]) {
      const random = chance(seed);
      const order = inTurns(everyScenario('adopt', extent, random), random).map(({ kind }) => kind);
      expect(order.slice(0, misfortunes.length)).toEqual(misfortunes);
      expect(order.slice(misfortunes.length, misfortunes.length + needed.length)).toEqual(needed);
    }
  });

  it('counts a stop where it took place, and a fault that struck whoever came next', async () => {
    const tally = newTally();
    const fault = { drive: 2, of: 'get', nth: 2, fault: { status: 503 } } as const;
    let befell: readonly Misfortune[] = [];
    const found = await tried(
      world,
      { input: 'adopt', stops: [{ write: 3, when: 'after' }], fault, next: 'rollback' },
      tally,
      (played) => {
        befell = played.befell;
      },
    );
    expect(found).toBeUndefined();
    expect(befell).toEqual(['after a write', 'fault of a get']);
    expect(tally).toMatchObject({ crashPoints: 1, faults: 1, ends: { 'rolled-back': 1 } });
  });

  it.for([1, 2])('finds nothing where create %i comes late, when its run is being rolled back', async (write) => {
    const stops = [{ write, when: 'late' }] as const;
    expect(await tried(world, { input: 'adopt', stops, next: 'rollback' }, newTally())).toBeUndefined();
  });

  it('finds a project that was lost, a secret in the journal, and a world that is not what the state says', async () => {
    const scenario = { input: 'adopt', stops: [], next: 'resume' } as const;
    await world.putBack();
    const played = await play(world, scenario);
    await judge(world, scenario, played);
    const undone = { ...played, outcome: { state: 'rolled-back' } } as const;
    await expect(judge(world, scenario, undone, 100)).rejects.toThrow(Violation);
    const [first] = played.records;
    const leaky = [...played.records, { ...first, title: world.secrets[0] }] as typeof played.records;
    await expect(judge(world, scenario, { ...played, records: leaky })).rejects.toThrow(/secret/);
    const { connection } = world.scene.clusters.m;
    await connection.delete(core.namespaces, { name: 'team-a-001' }, { propagationPolicy: 'Background' });
    await expect(judge(world, scenario, played)).rejects.toThrow(/Projects:.*team-a-001/);
  });

  it('finds a project that goes when the run rests already: by a controller that takes its time, or by what a driver left going', async () => {
    const scenario = { input: 'adopt', stops: [], next: 'resume' } as const;
    await world.putBack();
    const played = await play(world, scenario);
    const { clock, clusters, ...sandbox } = world.sandbox;
    const rested = sandbox.moment();
    const background = { propagationPolicy: 'Background' } as const;
    const lose = () => void clusters.m.connection.delete(core.namespaces, { name: 'team-a-001' }, background);
    for (const later of [() => clock.later(55_000, lose), () => setTimeout(lose, 100)]) {
      later();
      await expect(judge(world, scenario, played)).rejects.toThrow(/Projects, a while after:.*team-a-001/);
      await sandbox.rewind(rested);
    }
    await judge(world, scenario, played);
  });
});
