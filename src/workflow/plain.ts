import { FederationError } from '../errors.ts';
import { redact } from '../internal/redact.ts';
import type { Json } from '../types.ts';

/**
 * What of `value` a journal can keep: exactly what it gives back later. `what` names its place in messages.
 * @throws FederationError WORKFLOW_INVALID where it is no plain JSON, or holds something that looks like a secret.
 */
export function plain(value: unknown, what: string): Json {
  const json = toJson(value, what, '');
  const shown = redact(json);
  // A comparison of texts is several times faster than one of trees, and this is all that most records need.
  if (JSON.stringify(shown) === JSON.stringify(json)) return json;
  throw new FederationError(
    'WORKFLOW_INVALID',
    `${what} holds what looks like a secret${at(changedAt(json, shown, '') ?? '')}, and would be kept in clear. Give a reference and a digest instead, in fields whose names do not say that they are the secret itself.`,
  );
}

function toJson(value: unknown, what: string, path: string): Json {
  if (value === null || value === undefined) return null;
  switch (typeof value) {
    case 'boolean':
    case 'string':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      break;
    case 'object': {
      if (Array.isArray(value)) return value.map((item: unknown, index) => toJson(item, what, `${path}[${index}]`));
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype !== Object.prototype && prototype !== null) break;
      const fields = Object.entries(value).filter(([, item]) => item !== undefined);
      return Object.fromEntries(fields.map(([key, item]) => [key, toJson(item, what, `${path}.${key}`)]));
    }
  }
  throw new FederationError(
    'WORKFLOW_INVALID',
    `${what} is no plain JSON${at(path)}: it would not survive the journal. Give text, numbers, booleans, lists and plain objects only.`,
  );
}

/** Where `after` differs from `before`, which have the same shape. */
function changedAt(before: Json, after: Json, path: string): string | undefined {
  if (typeof before !== 'object' || before === null) return before === after ? undefined : path;
  const others = new Map(Object.entries(after ?? {}));
  for (const [key, item] of Object.entries(before)) {
    const found = changedAt(
      item,
      others.get(key) ?? null,
      Array.isArray(before) ? `${path}[${key}]` : `${path}.${key}`,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

function at(path: string): string {
  return path === '' ? '' : ` at ${path.replace(/^\./, '')}`;
}
