import { isRecord, sameJson } from '../object.ts';
import type { Shape } from './shape.ts';

/** Paths into an object, as a tree: what of it somebody has written. */
export interface FieldSet {
  /** Whether the place itself is in the set. */
  member: boolean;
  readonly parts: Map<string, FieldSet>;
}

const empty = (): FieldSet => ({ member: false, parts: new Map() });

/** Whether nothing is in a set. */
export function isEmptySet({ member, parts }: FieldSet): boolean {
  return !member && parts.size === 0;
}

/** What a write changed, and what it removed. */
export interface Changes {
  readonly written: FieldSet;
  readonly removed: FieldSet;
}

/** What the server alone writes, and what names the object: owned by nobody. */
const ownerless = new Set([
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'generation',
  'managedFields',
  'resourceVersion',
]);

/** Compares an object with what it was, field by field. */
export function changesOf(before: object, after: object, shape: Shape): Changes {
  const changes = { written: empty(), removed: empty() };
  const one = comparable(before);
  const other = comparable(after);
  for (const name of fieldsOf(one, other)) {
    if (name === 'apiVersion' || name === 'kind') continue;
    compare(one[name], other[name], shape.field(name), { shape, path: [`f:${name}`], changes });
  }
  return changes;
}

function comparable(object: object): Record<string, unknown> {
  const { metadata, ...rest }: { metadata?: unknown } = object;
  const own = isRecord(metadata) ? Object.entries(metadata).filter(([name]) => !ownerless.has(name)) : [];
  return { ...rest, metadata: Object.fromEntries(own) };
}

interface Walk {
  readonly shape: Shape;
  readonly path: readonly string[];
  readonly changes: Changes;
}

const fieldsOf = (...records: readonly object[]): Set<string> =>
  new Set(records.flatMap((record) => Object.keys(record)));

function compare(one: unknown, other: unknown, shape: Shape, { path, changes }: Walk): void {
  if (one === other) return;
  const inner = (part: string): Walk => ({ shape, path: [...path, part], changes });
  const items = partsOf(one, shape);
  const others = partsOf(other, shape);
  const bothEmpty = (items?.size ?? 0) === 0 && (others?.size ?? 0) === 0;
  if (bothEmpty) {
    if (!sameJson(one, other)) insert(other === undefined ? changes.removed : changes.written, path);
    return;
  }
  // `null` is a collection with nothing in it; any other value takes the place of the collection.
  if (other === undefined) insert(changes.removed, path);
  else if (one === undefined || isSingle(one, items) || isSingle(other, others)) insert(changes.written, path);
  for (const part of new Set([...(items?.keys() ?? []), ...(others?.keys() ?? [])])) {
    const of = part.startsWith('f:') ? shape.field(part.slice(2)) : shape.element();
    compare(items?.get(part), others?.get(part), of, inner(part));
  }
}

const isSingle = (value: unknown, parts: ReadonlyMap<string, unknown> | undefined): boolean =>
  parts === undefined && value !== undefined && value !== null;

/** The parts that are owned one by one; `undefined` for what is one value. */
function partsOf(value: unknown, shape: Shape): ReadonlyMap<string, unknown> | undefined {
  if (shape.whole && !Array.isArray(value)) return undefined;
  if (isRecord(value)) return new Map(Object.entries(value).map(([name, item]) => [`f:${name}`, item]));
  const { key } = shape;
  if (!Array.isArray(value) || key === undefined) return undefined;
  if (key === true) return new Map(value.map((item) => [`v:${JSON.stringify(item)}`, item]));
  if (!value.every((item) => isRecord(item) && item[key] !== undefined)) return undefined;
  return new Map(value.map((item) => [`k:${JSON.stringify({ [key]: item[key] })}`, item]));
}

function insert(set: FieldSet, path: readonly string[]): void {
  let at = set;
  for (const part of path) {
    let next = at.parts.get(part);
    if (next === undefined) {
      next = empty();
      at.parts.set(part, next);
    }
    at = next;
  }
  // `metadata` as such belongs to nobody.
  if (path.length > 1 || path[0] !== 'f:metadata') at.member = true;
}

/** Adds `more` to `set`. */
export function unite(set: FieldSet, more: FieldSet): void {
  set.member ||= more.member;
  for (const [part, inner] of more.parts) {
    const known = set.parts.get(part) ?? empty();
    set.parts.set(part, known);
    unite(known, inner);
  }
}

/** Takes `less` out of `set`. */
export function subtract(set: FieldSet, less: FieldSet): void {
  if (less.member) set.member = false;
  for (const [part, inner] of less.parts) {
    const known = set.parts.get(part);
    if (known === undefined) continue;
    subtract(known, inner);
    if (isEmptySet(known)) set.parts.delete(part);
  }
}

/** Takes a place out of `set`, with all that is below it. */
export function exclude(set: FieldSet, [part = '', ...rest]: readonly string[]): void {
  const known = set.parts.get(part);
  if (known === undefined) return;
  if (rest.length > 0) exclude(known, rest);
  if (rest.length === 0 || isEmptySet(known)) set.parts.delete(part);
}

/** Reads the form in which the fields of an object are kept. */
export function readFields(fields: unknown): FieldSet {
  return { ...readSet(fields), member: false };
}

function readSet(fields: unknown): FieldSet {
  const entries = isRecord(fields) ? Object.entries(fields) : [];
  const set: FieldSet = { member: entries.length === 0 || entries.some(([part]) => part === '.'), parts: new Map() };
  for (const [part, inner] of entries) if (part !== '.') set.parts.set(part, readSet(inner));
  return set;
}

/** The form in which sets are kept, its parts in order. */
export function writeSet({ member, parts }: FieldSet): Record<string, unknown> {
  const sorted = [...parts].sort(([a], [b]) => (a < b ? -1 : 1));
  const inner = Object.fromEntries(sorted.map(([part, set]) => [part, writeSet(set)]));
  return member && parts.size > 0 ? { '.': {}, ...inner } : inner;
}
