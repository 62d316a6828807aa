import type { Element, ErasedItemStep, ErasedStep } from './definition.ts';

/** The static facts about one element that the core decides by. */
export interface Outline {
  readonly kind: 'step' | 'items' | 'gate';
  readonly name: string;
  readonly undo: 'restores' | 'reads only' | 'irreversible';
  readonly undoNeeds: readonly string[];
}

/** How a step is undone. */
export function undoKind(step: ErasedStep | ErasedItemStep): Outline['undo'] {
  if ('readOnly' in step) return 'reads only';
  return 'irreversible' in step ? 'irreversible' : 'restores';
}

/** The static list of steps, as the core sees it. */
export function outlinesOf(elements: readonly Element[]): readonly Outline[] {
  return elements.map((element) =>
    element.kind === 'gate'
      ? { kind: 'gate', name: element.name, undo: 'reads only', undoNeeds: [] }
      : {
          kind: element.kind,
          name: element.name,
          undo: undoKind(element.step),
          undoNeeds: element.step.undoNeeds ?? [],
        },
  );
}
