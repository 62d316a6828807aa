import { FederationError } from '../errors.ts';
import { redact } from '../internal/redact.ts';
import type { Change, Residue } from './change.ts';
import { nameOf, type Standing } from './compare.ts';
import type { Drive } from './drive.ts';
import { fence, look, type Target, type Way } from './target.ts';

/** Undoes one target as rule 2 says; the answer is what is left. Throws only where the drive must end. */
export async function undoTarget(drive: Drive, target: Target): Promise<readonly Residue[]> {
  const { step, compensate } = target;
  if (compensate === undefined) return [];
  const way: Way = (what, work) => drive.undo(step, what, work, target.key);
  try {
    // First fence, then look: a write that comes in between would be taken for none.
    if (!target.done || mayHaveBegun(drive)) await fence(target, way);
    const standing = await look(target, way);
    if (standing?.every((one) => one === 'before')) return [];
    if (standing?.includes('moved')) return movedResidue(target, standing);
    await way('The undo', compensate);
    // That it ended is no proof.
    const after = await look(target, way);
    return after === undefined ? [] : unfinishedResidue(target, after);
  } catch (error) {
    if (drive.isFatal(error)) throw error;
    return [failedResidue(target, error, drive.parts.runId)];
  }
}

/** Whether a former driver was undoing already: it may have been stopped between its last look and its write, at a target that was done. */
function mayHaveBegun({ ledger: { state } }: Drive): boolean {
  return state.undoing !== undefined && state.undoing.seq < state.epoch;
}

/** Nobody knows better than the one who changed them what these objects should be. */
function movedResidue(target: Target, standing: readonly Standing[]): readonly Residue[] {
  return target.intends.flatMap((change, index): Residue[] => {
    if (standing[index] === 'before') return [];
    const name = nameOf(change.resource);
    const moved = standing[index] === 'moved';
    return [
      {
        ...placeOf(target),
        resource: change.resource,
        code: 'WORLD_MOVED',
        why: moved
          ? `${name} is neither what it was nor what this run made of it, so it was left alone.`
          : `${name} was left as this run made it, because another object of the same step was changed by somebody else.`,
        remedy: `Look at ${name} and make it what it should be (before this run it ${was(change)}), then roll back once more.`,
      },
    ];
  });
}

/** The undo ended without an error, and yet an object is not what it was. */
function unfinishedResidue(target: Target, standing: readonly Standing[]): readonly Residue[] {
  return target.intends.flatMap((change, index): Residue[] => {
    if (standing[index] === 'before') return [];
    const name = nameOf(change.resource);
    return [
      {
        ...placeOf(target),
        resource: change.resource,
        code: 'NOT_OBSERVED',
        why: `The undo ended, but ${name} is not what it was.`,
        remedy: `Look at ${name}: before this run it ${was(change)}. Make it so, then roll back once more.`,
      },
    ];
  });
}

function was({ before }: Change): string {
  return before === undefined || before === null ? 'did not exist' : `was ${redact(JSON.stringify(before))}`;
}

/** Whatever a step advises to do by hand would be done to what somebody else holds. */
const fencedRemedy = 'Clear that first; until then put nothing back by hand.';

function failedResidue(target: Target, error: unknown, runId: string): Residue {
  const { step, intends } = target;
  const objects = intends.map(({ resource }) => nameOf(resource)).join(', ');
  const [only] = intends.length === 1 ? intends : [];
  return {
    ...placeOf(target),
    ...(only && { resource: only.resource }),
    code: FederationError.is(error) ? error.code : 'STEP_FAILED',
    why: redact(error instanceof Error ? error.message : String(error)),
    remedy:
      (FederationError.is(error, 'FENCED') ? fencedRemedy : undefined) ??
      ('compensate' in step && step.remedy !== undefined ? redact(step.remedy) : undefined) ??
      `Clear the cause and roll back run "${runId}" once more${objects === '' ? '' : `, or put back by hand: ${objects}`}.`,
  };
}

function placeOf({ step, key }: Target): Pick<Residue, 'step' | 'item'> {
  return { step: step.name, ...(key !== undefined && { item: key }) };
}
