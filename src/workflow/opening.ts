import { FederationError } from '../errors.ts';
import { canonical } from '../internal/digest.ts';
import type { Json } from '../types.ts';
import type { Workflow } from './compose.ts';
import { decidingStep, fingerprintOf } from './deciding.ts';
import type { JournalEntry } from './journal.ts';
import { appendEntry, type LedgerOptions } from './ledger.ts';
import type { RunOptions } from './options.ts';
import { outlinesOf } from './outline.ts';
import { plain } from './plain.ts';
import type { Plan } from './planned.ts';
import { refuseBlocked } from './planning.ts';
import { release } from './release.ts';
import { beginState, type RunState } from './state.ts';

/** What is known of a run before it begins. */
export interface Foreseen {
  readonly planned: Plan;
  readonly input: Json;
  readonly identity: Json;
}

/**
 * Records the first entry of a run, once nothing speaks against it.
 * @throws FederationError PLAN_BLOCKED, PLAN_STALE or RUN_EXISTS; nothing was touched then
 */
export async function openRun<I, E, O>(
  workflow: Workflow<I, E, O>,
  { planned, input, identity }: Foreseen,
  { plan, onFailure = 'rollback' }: RunOptions<E>,
  ledger: LedgerOptions,
): Promise<RunState> {
  refuseBlocked(planned);
  if (plan !== undefined) refuseStale(plan, planned, { input, identity });
  const entry: JournalEntry = {
    at: ledger.clock.date(),
    driver: ledger.driver,
    type: 'opened',
    format: 1,
    release,
    workflow: workflow.name,
    version: workflow.version,
    steps: outlinesOf(workflow['~definition'].elements),
    fingerprint: planned.fingerprint,
    identity,
    input,
    onFailure,
    ...(plan !== undefined && { plan: planned }),
  };
  // Plain JSON keeps the shape, and drops what is undefined in a plan.
  const kept = plain(entry, `The first record of run "${ledger.runId}"`) as unknown as JournalEntry;
  if ((await appendEntry(ledger, 1, kept)) === 'taken')
    throw new FederationError(
      'RUN_EXISTS',
      `This journal already has a run "${ledger.runId}"; give this one another id, or drive that one on with resume() or rollback().`,
    );
  return beginState(kept);
}

/** Rule 6: what was approved is what is done. */
function refuseStale(held: Plan, now: Plan, scope: Pick<Foreseen, 'input' | 'identity'>): void {
  if (held.fingerprint === now.fingerprint) return;
  const before = new Map(held.steps.map((step) => [step.name, canonical(decidingStep(step))]));
  const moved = now.steps
    .filter((step) => before.get(step.name) !== canonical(decidingStep(step)))
    .map(({ name }) => name);
  const { workflow, version } = held;
  // A plan does not hold its input: only whether it is this one can be told. A workflow without an identity knows one world.
  const elsewhere =
    held.fingerprint === fingerprintOf({ workflow, version, ...scope }, held.steps)
      ? undefined
      : `it was made for another input${scope.identity === null ? '' : ' or in another world'}`;
  const what =
    workflow !== now.workflow || version !== now.version
      ? `it is of ${workflow} ${version}, and this is ${now.workflow} ${now.version}`
      : (elsewhere ?? `these steps would do something else now: ${moved.join(', ')}`);
  throw new FederationError(
    'PLAN_STALE',
    `The plan no longer holds: ${what}. Nothing was touched; make a new plan and look at it.`,
  );
}
