import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { newTally } from '../../workflow/crash/hunt.ts';
import { seedOfCommit } from '../../workflow/crash/share.ts';
import { judge, Violation } from './judge.ts';
import { play } from './play.ts';
import { everyScenario, writeFaults } from './scenario.ts';
import { searchMigrations, tried } from './search.ts';
import { type CrashWorld, startWorld } from './world.ts';

const seconds = 12;

describe('a migration whose drivers die, and whose requests fail', { timeout: 600_000 }, () => {
  it('is brought to a named state, and no project is lost', async () => {
    const tally = newTally();
    const seed = seedOfCommit();
    const found = await searchMigrations({ part: 0, of: 1, seed, seconds, slice: true }, tally, 4);
    console.log(`${tally.crashPoints} crash points and ${tally.faults} faults of migrations, KSF_SEED=${seed}`);
    expect(found).toBeUndefined();
    expect(tally.crashPoints + tally.faults).toBeGreaterThan(0);
    expect(tally.ends.completed).toBeGreaterThan(0);
  });
});

describe('the search', { timeout: 600_000 }, () => {
  let world: CrashWorld;
  beforeAll(async () => {
    world = await startWorld(1);
  }, 300_000);
  afterAll(async () => world?.[Symbol.asyncDispose]());

  it('names each stop and each fault once', () => {
    const extent = { records: 3, writes: 2, lists: 4, watches: 1 };
    const all = [...everyScenario('adopt', extent)].map((scenario) => JSON.stringify(scenario));
    expect(new Set(all).size).toBe(all.length);
    expect(all).toHaveLength(2 * (3 * 2 + 2 * 3) + 2 * writeFaults.length + 4 * 3 + 1 * 3);
  });

  it('counts a stop where it took place, and a fault that struck', async () => {
    const tally = newTally();
    expect(
      await tried(world, { input: 'adopt', stops: [{ write: 3, when: 'after' }], next: 'rollback' }, tally),
    ).toBeUndefined();
    expect(
      await tried(
        world,
        { input: 'adopt', fault: { of: 'write', nth: 2, fault: { status: 503 } }, stops: [], next: 'resume' },
        tally,
      ),
    ).toBeUndefined();
    expect(tally).toMatchObject({ crashPoints: 1, faults: 1, ends: { 'rolled-back': 1, completed: 1 } });
  });

  it('finds a project that was lost, a secret in the journal, and a world that is not what the state says', async () => {
    const scenario = { input: 'adopt', stops: [], next: 'resume' } as const;
    await world.putBack();
    const played = await play(world, scenario);
    await judge(world, scenario, played);
    await expect(judge(world, scenario, { ...played, outcome: { state: 'rolled-back' } })).rejects.toThrow(Violation);
    const [first] = played.records;
    const leaky = [...played.records, { ...first, title: world.secrets[0] }] as typeof played.records;
    await expect(judge(world, scenario, { ...played, records: leaky })).rejects.toThrow(/secret/);
    const { connection } = world.scene.clusters.m;
    await connection.delete(core.namespaces, { name: 'team-a-001' }, { propagationPolicy: 'Background' });
    await expect(judge(world, scenario, played)).rejects.toThrow(/Projects:.*team-a-001/);
  });
});
