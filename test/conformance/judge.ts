import { type Allowance, allowances as known } from './allowed.ts';
import type { Case } from './case.ts';
import { differences } from './json.ts';
import type { Outcome } from './play.ts';

/** What comparing came to. */
export interface Verdict {
  /** Cases that differ, each with the places. */
  readonly different: readonly { readonly name: string; readonly places: readonly string[] }[];
  /** Allowances that something needed. */
  readonly allowed: readonly Allowance[];
  /** Places of allowances where nothing differs: they have to go. */
  readonly unused: readonly { readonly case: string; readonly place: string }[];
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
  allowances: readonly Allowance[] = known,
): Verdict {
  const unused = allowances.flatMap(({ case: name, places }) => places.map((place) => ({ case: name, place })));
  const different = cases.flatMap((one) => {
    const name = titleOf(one);
    const places = differences(expected.get(name), found.get(name)).filter(({ path }) => {
      const allowance = allowances.find((allowed) => allowed.case === name && allowed.places.includes(path));
      const at = unused.findIndex((allowed) => allowed.case === name && allowed.place === path);
      if (at >= 0) unused.splice(at, 1);
      return allowance === undefined;
    });
    return places.length === 0 ? [] : [{ name, places: places.map(({ path, text }) => `${path}: ${text}`) }];
  });
  const isUsed = ({ case: name, places }: Allowance): boolean =>
    places.some((place) => !unused.some((left) => left.case === name && left.place === place));
  return { different, allowed: allowances.filter(isUsed), unused };
}
