import type { Element, ErasedItemStep, ErasedStep } from './definition.ts';

/** The static facts about one element of a workflow; the journal keeps them, so that a run can be judged without its workflow. */
export interface Outline {
  readonly kind: 'step' | 'items' | 'gate';
  readonly name: string;
  readonly title: string;
  readonly undo: 'restores' | 'reads only' | 'irreversible';
  readonly undoNeeds: readonly string[];
  /** From the `captured` record of this step on the run goes only forward. */
  readonly pivot?: true;
}

/** How a step is undone. */
export function undoKind(step: ErasedStep | ErasedItemStep): Outline['undo'] {
  if ('readOnly' in step) return 'reads only';
  return 'irreversible' in step ? 'irreversible' : 'restores';
}

/** The elements of a workflow as its journal keeps them. */
export function outlinesOf(elements: readonly Element[]): readonly Outline[] {
  return elements.map((element) =>
    element.kind === 'gate'
      ? { kind: 'gate', name: element.name, title: element.title, undo: 'reads only', undoNeeds: [] }
      : {
          kind: element.kind,
          name: element.name,
          title: element.step.title,
          undo: undoKind(element.step),
          undoNeeds: element.step.undoNeeds ?? [],
          ...(element.kind === 'step' && element.step.pivot === true && { pivot: true }),
        },
  );
}
