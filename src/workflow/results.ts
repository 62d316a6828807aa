/** What steps see of each other: the input, and the result of each earlier step under its name. */
export type Results = Readonly<Record<string, unknown>>;

/** Results to which {@link addResult} adds: one object for a whole run, since a copy for each step would cost the square of their number. */
export function beginResults(input: unknown): Results {
  const results = {};
  addResult(results, 'input', input);
  return results;
}

/** Adds what no step can change or take away. */
export function addResult(results: Results, name: string, out: unknown): void {
  Object.defineProperty(results, name, { value: out, enumerable: true });
}
