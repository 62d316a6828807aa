import type { Change, Forecast, Residue } from '../../../src/workflow/change.ts';
import type { ErasedState } from '../../../src/workflow/definition.ts';
import type { Outcome } from '../../../src/workflow/handle.ts';
import type { JournalEntry } from '../../../src/workflow/journal.ts';
import type { Value } from './durable.ts';
import { flat } from './scenario.ts';
import { type Case, foreignValue, type Named } from './survive.ts';

/** A promise of the engine that was broken. */
export class Violation extends Error {}

type Values = Readonly<Record<string, string>>;

/** Holds the world to what the named state says of it. */
export function judge(it: Case, outcome: Named): void {
  const { durable } = it;
  judgeWrites(it);
  const now = durable.values();
  const named = new Set(
    outcome.state === 'rollback-incomplete' ? outcome.residue.flatMap((one) => namedBy(it, one)) : [],
  );
  const half = durable.inert().filter((name) => !named.has(name));
  // One whose request landed after everybody had looked is inert for good: it harms nobody, and that is why creates are inert first.
  if (half.length > 0 && outcome.state !== 'paused' && !mayLandLate(it))
    throw new Violation(`Left half created: ${half.join(', ')}`);
  switch (outcome.state) {
    case 'completed':
      same(now, completed(it), 'after completion');
      return;
    case 'rolled-back':
      same(now, before(it), 'after rollback');
      return;
    case 'rollback-incomplete': {
      if (!it.disturbed) throw new Violation(`Residue though nobody interfered: ${JSON.stringify(outcome.residue)}`);
      same(without(now, named), without(before(it), named), 'after an incomplete rollback, but for the residue');
      const { foreign } = it.scenario;
      if (foreign !== null && now[foreign.object] !== foreignValue && before(it)[foreign.object] === foreignValue)
        throw new Violation('What somebody else wrote was undone.');
      return;
    }
    case 'paused':
      return;
  }
}

/** Whoever was thawed afterwards changes nothing any more, and says so. */
export function judgeRest(
  it: Case,
  thawed: readonly { readonly how: string; readonly outcome?: Outcome<ErasedState> }[],
  state: Named | undefined,
): void {
  // All is over by now: thawAll() let everything happen that still could.
  if (state === undefined) return;
  const { seen } = it;
  same(it.durable.values(), seen.values, 'after the thaw');
  // A rollback that was frozen before it began may well try the residue again.
  const again = state.state === 'rollback-incomplete';
  if (!again && it.durable.records.length !== seen.records)
    throw new Violation('A thawed driver wrote into the journal.');
  // One that had rested before the next came says what was true then.
  const harmless = new Set(['driver-lost', 'paused', 'rollback-incomplete', state.state]);
  for (const { how, outcome } of thawed)
    if (how === 'rested' && outcome !== undefined && !harmless.has(outcome.state))
      throw new Violation(`A thawed driver takes the run for ${outcome.state}; it is ${state.state}.`);
}

/** The objects that a residue speaks of: that of its resource or item, else all of its step. */
function namedBy({ scenario }: Case, { resource, item, step }: Residue): readonly string[] {
  if (resource !== undefined) return [resource.name];
  if (item !== undefined) return [item];
  const element = flat(scenario.elements)[Number(step.slice(1))];
  return element !== undefined && 'sets' in element ? element.sets.map(({ object }) => object) : [];
}

function mayLandLate({ scenario }: Case): boolean {
  return scenario.drives.some(
    ({ stop, faults = [] }) => (stop !== undefined && stop.how !== 'die') || faults.some(({ how }) => how === 'late'),
  );
}

/** Undo touches only what the run changed; what others wrote is overwritten only by who had captured it. */
function judgeWrites({ durable, plan }: Case): void {
  const { writes } = durable;
  const planned = plan && new Map(plan.steps.flatMap(({ forecast }) => plannedIn(forecast)));
  for (const [index, { by, name, from, to }] of writes.entries()) {
    if (by.role === 'touch') continue;
    if (by.role === 'run' && planned !== undefined && to !== null && planned.get(name) !== to && !planned.has('?'))
      throw new Violation(`${by.step} made ${name} ${to}, which the plan that the run was held to did not show.`);
    if (by.role === 'undo') {
      const ran = writes
        .slice(0, index)
        .some((earlier) => earlier.by.role === 'run' && earlier.by.step === by.step && earlier.name === name);
      if (!ran) throw new Violation(`The undo of ${by.step} wrote ${name}, which its run had not changed.`);
    }
    if (from === foreignValue && to !== foreignValue && !announced(durable.records, by.step, name))
      throw new Violation(`${by.step} (${by.role}) overwrote ${name}, which somebody else had changed.`);
  }
}

/** What a plan shows of a step, by object; under "?" where it could not tell. */
function plannedIn(forecast: Forecast<unknown>): readonly (readonly [string, Value])[] {
  if (forecast.effect === 'unknown') return forecast.touches.length > 0 ? [['?', null]] : [];
  if (forecast.effect !== 'change') return [];
  return forecast.changes.map(({ resource, after }) => [resource.name, typeof after === 'string' ? after : null]);
}

/** Whether the step said that it would change what somebody else had written, or could not say what. */
function announced(records: readonly string[], step: string, name: string): boolean {
  return records.some((text) => {
    const entry: JournalEntry = JSON.parse(text);
    const meant = (intends: readonly Change[]): boolean =>
      intends.some(({ resource, before: value }) => resource.name === name && value === foreignValue);
    if (entry.type === 'captured' && entry.step === step)
      return entry.touches === undefined ? meant(entry.intends) : JSON.stringify(entry.before).includes(foreignValue);
    return entry.type === 'items-fixed' && entry.step === step && entry.items.some(({ intends }) => meant(intends));
  });
}

/** What a run leaves that nothing disturbs; objects that somebody else changed may be either way. */
function completed(it: Case): Values {
  const wanted = new Map<string, Value>(Object.entries(it.scenario.start));
  for (const element of flat(it.scenario.elements))
    if (element.kind === 'set' || element.kind === 'items')
      for (const { object, value } of element.sets) wanted.set(object, value);
  return foreignToo(it, wanted);
}

function before(it: Case): Values {
  return foreignToo(it, new Map(Object.entries(it.scenario.start)), true);
}

function foreignToo(it: Case, wanted: Map<string, Value>, always = false): Values {
  const { foreign } = it.scenario;
  if (it.disturbed && foreign !== null && (always || it.durable.values()[foreign.object] === foreignValue))
    wanted.set(foreign.object, foreignValue);
  return sorted(wanted);
}

function sorted(values: ReadonlyMap<string, Value>): Values {
  return Object.fromEntries(
    [...values].flatMap(([name, value]): [string, string][] => (value === null ? [] : [[name, value]])).sort(),
  );
}

function without(values: Values, names: ReadonlySet<string>): Values {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.has(name)));
}

function same(now: Values, wanted: Values, when: string): void {
  if (JSON.stringify(now) === JSON.stringify(wanted)) return;
  throw new Violation(`The world ${when} is ${JSON.stringify(now)}; it should be ${JSON.stringify(wanted)}.`);
}
