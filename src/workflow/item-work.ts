import { FederationError } from '../errors.ts';
import { abortError } from '../internal/signal.ts';
import { holdTo } from './deciding.ts';
import type { ErasedItemStep } from './definition.ts';
import type { Drive } from './drive.ts';
import { explain } from './failure.ts';
import { blockedError, listedItems, meantBy, together } from './foresee.ts';
import { pool } from './pool.ts';
import { halfDoneItems, type ItemRecord, type ItemRecords } from './state.ts';
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
    await refuseNewKeys(drive, step, items);
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
    for (const one of both) if (one.status === 'rejected' && drive.isFatal(one.reason)) throw one.reason;
    for (const one of both) if (one.status === 'rejected') throw one.reason;
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

async function refuseNewKeys(drive: Drive, step: ErasedItemStep, { all }: ItemRecords): Promise<void> {
  const now = await drive.work(step, 'The list of items', (ctx) => listedItems(step, ctx));
  const added = now.filter(({ key }) => !all.has(key)).map(({ key }) => `"${key}"`);
  if (added.length === 0) return;
  throw new FederationError(
    'WORLD_MOVED',
    `${added.join(', ')} appeared after the list of items was fixed, and nobody decided about it. Take it away and resume, or roll back and begin anew.`,
  );
}

async function captureGroup(drive: Drive, step: ErasedItemStep, items: readonly ItemRecord[]): Promise<void> {
  if (items.length === 0) return;
  const { done, failed } = await pool(
    items,
    concurrencyOf(step),
    ({ key, item }) => drive.work(step, 'The capture', (ctx) => step.capture({ ...ctx, item }), key),
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
  const [first] = failed.toSorted((a, b) => Number(drive.isFatal(b.error)) - Number(drive.isFatal(a.error)));
  if (first === undefined) return;
  const named = ({ of, error }: BadItem): FederationError => explain(error, `Item "${of.key}"`);
  const { code, message } = named(first);
  const items = failed.map((bad) => ({ key: bad.of.key, error: named(bad).message }));
  throw new FederationError(code, message, { cause: first.error, details: { items } });
}

interface BadItem {
  readonly of: { readonly key: string };
  readonly error: unknown;
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
