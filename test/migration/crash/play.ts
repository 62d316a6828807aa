import { FederationError } from '../../../src/errors.ts';
import { memberMigration } from '../../../src/migration/member-migration.ts';
import type { MigrationReport } from '../../../src/migration/report.ts';
import type { Outcome } from '../../../src/workflow/handle.ts';
import type { JournalEntry } from '../../../src/workflow/journal.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { resume, rollback, run } from '../../../src/workflow/run.ts';
import type { CrashKind } from '../../workflow/crash/survive.ts';
import type { Misfortune } from './every.ts';
import { Fate } from './fate.ts';
import { type Extent, inputs, type Scenario } from './scenario.ts';
import type { CrashWorld } from './world.ts';

/** What a run came to, and what befell it. */
export interface Played {
  readonly outcome: Outcome<MigrationReport> | { readonly state: 'never begun' };
  /** One per driver that was stopped. */
  readonly crashes: readonly CrashKind[];
  readonly faults: number;
  /** The stops that took place and the faults that struck, in their order. */
  readonly befell: readonly Misfortune[];
  readonly records: readonly JournalEntry[];
  /** Of the first driver. */
  readonly extent: Extent;
}

/** Drives that may follow on one another before a run that never rests is a violation. */
const mostDrives = 8;

/** One driver after another, until the run rests. The world must have been put back. */
export async function play(world: CrashWorld, scenario: Scenario): Promise<Played> {
  const fate = new Fate(world, scenario);
  const input = inputs[scenario.input];
  try {
    const records = memoryJournal();
    const journal = fate.over(records);
    const options = () => ({ env: world.scene.env(), journal });
    const begin = () => run(memberMigration, input, options());
    const told = () => ({ crashes: fate.crashes, faults: fate.faults, befell: fate.befell, extent: fate.extent() });
    let handle: Awaited<ReturnType<typeof begin>>;
    try {
      handle = await begin();
    } catch (error) {
      if (!fate.dead && (fate.faults === 0 || !FederationError.is(error))) throw error;
      if (!fate.dead) return { ...told(), outcome: { state: 'never begun' }, records: [] };
      // Its driver died before there was a run: it is begun once more.
      fate.revive();
      handle = await begin();
    }
    const { id } = handle;
    /** Nothing where that driver died at once, or a fault is why it was refused: whoever comes next asks again. */
    const goOn = async (verb: typeof resume | typeof rollback): Promise<typeof handle | undefined> => {
      const { faults, lasts } = fate;
      try {
        return await verb(memberMigration, id, options());
      } catch (error) {
        if (fate.dead) return undefined;
        // Past the pivot, or being undone already, there is but one way.
        if (verb === rollback && FederationError.is(error, 'PAST_PIVOT')) return goOn(resume);
        if ((lasts || fate.faults > faults) && FederationError.is(error)) return undefined;
        throw error;
      }
    };
    let outcome = await handle.settled();
    let wish = scenario.next === 'rollback' ? rollback : resume;
    for (let drives = 1; isUnrested(outcome) && drives < mostDrives; drives += 1) {
      // The first who comes meets what lasts; one after the other would wear themselves out at it.
      if (drives > 1) await fate.passed();
      fate.revive();
      const next = await goOn(wish);
      if (next === undefined) continue;
      outcome = await next.settled();
      wish = resume;
    }
    if (outcome.state === 'rollback-incomplete') {
      await fate.end();
      outcome = await (await rollback(memberMigration, id, options())).settled();
    }
    await fate.passed();
    const kept: JournalEntry[] = [];
    for await (const entry of records.read(id)) kept.push(entry);
    return { ...told(), outcome, records: kept };
  } finally {
    await fate.end();
  }
}

function isUnrested({ state }: Outcome<MigrationReport>): boolean {
  return state === 'paused' || state === 'driver-lost';
}
