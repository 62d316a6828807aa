import type { Residue } from './change.ts';
import { holdTo } from './deciding.ts';
import type { ErasedStep } from './definition.ts';
import type { Drive } from './drive.ts';
import { blockedError, forecastOf, meantBy } from './foresee.ts';
import { refuseMoved, stepTarget, type Target } from './target.ts';
import { undoTarget } from './undo.ts';

/** Forecast, then `skipped`, or capture and `captured`. */
export async function beginStep(drive: Drive, step: ErasedStep): Promise<void> {
  const { ledger } = drive;
  const { name, capture } = step;
  const forecast = await drive.work(step, 'The forecast', (ctx) => forecastOf(step, ctx));
  const planned = ledger.state.opened.plan?.steps.find((one) => one.name === name);
  if (planned !== undefined) holdTo(planned, { forecast });
  switch (forecast.effect) {
    case 'blocked':
      throw blockedError(name, forecast);
    case 'none': {
      const { why, out } = forecast;
      await ledger.append({ type: 'skipped', step: name, why, out: out ?? null });
      return drive.tell({ type: 'step:skipped', step: name, why });
    }
    default: {
      const before = capture === undefined ? null : await drive.work(step, 'The capture', (ctx) => capture(ctx));
      await ledger.append({ type: 'captured', step: name, before, ...meantBy(forecast) });
      drive.tell({ type: 'step:started', step: name, attempt: 1 });
    }
  }
}

/** Runs what is captured, and records `done`; `again` where an earlier drive may have begun it. */
export async function runStep(drive: Drive, step: ErasedStep, again: boolean): Promise<void> {
  const { ledger } = drive;
  const { name } = step;
  const { before } = captured(drive, step);
  if (again) {
    await refuseMoved(captured(drive, step), (what, work) => drive.work(step, what, work));
    drive.tell({ type: 'step:started', step: name, attempt: 1 });
  }
  const out = await drive.work(step, 'The run', (ctx) => step.run({ ...ctx, before }));
  await ledger.append({ type: 'done', step: name, out: out ?? null });
  drive.tell({ type: 'step:completed', step: name, durationMs: drive.sinceStarted(name) });
}

/** Undoes a captured step, and records `undone` or what is left. */
export async function undoStep(drive: Drive, step: ErasedStep): Promise<void> {
  const { name } = step;
  drive.tell({ type: 'undo:started', step: name });
  const residue = await undoTarget(drive, captured(drive, step));
  if (residue.length > 0) return leave(drive, residue);
  await drive.ledger.append({ type: 'undone', step: name });
  drive.tell({ type: 'undo:completed', step: name });
}

/** Records what is left, a group at a time; tells of each. */
export async function leave(drive: Drive, residue: readonly Residue[]): Promise<void> {
  const { groupSize } = drive.parts.tuning;
  for (let from = 0; from < residue.length; from += groupSize) {
    const group = residue.slice(from, from + groupSize);
    await drive.ledger.append({ type: 'residue', residue: group });
    for (const one of group) drive.tell({ type: 'undo:failed', step: one.step, residue: one });
  }
}

function captured({ ledger }: Drive, step: ErasedStep): Target {
  const record = ledger.state.steps.get(step.name);
  const target = record === undefined ? undefined : stepTarget(step, record);
  if (target === undefined) throw new TypeError(`Step "${step.name}" is not captured.`);
  return target;
}
