import { beforesOf } from './befores.ts';
import type { Residue } from './change.ts';
import type { ErasedItemStep } from './definition.ts';
import type { Drive } from './drive.ts';
import { concurrencyOf } from './item-work.ts';
import { openUndoItems } from './next.ts';
import { pool } from './pool.ts';
import { leave } from './single-work.ts';
import { itemTarget, type Target } from './target.ts';
import { undoTarget } from './undo.ts';

/** Undoes the captured items, last captured first; a bad one is left and named, the others are undone all the same. */
export async function undoItems(drive: Drive, step: ErasedItemStep): Promise<void> {
  const { ledger, tuning } = drive.parts;
  const { name } = step;
  drive.tell({ type: 'undo:started', step: name });
  const record = ledger.state.steps.get(name);
  const items = record === undefined ? [] : openUndoItems(record);
  const beforeOf = await beforesOf(drive, name, items);
  const open = items.map((item) => itemTarget(step, item, beforeOf(item)));
  for (let from = 0; from < open.length; from += tuning.groupSize)
    await undoGroup(drive, step, open.slice(from, from + tuning.groupSize));
  if ((ledger.state.steps.get(name)?.residue.length ?? 0) > 0) return;
  await ledger.append({ type: 'undone', step: name });
  drive.tell({ type: 'undo:completed', step: name });
}

async function undoGroup(drive: Drive, step: ErasedItemStep, targets: readonly Target[]): Promise<void> {
  const { done, failed } = await pool(
    targets,
    concurrencyOf(step),
    (target) => undoTarget(drive, target),
    (failures) => failures === 0,
  );
  const keys = done.flatMap(({ of, result }) => (result.length === 0 && of.key !== undefined ? [of.key] : []));
  if (keys.length > 0) await drive.ledger.append({ type: 'items-undone', step: step.name, keys });
  await leave(
    drive,
    done.flatMap(({ result }): readonly Residue[] => result),
  );
  // Only what must end the drive is thrown by an undo.
  for (const { error } of failed) throw error;
}
