import type { Json } from '../../src/types.ts';
import type { Element, ErasedItemStep, ErasedStep } from '../../src/workflow/definition.ts';

const forecast = { effect: 'change', changes: [] } as const;

/** A step over `count` items that does nothing with any of them; `before` is what undo would need of each. */
export function itemStep(count: number, before: Json = null): ErasedItemStep {
  const items = Array.from({ length: count }, (_, index) => ({ key: `item-${index}`, item: index, forecast }));
  return {
    name: 'items',
    title: 'Do nothing with each item',
    items: async () => items.map((item) => ({ ...item })),
    capture: async () => before,
    run: async () => undefined,
    unseen: 'It changes nothing.',
    compensate: async () => undefined,
  };
}

/** A step that does nothing. */
export function singleStep(index: number): ErasedStep {
  return {
    name: `step-${index}`,
    title: 'Do nothing',
    forecast: async () => forecast,
    capture: async () => null,
    run: async () => null,
    unseen: 'It changes nothing.',
    compensate: async () => undefined,
  };
}

/** As an element of a workflow. */
export const itemElement = (step: ErasedItemStep): Element => ({ kind: 'items', name: step.name, step });
/** As an element of a workflow. */
export const stepElement = (step: ErasedStep): Element => ({ kind: 'step', name: step.name, step });
