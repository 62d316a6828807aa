import fc from 'fast-check';
import type { Value } from './durable.ts';
import type { Fault, Stop } from './process.ts';

/** What becomes of one object. */
export interface SetSpec {
  readonly object: string;
  readonly value: Value;
}

/** One element of a generated workflow, before it has a name. */
export type ElementSpec =
  | {
      readonly kind: 'set';
      readonly sets: readonly SetSpec[];
      /** It cannot say beforehand what it will change; so nobody can fence it, and its drivers die instead of freezing. */
      readonly blind?: true;
    }
  | { readonly kind: 'items'; readonly sets: readonly SetSpec[]; readonly concurrency: number }
  | { readonly kind: 'look' }
  | { readonly kind: 'gate' }
  | { readonly kind: 'piece'; readonly parts: readonly ElementSpec[] };

/** What becomes of one drive. */
export interface DriveSpec {
  readonly stop?: Stop;
  readonly faults?: readonly Fault[];
  /** How the next driver goes on. */
  readonly next: 'resume' | 'rollback';
  /** If it froze: when it is thawed, by the number of effects of the drives that came after it. @defaultValue when all is over */
  readonly thawAfter?: number;
}

/** A workflow, its world, and all that goes wrong. */
export interface Scenario {
  readonly start: Readonly<Record<string, Value>>;
  readonly elements: readonly ElementSpec[];
  /** Of the single steps that write, which is the pivot; what comes after is irreversible. */
  readonly pivot: number | null;
  /** This element fails at every attempt, before or after its effect. */
  readonly bad: { readonly element: number; readonly when: 'before' | 'after' } | null;
  /** Somebody else changes this object: before drive number `drive` (from 2 on), or after effect number `effect` of the first. */
  readonly foreign: {
    readonly object: string;
    readonly at: { readonly drive: number } | { readonly effect: number };
  } | null;
  /** Held to a plan made at the start. Only where no object is named twice: what one step leaves for another cannot be seen beforehand. */
  readonly held: boolean;
  readonly onFailure: 'rollback' | 'pause';
  readonly drives: readonly DriveSpec[];
}

const objects = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
const value = fc.constantFrom('1', '2', '3', null);
const set = (min: number, max: number): fc.Arbitrary<SetSpec[]> =>
  fc
    .tuple(
      fc.subarray([...objects], { minLength: min, maxLength: max }),
      fc.array(value, { minLength: max, maxLength: max }),
    )
    .map(([names, values]) => names.map((object, index) => ({ object, value: values[index] ?? null })));
const leaf: fc.Arbitrary<ElementSpec> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('set' as const), sets: set(1, 2) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('set' as const), sets: set(1, 2), blind: fc.constant(true as const) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('items' as const),
      sets: set(1, 5),
      concurrency: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'look' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'gate' as const }) },
);
const inner: fc.Arbitrary<ElementSpec> = fc.record({
  kind: fc.constant('piece' as const),
  parts: fc.array(leaf, { minLength: 1, maxLength: 2 }),
});
const piece: fc.Arbitrary<ElementSpec> = fc.record({
  kind: fc.constant('piece' as const),
  parts: fc.array(fc.oneof({ weight: 4, arbitrary: leaf }, { weight: 1, arbitrary: inner }), {
    minLength: 1,
    maxLength: 3,
  }),
});
const fault: fc.Arbitrary<Fault> = fc.record({
  at: fc.integer({ min: 1, max: 70 }),
  how: fc.constantFrom('before', 'after', 'late'),
  shows: fc.oneof(
    { weight: 3, arbitrary: fc.constant('retryable' as const) },
    fc.constantFrom('final', 'nothing', 'stuck'),
  ),
});
const stop: fc.Arbitrary<Stop> = fc.record({
  at: fc.integer({ min: 1, max: 50 }),
  how: fc.constantFrom('die', 'die', 'freeze', 'freeze in flight'),
});
const drive: fc.Arbitrary<DriveSpec> = fc.record(
  {
    stop,
    faults: fc.array(fault, { maxLength: 4 }),
    next: fc.constantFrom('resume', 'rollback'),
    thawAfter: fc.integer({ min: 1, max: 12 }),
  },
  { requiredKeys: ['next'] },
);

/** Any scenario of 2 to 12 elements with up to three disturbed drives. */
export const anyScenario: fc.Arbitrary<Scenario> = fc
  .record({
    start: fc.dictionary(fc.constantFrom(...objects), fc.constantFrom('0', '1')),
    elements: fc.array(fc.oneof({ weight: 5, arbitrary: leaf }, { weight: 1, arbitrary: piece }), {
      minLength: 2,
      maxLength: 12,
    }),
    pivot: fc.option(fc.nat(7), { freq: 2 }),
    bad: fc.option(fc.record({ element: fc.nat(4), when: fc.constantFrom('before' as const, 'after' as const) }), {
      freq: 1,
    }),
    foreign: fc.option(
      fc.record({
        object: fc.constantFrom(...objects),
        at: fc.oneof(
          fc.record({ drive: fc.integer({ min: 2, max: 3 }) }),
          fc.record({ effect: fc.integer({ min: 1, max: 40 }) }),
        ),
      }),
      { freq: 2 },
    ),
    held: fc.boolean(),
    onFailure: fc.constantFrom('rollback' as const, 'rollback' as const, 'pause' as const),
    drives: fc.array(drive, { minLength: 1, maxLength: 3 }),
  })
  .map((given) => {
    const elements = atMost(given.elements, 12);
    const fitting = { ...given, elements, held: given.held && !namesTwice(elements) };
    return canBeFenced(fitting) ? fitting : { ...fitting, drives: fitting.drives.map(dying) };
  });

/** The elements without the pieces they came in. */
export function flat(elements: readonly ElementSpec[]): Exclude<ElementSpec, { readonly kind: 'piece' }>[] {
  return elements.flatMap((element) => (element.kind === 'piece' ? flat(element.parts) : [element]));
}

/** Whether what a former driver still writes can be fenced. */
export function canBeFenced({ elements }: Pick<Scenario, 'elements'>): boolean {
  return !flat(elements).some((element) => element.kind === 'set' && element.blind === true);
}

function dying({ stop, faults = [], next }: DriveSpec): DriveSpec {
  return {
    ...(stop && { stop: { ...stop, how: 'die' } }),
    faults: faults.map((one) => (one.how === 'late' ? { ...one, how: 'after' } : one)),
    next,
  };
}

function namesTwice(elements: readonly ElementSpec[]): boolean {
  const named = flat(elements).flatMap((element) =>
    'sets' in element ? element.sets.map(({ object }) => object) : [],
  );
  return new Set(named).size < named.length;
}

function atMost(elements: readonly ElementSpec[], most: number): ElementSpec[] {
  let left = most;
  return elements.filter((element) => {
    const size = flat([element]).length;
    if (size > left) return false;
    left -= size;
    return true;
  });
}
