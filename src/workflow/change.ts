import type { Json, ResourceRef } from '../types.ts';

/**
 * One object as a step will change it. `before` and `after` hold the fields that decide, and nothing that moves by itself
 * (no resourceVersion, status, managedFields or times): plans are compared by them, and undo compares them with what is there.
 * Absent means the object does not exist. A step with `observe` gives them wherever the verb implies them.
 */
export interface Change {
  readonly verb: 'create' | 'update' | 'delete';
  readonly resource: ResourceRef;
  readonly before?: Json;
  readonly after?: Json;
}

/** A kind of object that a step may change, where it cannot say yet which. */
export interface Touch {
  readonly verb: Change['verb'];
  readonly kind: string;
}

/**
 * What a step would do now. A function of its own that makes one is annotated with `Promise<Forecast<Out>>`: without it the compiler
 * takes `effect` for any text.
 */
export type Forecast<Out> =
  | {
      readonly effect: 'none';
      readonly why: string;
      /** Stands in for the result of `run`, which is skipped. */
      readonly out: Out;
      /** What of `out` a plan is compared by. @defaultValue all of it */
      readonly decides?: Json;
    }
  | {
      readonly effect: 'change';
      readonly changes: readonly Change[];
      /** What `run` will yield; lets later steps be planned. */
      readonly expects?: Out;
    }
  | {
      readonly effect: 'blocked';
      readonly why: string;
      /** What a person does about it. */
      readonly remedy: string;
    }
  | {
      readonly effect: 'unknown';
      readonly why: string;
      /** The most that it may do. */
      readonly touches: readonly Touch[];
    };

/** What undo could not restore, in an operator's words. */
export interface Residue {
  readonly step: string;
  /** Key of the item, for item steps. */
  readonly item?: string;
  readonly resource?: ResourceRef;
  /** An error code, or `WORLD_MOVED` where somebody else changed the object. */
  readonly code: string;
  /** What was found. */
  readonly why: string;
  /** What a person does about it. */
  readonly remedy: string;
}
