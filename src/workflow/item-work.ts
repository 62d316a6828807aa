import { FederationError } from '../errors.ts';
import { canonical } from '../internal/digest.ts';
import { abortError } from '../internal/signal.ts';
import type { Json } from '../types.ts';
import { holdTo } from './deciding.ts';
import type { ErasedItemStep } from './definition.ts';
import type { Drive } from './drive.ts';
import { explain } from './failure.ts';
import { blockedError, listedItems, meantBy, together } from './foresee.ts';
import { gravityOf } from './next.ts';
import { pool } from './pool.ts';
import { halfDoneItems, type ItemRecord, type ItemRecords } from './state.ts';
import type { ListedItem } from './step.ts';
import { itemTarget, refuseMoved, type Way } from './target.ts';

const defaultConcurrency = 8;

/** How many items of this step are worked on at once. */
export function concurrencyOf(step: ErasedItemStep): number {
  return Math.max(1, step.concurrency ?? defaultConcurrency);
}

/** Lists the items and records them all as `items-fixed`, before the first capture. */
export async function fixItems(drive: Drive, step: ErasedItemStep): Promise<void> {
  const { ledger } = drive;
  const { name } = step;
  const items = await drive.work(step, 'The list of items', (ctx) => listedItems(step, ctx));
  const forecast = together(items);
  const planned = ledger.state.opened.plan?.steps.find((one) => one.name === name);
  if (planned !== undefined) holdTo(planned, { forecast, items });
  if (forecast.effect === 'blocked') throw blockedError(name, forecast);
  if (forecast.effect === 'none') {
    await ledger.append({ type: 'skipped', step: name, why: forecast.why, out: { done: 0 } });
    return drive.tell({ type: 'step:skipped', step: name, why: forecast.why });
  }
  await ledger.append({
    type: 'items-fixed',
    step: name,
    items: items.map(({ key, item, forecast: own }) => ({
      key,
      item,
      ...meantBy(own),
      ...(own.effect === 'none' && { skipped: own.why }),
    })),
  });
  drive.tell({ type: 'step:started', step: name, attempt: 1 });
}

/** Captures and runs the items that are not done, in groups: the next is captured while one runs. */
export async function workOnItems(drive: Drive, step: ErasedItemStep, again: boolean): Promise<void> {
  const items = recordsOf(drive, step);
  if (again) {
    refuseOthers(step, items, await refuseNewKeys(drive, step, items));
    drive.tell({ type: 'step:started', step: step.name, attempt: 1 });
  }
  const pace = paceOf(drive, step, items);
  const waiting = [...items.all.values()].filter((item) => item.skipped === undefined && item.captured === 0);
  const { groupSize } = drive.parts.tuning;
  let ready = halfDoneItems(items);
  for (let from = 0; ; from += groupSize) {
    const ahead = waiting.slice(from, from + groupSize);
    if (ready.length === 0 && ahead.length === 0) return;
    const both = await Promise.allSettled([runGroup(drive, step, ready, pace), captureGroup(drive, step, ahead)]);
    const [gravest] = both
      .flatMap((one) => (one.status === 'rejected' ? [{ error: one.reason as unknown }] : []))
      .toSorted(byGravity(drive));
    if (gravest !== undefined) throw gravest.error;
    ready = ahead;
  }
}

/** All items are done: nothing may have come meanwhile. */
export async function finishItems(drive: Drive, step: ErasedItemStep): Promise<void> {
  const items = recordsOf(drive, step);
  await refuseNewKeys(drive, step, items);
  await drive.ledger.append({ type: 'done', step: step.name, out: { done: items.done } });
  drive.tell({ type: 'step:completed', step: step.name, durationMs: drive.sinceStarted(step.name) });
}

/** What the records say about the items of a step whose list is fixed. */
function recordsOf(drive: Drive, step: ErasedItemStep): ItemRecords {
  const items = drive.ledger.state.steps.get(step.name)?.items;
  if (items === undefined) throw new TypeError(`The items of step "${step.name}" are not fixed.`);
  return items;
}

async function refuseNewKeys(
  drive: Drive,
  step: ErasedItemStep,
  { all }: ItemRecords,
): Promise<readonly ListedItem<Json>[]> {
  const now = await drive.work(step, 'The list of items', (ctx) => listedItems(step, ctx));
  const added = now.filter(({ key }) => !all.has(key)).map(({ key }) => `"${key}"`);
  if (added.length === 0) return now;
  throw new FederationError(
    'WORLD_MOVED',
    `${added.join(', ')} appeared after the list of items was fixed, and nobody decided about it. Take it away and resume, or roll back and begin anew.`,
  );
}

/** The list was fixed in an earlier drive: what cannot be done now is not begun, nor, where nothing can look at the objects, what would be something else. */
function refuseOthers(step: ErasedItemStep, { all }: ItemRecords, now: readonly ListedItem<Json>[]): void {
  const waiting = now.filter(({ key }) => all.get(key)?.captured === 0 && all.get(key)?.skipped === undefined);
  const blocked = together(waiting);
  if (blocked.effect === 'blocked') throw blockedError(step.name, blocked);
  if (step.observe !== undefined) return;
  for (const { key, forecast } of waiting) {
    const fixed = all.get(key);
    const meant = { intends: fixed?.intends ?? [], ...(fixed?.touches && { touches: fixed.touches }) };
    if (forecast.effect !== 'none' && canonical(meantBy(forecast)) !== canonical(meant))
      throw new FederationError(
        'WORLD_MOVED',
        `Item "${key}" would do something else now than when the list of items was fixed. Make it what it was and resume, or roll back and begin anew.`,
      );
  }
}

async function captureGroup(drive: Drive, step: ErasedItemStep, items: readonly ItemRecord[]): Promise<void> {
  if (items.length === 0) return;
  const { done, failed } = await pool(
    items,
    concurrencyOf(step),
    async (record) => {
      const { key, item } = record;
      const way: Way = (what, work) => drive.work(step, what, work, key);
      const before = await way('The capture', (ctx) => step.capture({ ...ctx, item }));
      // The list may be long, and old: what others changed since it was fixed is not this run's to write.
      await refuseMoved(itemTarget(step, record), way);
      return before;
    },
    (failures) => failures === 0 && !drive.parts.forward.aborted,
  );
  refuseFailures(drive, failed);
  // In the order of the list, in whatever order they were captured: that is the order of which undo is the reverse.
  const befores = new Map(done.map(({ of, result }) => [of.key, result]));
  await drive.ledger.append({
    type: 'items-captured',
    step: step.name,
    items: items.map(({ key }) => ({ key, before: befores.get(key) ?? null })),
  });
}

async function runGroup(
  drive: Drive,
  step: ErasedItemStep,
  items: readonly ItemRecord[],
  pace: () => void,
): Promise<void> {
  if (items.length === 0) return;
  const result = await pool(
    items.map((item) => itemTarget(step, item)),
    concurrencyOf(step),
    async (target) => {
      const { key, item, before } = target;
      const way: Way = (what, work) => drive.work(step, what, work, key);
      if (target.seq < drive.ledger.state.epoch) await refuseMoved(target, way);
      await way('The run', (ctx) => step.run({ ...ctx, item, before }));
      return key;
    },
    (failures) => failures === 0 && !drive.parts.forward.aborted,
  );
  const done = result.done.map(({ result: key }) => key);
  if (done.length > 0) {
    await drive.ledger.append({ type: 'items-done', step: step.name, keys: done });
    pace();
  }
  refuseFailures(drive, result.failed);
}

/** One bad item fails the step, and is named; those beside it are done and recorded. */
function refuseFailures(drive: Drive, failed: readonly BadItem[]): void {
  if (drive.parts.forward.aborted) throw abortError(drive.parts.forward);
  const [first] = failed.toSorted(byGravity(drive));
  if (first === undefined) return;
  const named = ({ of, error }: BadItem): FederationError => explain(error, `Item "${of.key}"`);
  const { code, message } = named(first);
  const items = failed.map((bad) => ({ key: bad.of.key, error: named(bad).message }));
  throw new FederationError(code, message, { cause: first.error, details: { items } });
}

/** Gravest first: what ends the drive, then what halts or pauses the run, then what is undone. */
function byGravity(drive: Drive): (a: Failed, b: Failed) => number {
  const gravity = ({ error }: Failed): number =>
    drive.isFatal(error) ? Number.POSITIVE_INFINITY : FederationError.is(error) ? gravityOf(error.code) : 0;
  return (a, b) => {
    const [left, right] = [gravity(a), gravity(b)];
    return left === right ? 0 : right > left ? 1 : -1;
  };
}

interface Failed {
  readonly error: unknown;
}

interface BadItem extends Failed {
  readonly of: { readonly key: string };
}

/** Tells how far the step is, and how long it may still take at the rate of this drive. */
function paceOf(drive: Drive, step: ErasedItemStep, items: ItemRecords): () => void {
  const { clock } = drive.parts.tuning;
  const { total, done: doneBefore } = items;
  const began = clock.now();
  return () => {
    const { done } = items;
    const remainingMs = Math.round(((clock.now() - began) / (done - doneBefore)) * (total - done));
    drive.tell({
      type: 'step:progress',
      step: step.name,
      message: `${done} of ${total}`,
      count: { done, total },
      remainingMs,
    });
  };
}
