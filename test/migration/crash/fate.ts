import { FederationError } from '../../../src/errors.ts';
import { memberMigration } from '../../../src/migration/member-migration.ts';
import type { Fault, InterceptedRequest } from '../../../src/testing/index.ts';
import type { JournalEntry, JournalStore } from '../../../src/workflow/journal.ts';
import type { CrashKind } from '../../workflow/crash/survive.ts';
import { type Misfortune, ofFault, ofStop } from './every.ts';
import { ofLasting } from './lasting.ts';
import { type Asked, asked, type Extent, type Scenario, type Stop } from './scenario.ts';
import { type CrashWorld, driver } from './world.ts';

const writing = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);
/** What a request meets whose driver is dead: it was never sent. */
const nobody = { status: 403 } as const;

/** Brings about what a scenario says, at the journal and at the API servers. */
export class Fate {
  readonly crashes: CrashKind[] = [];
  readonly befell: Misfortune[] = [];
  faults = 0;
  dead = false;
  /** Whether a cluster still suffers what befell it. */
  lasts = false;
  readonly #scenario: Scenario;
  readonly #sandbox: CrashWorld['sandbox'];
  readonly #lifts: readonly (() => void)[];
  readonly #stops: Stop[];
  /** Of the first driver. */
  #extent: Extent | undefined;
  /** Of the driver at work. */
  #counts = { record: 0, write: 0, list: 0, watch: 0, get: 0 };
  #last: JournalEntry | undefined;
  #drives = 1;
  #ended: Promise<void> = Promise.resolve();

  constructor({ sandbox }: CrashWorld, scenario: Scenario) {
    this.#scenario = scenario;
    this.#sandbox = sandbox;
    this.#stops = [...scenario.stops];
    this.#lifts = Object.values(sandbox.clusters).map((cluster) =>
      cluster.intercept((request) => this.#meets(request)),
    );
  }

  extent(): Extent {
    return this.#extent ?? { ...this.#counts };
  }

  revive(): void {
    this.#extent ??= this.#counts;
    this.dead = false;
    this.#drives += 1;
    this.#counts = { record: 0, write: 0, list: 0, watch: 0, get: 0 };
  }

  /**
   * Resolves once what befell a cluster is over. The clock is not moved to its end: controllers that try a cluster again and again
   * which is away do that by the wall's time, and each moment of the clock's would wait for them.
   */
  passed(): Promise<void> {
    return this.#ended;
  }

  /** Nothing befalls anybody any more. */
  async end(): Promise<void> {
    await this.passed();
    this.#stops.length = 0;
    this.dead = false;
    for (const lift of this.#lifts) lift();
  }

  /** The journal of whoever drives: a dead driver appends nothing. */
  over(journal: JournalStore): JournalStore {
    return {
      ...journal,
      append: async (runId, seq, entry, options) => {
        if (this.dead) throw gone();
        this.#counts.record += 1;
        const stop = this.#stops[0];
        const stopped =
          stop !== undefined && 'record' in stop && stop.record === this.#counts.record ? stop.when : undefined;
        if (stopped === 'before') this.#die(entry);
        if (stopped !== 'before') {
          await journal.append(runId, seq, entry, options);
          this.#last = entry;
          await this.#befall();
        }
        if (stopped === 'after') this.#die(entry);
        if (this.dead) throw gone();
      },
    };
  }

  /** What lasts begins with its record, before its driver goes on. */
  async #befall(): Promise<void> {
    const { lasting } = this.#scenario;
    if (lasting === undefined || this.#drives > 1 || lasting.record !== this.#counts.record) return;
    const { clock, faults } = this.#sandbox;
    const { cluster, fault, forMs } = lasting;
    const added = await faults.add({ cluster, fault });
    this.lasts = true;
    this.faults += 1;
    this.befell.push(ofLasting({ lasting }));
    this.#ended = clock.sleep(forMs).then(async () => {
      await added.lift();
      this.lasts = false;
    });
    // Told by `passed`.
    this.#ended.catch(() => {});
  }

  #meets(request: InterceptedRequest): Fault | undefined {
    if (request.user !== driver) return undefined;
    if (this.dead) return nobody;
    const of = kindOfRequest(request);
    if (of === undefined) return undefined;
    this.#counts[of] += 1;
    const nth = this.#counts[of];
    const stop = this.#stops[0];
    if (of === 'write' && stop !== undefined && 'write' in stop && stop.write === nth) {
      this.#die(this.#last);
      if (stop.when === 'before') return 'reset-before';
      return stop.when === 'after' ? 'reset-after' : { lateMs: 10_000 };
    }
    const { fault } = this.#scenario;
    if (fault?.drive !== this.#drives || fault.of !== of || fault.nth !== nth) return undefined;
    this.faults += 1;
    this.befell.push(ofFault(fault));
    return fault.fault;
  }

  #die(at: JournalEntry | undefined): void {
    const stop = this.#stops.shift();
    this.dead = true;
    if (stop === undefined) return;
    this.befell.push(ofStop(stop));
    this.crashes.push('write' in stop && stop.when === 'late' ? 'thaw' : kindOf(at, this.#drives));
  }
}

function gone(): FederationError {
  return new FederationError('JOURNAL_INVALID', 'The driver died.');
}

function kindOfRequest({ verb, resource }: InterceptedRequest): Asked | undefined {
  // A question, asked by creating it: nothing is written.
  if (resource.startsWith('selfsubjectaccessreviews.')) return 'get';
  return writing.has(verb) ? 'write' : asked.find((one) => one === verb);
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
