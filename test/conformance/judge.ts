import { type Allowance, allowances } from './allowed.ts';
import type { Case } from './case.ts';
import { differences } from './json.ts';
import type { Outcome } from './play.ts';

/** What comparing came to. */
export interface Verdict {
  readonly cases: number;
  /** Cases that differ, each with the places. */
  readonly different: readonly { readonly name: string; readonly places: readonly string[] }[];
  readonly allowed: readonly Allowance[];
  /** Allowances that nothing needed: they have to go. */
  readonly unused: readonly Allowance[];
}

/** What a case is called. */
export function titleOf({ topic, name }: Case): string {
  return `${topic}: ${name}`;
}

/** Compares outcomes of `expected` (the real server) with those of `found`, case by case. */
export function judge(
  cases: readonly Case[],
  expected: ReadonlyMap<string, Outcome>,
  found: ReadonlyMap<string, Outcome>,
): Verdict {
  const used = new Set<Allowance>();
  const titles = new Set(cases.map(titleOf));
  const different = cases.flatMap((one) => {
    const name = titleOf(one);
    const places = differences(expected.get(name), found.get(name)).filter((place) => {
      const allowance = allowances.find((known) => known.case === name && place.startsWith(known.where));
      if (allowance !== undefined) used.add(allowance);
      return allowance === undefined;
    });
    return places.length === 0 ? [] : [{ name, places }];
  });
  return {
    cases: cases.length,
    different,
    allowed: [...used],
    unused: allowances.filter((one) => titles.has(one.case) && !used.has(one)),
  };
}
