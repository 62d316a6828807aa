import { FederationError } from '../../../src/errors.ts';
import { memberMigration } from '../../../src/migration/member-migration.ts';
import type { MigrationReport } from '../../../src/migration/report.ts';
import type { InterceptedRequest } from '../../../src/testing/index.ts';
import type { Outcome } from '../../../src/workflow/handle.ts';
import type { JournalEntry, JournalStore } from '../../../src/workflow/journal.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { resume, rollback, run } from '../../../src/workflow/run.ts';
import type { CrashKind } from '../../workflow/crash/survive.ts';
import type { Extent, Scenario, Stop } from './scenario.ts';
import { inputs } from './scenario.ts';
import { type CrashWorld, driver } from './world.ts';

/** What a run came to, and what befell it. */
export interface Played {
  readonly outcome: Outcome<MigrationReport> | { readonly state: 'never begun' };
  /** One per driver that was stopped. */
  readonly crashes: readonly CrashKind[];
  readonly faults: number;
  readonly records: readonly JournalEntry[];
  /** Of the first driver. */
  readonly extent: Extent;
}

/** Drives that may follow on one another before a run that never rests is a violation. */
const mostDrives = 8;
const writing = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);
/** What a request meets whose driver is dead: it was never sent. */
const nobody = { status: 403 } as const;

/** One driver after another, until the run rests. The world must have been put back. */
export async function play(world: CrashWorld, scenario: Scenario): Promise<Played> {
  const misfortune = new Misfortune(world, scenario);
  const input = inputs[scenario.input];
  try {
    const records = memoryJournal();
    const journal = misfortune.over(records);
    const options = () => ({ env: world.scene.env(), journal });
    const begin = () => run(memberMigration, input, options());
    const told = (): Omit<Played, 'outcome' | 'records'> => ({
      crashes: misfortune.crashes,
      faults: misfortune.faults,
      extent: misfortune.extent(),
    });
    let handle: Awaited<ReturnType<typeof begin>>;
    try {
      handle = await begin();
    } catch (error) {
      if (!misfortune.dead && (misfortune.faults === 0 || !FederationError.is(error))) throw error;
      if (!misfortune.dead) return { ...told(), outcome: { state: 'never begun' }, records: [] };
      // Its driver died before there was a run: it is begun once more.
      misfortune.revive();
      handle = await begin();
    }
    let outcome = await handle.settled();
    for (let drives = 1; isUnrested(outcome) && drives < mostDrives; drives += 1) {
      misfortune.revive();
      const goOn = drives === 1 && scenario.next === 'rollback' ? rollback : resume;
      const next = await goOn(memberMigration, handle.id, options()).catch((error: unknown) => {
        if (misfortune.dead) return undefined;
        // Past the pivot, or being undone already, there is but one way.
        if (FederationError.is(error, 'PAST_PIVOT')) return resume(memberMigration, handle.id, options());
        throw error;
      });
      if (next !== undefined) outcome = await next.settled();
    }
    if (outcome.state === 'rollback-incomplete') {
      misfortune.revive();
      outcome = await (await rollback(memberMigration, handle.id, options())).settled();
    }
    const kept: JournalEntry[] = [];
    for await (const entry of records.read(handle.id)) kept.push(entry);
    return { ...told(), outcome, records: kept };
  } finally {
    misfortune.end();
  }
}

function isUnrested({ state }: Outcome<MigrationReport>): boolean {
  return state === 'paused' || state === 'driver-lost';
}

/** Brings about what a scenario says, at the journal and at the API servers. */
class Misfortune {
  readonly crashes: CrashKind[] = [];
  faults = 0;
  dead = false;
  readonly #scenario: Scenario;
  readonly #lifts: readonly (() => void)[];
  readonly #stops: Stop[];
  readonly #counts = { records: 0, writes: 0, lists: 0, watches: 0 };
  /** Of the driver at work. */
  #records = 0;
  #writes = 0;
  #last: JournalEntry | undefined;
  #drives = 1;

  constructor({ sandbox }: CrashWorld, scenario: Scenario) {
    this.#scenario = scenario;
    this.#stops = [...scenario.stops];
    this.#lifts = Object.values(sandbox.clusters).map((cluster) =>
      cluster.intercept((request) => this.#meets(request)),
    );
  }

  extent(): Extent {
    return { ...this.#counts };
  }

  revive(): void {
    this.dead = false;
    this.#drives += 1;
    this.#records = 0;
    this.#writes = 0;
  }

  end(): void {
    for (const lift of this.#lifts) lift();
  }

  /** The journal of whoever drives: a dead driver appends nothing. */
  over(journal: JournalStore): JournalStore {
    return {
      ...journal,
      append: async (runId, seq, entry, options) => {
        if (this.dead) throw gone();
        this.#records += 1;
        if (this.#drives === 1) this.#counts.records += 1;
        const stop = this.#stops[0];
        const stopped = stop !== undefined && 'record' in stop && stop.record === this.#records ? stop.when : undefined;
        if (stopped === 'before') this.#die(entry);
        if (stopped !== 'before') {
          await journal.append(runId, seq, entry, options);
          this.#last = entry;
        }
        if (stopped === 'after') this.#die(entry);
        if (this.dead) throw gone();
      },
    };
  }

  #meets(request: InterceptedRequest) {
    if (request.user !== driver) return undefined;
    if (this.dead) return nobody;
    const of = writing.has(request.verb)
      ? 'write'
      : request.verb === 'list' || request.verb === 'watch'
        ? request.verb
        : undefined;
    if (of === undefined) return undefined;
    const count = of === 'watch' ? 'watches' : (`${of}s` as const);
    if (this.#drives === 1) this.#counts[count] += 1;
    if (of === 'write') {
      this.#writes += 1;
      const stop = this.#stops[0];
      if (stop !== undefined && 'write' in stop && stop.write === this.#writes) {
        this.#die(this.#last);
        if (stop.when === 'before') return 'reset-before' as const;
        return stop.when === 'after' ? ('reset-after' as const) : { lateMs: 10_000 };
      }
    }
    const { fault } = this.#scenario;
    if (this.#drives !== 1 || fault?.of !== of || fault.nth !== this.#counts[count]) return undefined;
    this.faults += 1;
    return fault.fault;
  }

  #die(at: JournalEntry | undefined): void {
    const stop = this.#stops.shift();
    this.dead = true;
    this.crashes.push(
      stop !== undefined && 'write' in stop && stop.when === 'late' ? 'thaw' : kindOf(at, this.#drives),
    );
  }
}

function gone(): FederationError {
  return new FederationError('JOURNAL_INVALID', 'The driver died.');
}

/** What a driver was at when it died, by the last record that it wrote, or was about to. */
function kindOf(entry: JournalEntry | undefined, drives: number): CrashKind {
  const type = entry?.type ?? 'opened';
  if (type === 'opened' || type === 'driving') return 'claim';
  if (type === 'undoing' || type === 'undone' || type === 'items-undone') return 'undo';
  if (drives > 1) return 'resume';
  if (type.startsWith('items-')) return 'item';
  return entry !== undefined && 'step' in entry && entry.step === pivotName() ? 'pivot' : 'forward';
}

const pivotName = (): string | undefined =>
  memberMigration['~definition'].elements.find((element) => element.kind === 'step' && element.step.pivot === true)
    ?.name;
