/** Whether `value` is a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What lies at a dotted path; `\.` stands for a dot inside a name, a number for a place in a list. */
export function at(value: unknown, path: string): unknown {
  let found = value;
  for (const part of path.split(/(?<!\\)\./)) {
    const name = part.replaceAll('\\.', '.');
    found = Array.isArray(found) ? found[Number(name)] : isRecord(found) ? found[name] : undefined;
  }
  return found;
}

/** A copy of `record` in which the fields named, where they are there, hold `instead`. */
export function apart(record: Readonly<Record<string, unknown>>, fields: readonly string[], instead: unknown) {
  return Object.fromEntries(
    Object.entries(record).map(([name, item]) => [name, fields.includes(name) ? instead : item]),
  );
}

/** One place where two pieces of JSON differ. */
export interface Difference {
  readonly path: string;
  /** Both sides, to be read. */
  readonly text: string;
}

/** Where two pieces of JSON differ. */
export function differences(one: unknown, other: unknown, path = ''): Difference[] {
  if (Array.isArray(one) && Array.isArray(other)) {
    const length = Math.max(one.length, other.length);
    return Array.from({ length }, (_, i) => differences(one[i], other[i], `${path}[${i}]`)).flat();
  }
  // Objects of different kinds have nothing to be compared.
  if (isRecord(one) && isRecord(other) && one['kind'] === other['kind']) {
    const fields = new Set([...Object.keys(one), ...Object.keys(other)]);
    return [...fields]
      .sort()
      .flatMap((field) => differences(one[field], other[field], path === '' ? field : `${path}.${field}`));
  }
  return Object.is(one, other) ? [] : [{ path, text: `${shown(one)} | ${shown(other)}` }];
}

function shown(value: unknown): string {
  return value === undefined ? 'absent' : JSON.stringify(value);
}
