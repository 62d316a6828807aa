import type { Json } from '../types.ts';
import type { JournalStore } from './journal.ts';
import type { ItemStep, Step, StepContext } from './step.ts';

/** What the engine sees of a state: it never looks inside. */
export type ErasedState = Readonly<Record<string, unknown>>;
/** A step whose own types were checked by the composition. */
export type ErasedStep = Step<string, ErasedState, unknown, Json, Json | undefined>;
/** An item step whose own types were checked by the composition. */
export type ErasedItemStep = ItemStep<string, ErasedState, unknown, Json, Json>;

/** A place where the run waits for an approval. */
export interface Gate {
  readonly kind: 'gate';
  readonly name: string;
  readonly title: string;
  readonly show?: (ctx: StepContext<ErasedState, unknown>) => Promise<unknown>;
}

/** One element of a workflow, in order. */
export type Element =
  | { readonly kind: 'step'; readonly name: string; readonly step: ErasedStep }
  | { readonly kind: 'items'; readonly name: string; readonly step: ErasedItemStep }
  | Gate;

/** What a workflow consists of, for the engine. */
export interface Definition {
  readonly elements: readonly Element[];
  readonly identity: ((env: unknown) => Promise<Json>) | undefined;
  readonly reach: ((env: unknown, run: { readonly pastPivot: boolean }) => Promise<void>) | undefined;
  readonly checkJournal:
    | ((journal: Pick<JournalStore, 'volatile' | 'keptOn'>, env: unknown) => void | Promise<void>)
    | undefined;
  readonly lateMs: ((env: unknown) => number) | undefined;
  readonly select: (state: ErasedState) => unknown;
}
