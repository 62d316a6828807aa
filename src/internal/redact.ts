import type { Json } from '../types.ts';
import { hidden, redactText } from './secret-text.ts';
import { isPlural, isSecretName } from './secret-words.ts';

type Fields = Readonly<Record<string, Json>>;

/** Fields of a Secret object that hold what it keeps. */
const secretContents: ReadonlySet<string> = new Set(['data', 'stringData']);
/** Fields of a reference, as in `secrets: [{ name }]` of a ServiceAccount or `secret: { secretName, items }` of a volume. */
const referring: ReadonlySet<string> = new Set([
  ...['cluster', 'apiVersion', 'kind', 'namespace', 'name', 'uid'],
  ...['secretName', 'key', 'items', 'defaultMode', 'optional'],
]);

/**
 * Takes out what looks like a credential: by pattern in text, by field name in data, and all that a Secret object keeps.
 * Everything that leaves passes here; passing twice changes nothing more.
 */
export function redact(value: string): string;
export function redact(value: Json): Json;
export function redact(value: Json): Json {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map((item: Json) => redact(item));
  if (typeof value !== 'object' || value === null) return value;
  const fields: Fields = Object.fromEntries(Object.entries(value));
  const { kind, name } = fields;
  const isVariable = typeof name === 'string' && isSecretName(name);
  return mapped(fields, (key, item) => {
    if (kind === 'Secret' && secretContents.has(key)) return hide(item, false);
    if (isSecretName(key) || (isVariable && key === 'value')) return hide(item, isPlural(key));
    return redact(item);
  });
}

/** Hides all text and numbers; not what is null, true or false, a reference, or, where there are `several`, how many. */
function hide(value: Json, several: boolean): Json {
  if (typeof value === 'string') return value === '' ? value : hidden;
  if (typeof value === 'number') return several ? value : hidden;
  if (Array.isArray(value)) return value.map((item: Json) => hide(item, false));
  if (typeof value !== 'object' || value === null) return value;
  const isReference = 'name' in value || 'secretName' in value;
  return mapped(Object.fromEntries(Object.entries(value)), (key, item) =>
    isReference && referring.has(key) ? redact(item) : hide(item, false),
  );
}

function mapped(fields: Fields, change: (key: string, item: Json) => Json): Json {
  return Object.fromEntries(Object.entries(fields).map(([key, item]) => [key, change(key, item)]));
}
