/** Tells where `value` has not the shape that is asked, as a path into it that begins with `path`; `undefined` where it has. */
export type Shape = (value: unknown, path: string) => string | undefined;

/** A text. */
export const text: Shape = (value, path) => (typeof value === 'string' ? undefined : path);

/** `true` or `false`. */
export const flag: Shape = (value, path) => (typeof value === 'boolean' ? undefined : path);

/** Anything, but it must be there. */
export const anything: Shape = (value, path) => (value === undefined ? path : undefined);

/** One of a few values. */
export function oneOf(...values: readonly unknown[]): Shape {
  return (value, path) => (values.includes(value) ? undefined : path);
}

/** A list of things of one shape. */
export function listOf(shape: Shape): Shape {
  return (value, path) => {
    if (!Array.isArray(value)) return path;
    for (const [index, item] of value.entries()) {
      const flaw = shape(item, `${path}[${index}]`);
      if (flaw !== undefined) return flaw;
    }
    return undefined;
  };
}

/** An object with these fields, and perhaps the `optional` ones; others are not looked at. */
export function objectOf(
  fields: Readonly<Record<string, Shape>>,
  optional: Readonly<Record<string, Shape>> = {},
): Shape {
  return (value, path) => {
    const found = fieldsOf(value);
    if (found === undefined) return path;
    const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
    for (const [name, shape] of Object.entries(fields)) {
      const flaw = shape(found.get(name), at(name));
      if (flaw !== undefined) return flaw;
    }
    for (const [name, shape] of Object.entries(optional)) {
      const flaw = found.has(name) ? shape(found.get(name), at(name)) : undefined;
      if (flaw !== undefined) return flaw;
    }
    return undefined;
  };
}

/** An object whose field `name` says which of several shapes it has. */
export function byField(name: string, shapes: Readonly<Record<string, Shape>>): Shape {
  const known = new Map(Object.entries(shapes));
  return (value, path) => {
    const says = fieldsOf(value)?.get(name);
    const shape = typeof says === 'string' ? known.get(says) : undefined;
    return shape === undefined ? `${path}.${name}` : shape(value, path);
  };
}

function fieldsOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? new Map<string, unknown>(Object.entries(value))
    : undefined;
}
