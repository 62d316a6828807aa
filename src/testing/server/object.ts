import type { KubeObject, ObjectMeta } from '../../kube/objects.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Metadata as the server keeps it. */
export interface ServerMeta extends ObjectMeta {
  readonly generateName?: string;
  readonly deletionGracePeriodSeconds?: number;
}

/** An object as the server keeps it: frozen, replaced as a whole by every write. */
export interface ApiObject extends KubeObject {
  readonly metadata: ServerMeta;
  readonly [field: string]: unknown;
}

/** An object while a request works on it. */
export interface Draft {
  apiVersion: string;
  kind: string;
  metadata: Mutable<ServerMeta>;
  [field: string]: unknown;
}

/** Whether `value` is a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The JSON object at `path`, or an empty one. */
export function recordAt(value: unknown, ...path: readonly string[]): Record<string, unknown> {
  let at = value;
  for (const field of path) at = isRecord(at) ? at[field] : undefined;
  return isRecord(at) ? at : {};
}

/** The JSON objects of the array at `path`. */
export function recordsAt(value: unknown, ...path: readonly string[]): Record<string, unknown>[] {
  const last = path.at(-1);
  const list = last === undefined ? value : recordAt(value, ...path.slice(0, -1))[last];
  return Array.isArray(list) ? list.filter(isRecord) : [];
}

/** The strings of `value` if that is an array. */
export function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** A string, or `undefined`. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A deep, mutable copy of JSON. */
export function copy<T>(value: T): T;
export function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (!isRecord(value)) return value;
  const result: Record<string, unknown> = {};
  for (const [field, item] of Object.entries(value)) if (item !== undefined) result[field] = copy(item);
  return result;
}

/** A mutable copy of an object. */
export function draftOf(object: ApiObject): Draft {
  return copy<Draft>(object);
}

/** Freezes JSON to its depths. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item);
  }
  return value;
}

/** Whether two pieces of JSON are equal, whatever the order of their fields; absent equals `undefined`. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => sameJson(item, b[i]));
  if (!isRecord(a) || !isRecord(b)) return false;
  for (const field of Object.keys(a)) if (!sameJson(a[field], b[field])) return false;
  return Object.keys(b).every((field) => b[field] === undefined || a[field] !== undefined);
}

/** Time as Kubernetes writes it: without milliseconds. */
export function timestamp(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');
}
