import type { KubectlOutcome } from './kubectl-play.ts';

/** Something in the output of kubectl that two servers cannot agree on; how it is found and what stands for it. */
interface Volatile {
  readonly what: string;
  readonly found: RegExp;
  /** Where it is nothing but a name, values are numbered by first appearance: equal ones stay equal. */
  readonly becomes: string;
  readonly numbered?: true;
}

/** Everything that is not compared as it stands. */
const volatile: readonly Volatile[] = [
  {
    what: 'UIDs',
    found: /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g,
    becomes: 'uid',
    numbered: true,
  },
  { what: 'resourceVersions', found: /(?<=resourceVersion"?: ")\d+(?=")/g, becomes: 'rv', numbered: true },
  { what: 'times', found: /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, becomes: 'time' },
  { what: 'addresses', found: /https:\/\/127\.0\.0\.1:\d+/g, becomes: 'https://server' },
  {
    what: "lines of kubectl's own log, about how a watch that it gave up came to its end",
    found: /^[EWI]\d{4} .*\n/gm,
    becomes: '',
  },
];

/** Calls whose outcome differs and may. */
export const kubectlAllowed: readonly { readonly command: string; readonly why: string }[] = [
  { command: 'api-versions', why: 'the real server has groups that are outside the scope of the sandbox' },
];

/** Outcomes without what is volatile. */
export function steadyOutcomes(outcomes: readonly KubectlOutcome[]): KubectlOutcome[] {
  const names = new Map<string, string>();
  const steady = (text: string): string =>
    volatile.reduce(
      (rest, { found, becomes, numbered }) =>
        rest.replace(found, (value) => {
          if (numbered !== true) return becomes;
          const key = `${becomes} ${value}`;
          const name =
            names.get(key) ??
            `${becomes}#${[...names.keys()].filter((one) => one.startsWith(`${becomes} `)).length + 1}`;
          names.set(key, name);
          return name;
        }),
      text,
    );
  return outcomes.map((one) => ({ ...one, stdout: steady(one.stdout), stderr: steady(one.stderr) }));
}
