import type { Drive } from './drive.ts';
import { creates } from './next.ts';
import { namedOnce } from './overlap.ts';
import { pool } from './pool.ts';
import { leave } from './single-work.ts';
import { residueOf } from './state.ts';
import { fence, itemTarget, look, stepTarget, type Target } from './target.ts';
import { pauseFor } from './time.ts';
import { undoTarget } from './undo.ts';

const atOnce = 8;

/** Rule 9: before anything else a new driver fences what a former one may still be writing. */
export async function touchHalfDone(drive: Drive, names: readonly string[]): Promise<void> {
  const { ledger } = drive;
  const undoing = ledger.state.undoing !== undefined;
  for (const name of names) {
    const { failed } = await pool(
      notDone(drive, name),
      atOnce,
      (target) =>
        fence(target, (what, work) =>
          undoing ? drive.undo(target.step, what, work, target.key) : drive.work(target.step, what, work, target.key),
        ),
      (failures) => undoing || failures === 0,
    );
    // Each undo fences again what it undoes, and makes residue of what it cannot fence.
    for (const { error } of failed) if (!undoing || drive.isFatal(error)) throw error;
  }
  await ledger.append({ type: 'touched' });
}

/**
 * What was never seen done may have been created since: looked for before the undo of what these steps stand on, and before a rollback
 * is closed. Only for objects that no other step of the run names: those may be there because they were put back.
 *
 * @returns whether anything is left that could not be taken away
 */
export async function lookAgain(drive: Drive, names: readonly string[]): Promise<boolean> {
  const [first] = names;
  if (first === undefined) return false;
  await untilNothingIsLate(drive, first);
  const known = residueOf(drive.ledger.state).length;
  const alone = namedOnce(drive.ledger.state);
  for (const name of names) {
    const late = notDone(drive, name).filter(
      ({ intends }) => creates(intends) && intends.every(({ resource }) => alone(resource)),
    );
    const { done, failed } = await pool(
      late,
      atOnce,
      async (target) => {
        const standing = await look(target, (what, work) => drive.undo(target.step, what, work, target.key));
        return standing?.includes('intended') ? undoTarget(drive, target) : [];
      },
      () => true,
    );
    await leave(
      drive,
      done.flatMap(({ result }) => result),
    );
    for (const { error } of failed) throw error;
  }
  return residueOf(drive.ledger.state).length > known;
}

async function untilNothingIsLate(drive: Drive, step: string): Promise<void> {
  const { tuning, backward } = drive.parts;
  const lateMs = drive.lateForMs();
  if (lateMs <= 0) return;
  const message = `waiting ${Math.ceil(lateMs / 1_000)} s: what this step sent may still take effect`;
  drive.tell({ type: 'step:progress', step, message });
  // Who is no longer the driver by then is told so at the next step.
  await pauseFor(tuning.clock, lateMs, backward);
}

function notDone(drive: Drive, name: string): readonly Target[] {
  const record = drive.ledger.state.steps.get(name);
  const element = drive.element(name);
  if (record === undefined || element.kind === 'gate') return [];
  if (element.kind === 'items') {
    const { items } = record;
    if (items === undefined) return [];
    const open = [...items.all.values()].filter((item) => item.captured > 0 && !item.done);
    return open.map((item) => itemTarget(element.step, item));
  }
  const target = stepTarget(element.step, record);
  return target === undefined || target.done ? [] : [target];
}
