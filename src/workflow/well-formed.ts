import { FederationError } from '../errors.ts';
import type { Element, ErasedItemStep, ErasedStep } from './definition.ts';

/** Refuses a name that is taken, reserved or unusable as a journal key, where types were circumvented or cannot say it. */
export function checkAddition(elements: readonly Element[], more: readonly Element[]): void {
  const taken = new Set(['input', ...elements.map((element) => element.name)]);
  for (const { name } of more) {
    if (!/^[A-Za-z0-9][\w.-]{0,62}$/.test(name))
      throw invalid(`"${name}" is no name for a step or gate; use up to 63 letters, digits, "-", "." and "_".`);
    if (taken.has(name)) throw invalid(`The name "${name}" is already taken; give one of the two another name.`);
    taken.add(name);
  }
}

/** Refuses what can only be seen of the whole: two pivots, an undo that is missing, at all or before the pivot, unknown `undoNeeds`. */
export function checkWhole(workflow: string, elements: readonly Element[]): void {
  const where = (name: string): string => `Step "${name}" of workflow "${workflow}"`;
  const pivots = elements.filter(isPivot);
  if (pivots.length > 1)
    throw invalid(
      `Workflow "${workflow}" has ${pivots.length} pivots (${pivots.map((p) => p.name).join(', ')}); one at most.`,
    );
  for (const [index, element] of elements.entries()) {
    if (element.kind === 'gate') continue;
    if (element.kind === 'items' && 'pivot' in element.step)
      throw invalid(`${where(element.name)} works on items and cannot be the pivot; make a single step of it.`);
    const { step } = element;
    if (!saysHowUndone(step))
      throw invalid(
        `${where(element.name)} does not say how it is undone; give it a compensate, or say that it is readOnly or why it is irreversible.`,
      );
    if ('irreversible' in step && !elements.slice(0, index + 1).some(isPivot))
      throw invalid(
        `${where(element.name)} is irreversible and stands before the pivot; move it, or give it a compensate.`,
      );
    const later = new Set(elements.slice(index + 1).map(({ name }) => name));
    for (const need of step.undoNeeds ?? [])
      if (!later.has(need))
        throw invalid(
          `${where(element.name)} names "${need}" in undoNeeds, which is no later step and so is not undone before it.`,
        );
  }
}

/** For those whom no compiler tells. */
function saysHowUndone(step: ErasedStep | ErasedItemStep): boolean {
  return 'readOnly' in step || 'irreversible' in step || typeof step.compensate === 'function';
}

function isPivot(element: Element): boolean {
  return element.kind === 'step' && element.step.pivot === true;
}

function invalid(message: string): FederationError {
  return new FederationError('WORKFLOW_INVALID', message);
}
