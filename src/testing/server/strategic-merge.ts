import type { Shape } from './content/shape.ts';
import { copy, isRecord } from './object.ts';
import { badRequest, unreasoned } from './status.ts';

type Item = Record<string, unknown>;

const directive = '$patch';
const orderPrefix = '$setElementOrder/';
const deletePrefix = '$deleteFromPrimitiveList/';
const retainKeys = '$retainKeys';

/**
 * A strategic merge patch: maps merge, `null` removes, and lists that have a merge key, or are sets, merge element by
 * element; the elements of the patch come first, in its order, the others keep theirs.
 *
 * @throws StatusError 400, 500, as the real server answers malformed directives
 */
export function strategicMerge(target: Item, patch: Item, shape: Shape): Item {
  if (patch[directive] !== undefined) return directed(patch);
  const result: Item = { ...target };
  retain(result, patch);
  const rest: Item = { ...patch };
  delete rest[retainKeys];
  for (const [field, order] of Object.entries(patch)) {
    if (field.startsWith(orderPrefix)) mergeInOrder(result, rest, field.slice(orderPrefix.length), order, shape);
  }
  for (const [field, value] of Object.entries(rest)) {
    if (field.startsWith(orderPrefix)) continue;
    if (field.startsWith(deletePrefix)) {
      const name = field.slice(deletePrefix.length);
      result[name] = listOf(result[name] ?? []).filter((item) => !listOf(value).includes(item));
    }
  }
  for (const [field, value] of Object.entries(rest)) {
    if (!field.startsWith(orderPrefix) && !field.startsWith(deletePrefix)) mergeField(result, field, value, shape);
  }
  return result;
}

function mergeField(result: Item, field: string, value: unknown, shape: Shape): void {
  const known = result[field];
  const of = shape.field(field);
  if (value === null) delete result[field];
  else if (isRecord(known) && isRecord(value)) result[field] = strategicMerge(known, value, of);
  else if (Array.isArray(known) && Array.isArray(value) && of.key !== undefined)
    result[field] = mergeList(known, value, of);
  else {
    const plain = withoutDirectives(value);
    if (plain === undefined) delete result[field];
    else result[field] = plain;
  }
}

function directed(patch: Item): Item {
  const { [directive]: what, ...rest } = patch;
  if (what === 'replace') return rest;
  if (what === 'delete') return {};
  throw unknownDirective(what, patch);
}

function unknownDirective(what: unknown, patch: Item): Error {
  const shown = typeof what === 'string' ? what : `%!s(int64=${String(what)})`;
  return unreasoned(`unknown patch type: ${shown} in map: ${goText(patch)}`);
}

/** `$retainKeys`: of the fields that are there, only these stay; the patch may set no other. */
function retain(result: Item, patch: Item): void {
  const keys = patch[retainKeys];
  if (keys === undefined) return;
  const fields = Object.keys(patch).filter(
    (field) => field !== retainKeys && !field.startsWith('$') && patch[field] !== null,
  );
  if (!Array.isArray(keys) || !fields.every((field) => keys.includes(field))) {
    throw badRequest('invalid patch format of retainKeys');
  }
  for (const field of Object.keys(result)) if (!keys.includes(field)) delete result[field];
}

/** `$setElementOrder/field`: merges the list of the patch at once, and puts what is named into that order. */
function mergeInOrder(result: Item, rest: Item, field: string, order: unknown, shape: Shape): void {
  const of = shape.field(field);
  const wanted = listOf(order);
  const known = result[field] === undefined ? undefined : listOf(result[field]);
  const given = rest[field] === undefined || rest[field] === null ? undefined : listOf(rest[field]);
  checkOrder(given ?? [], wanted, of);
  if (known === undefined && given === undefined) return;
  const merged =
    given === undefined
      ? (known ?? [])
      : known === undefined
        ? listOf(withoutDirectives(given))
        : mergeList(known, given, of);
  result[field] = interleaved(merged, wanted, known ?? [], of);
  delete rest[field];
}

function checkOrder(given: readonly unknown[], order: readonly unknown[], shape: Shape): void {
  const same = identity(shape);
  const listed = given.filter((item) => !(isRecord(item) && item[directive] !== undefined));
  let at = 0;
  for (const item of listed) {
    while (at < order.length && !same(order[at], item)) at++;
    if (at++ >= order.length) {
      throw unreasoned(
        `The order in patch list:\n${goText(given)}\n doesn't match ${orderPrefix.slice(0, -1)} list:\n${goText(order)}\n`,
      );
    }
  }
}

function mergeList(known: readonly unknown[], patch: readonly unknown[], shape: Shape): unknown[] {
  if (known.length === 0 && patch.length === 0) return [];
  const kinds = new Set([...known, ...patch].map((item) => (isRecord(item) ? 'map' : typeof item)));
  if (kinds.size > 1) throw unreasoned(`list element types are not identical: [${goText(known)} ${goText(patch)}]`);
  if (!kinds.has('map')) {
    const both = [...new Set([...known, ...patch])];
    return interleaved(both, patch, known, shape);
  }
  const key = typeof shape.key === 'string' ? shape.key : '';
  const { kept, additions } = withDirectives(known.filter(isRecord), patch.filter(isRecord), key);
  const merged: Item[] = [...kept];
  for (const item of additions) {
    if (item[key] === undefined) throw unreasoned(`map: ${goText(item)} does not contain declared merge key: ${key}`);
    const at = merged.findIndex((other) => other[key] === item[key]);
    const before = merged[at];
    if (before === undefined) merged.push(item);
    else merged[at] = strategicMerge(before, item, shape.element());
  }
  return interleaved(merged, additions, kept, shape);
}

function withDirectives(
  known: readonly Item[],
  patch: readonly Item[],
  key: string,
): { kept: readonly Item[]; additions: readonly Item[] } {
  let kept = known;
  const additions: Item[] = [];
  for (const item of patch) {
    const what = item[directive];
    if (what === undefined) additions.push(item);
    else if (what === 'replace') kept = [];
    else if (what === 'delete') {
      if (item[key] === undefined) throw unreasoned(`map: ${goText(item)} does not contain declared merge key: ${key}`);
      kept = kept.filter((other) => other[key] !== item[key]);
    } else throw unknownDirective(what, item);
  }
  return { kept: patch.some((item) => item[directive] === 'replace') ? [] : kept, additions };
}

const identity =
  (shape: Shape) =>
  (a: unknown, b: unknown): boolean =>
    typeof shape.key === 'string' && isRecord(a) && isRecord(b) ? a[shape.key] === b[shape.key] : a === b;

/** What `order` names, in that order, and the rest in the order of `known`, merged so that known neighbours stay so. */
function interleaved(
  items: readonly unknown[],
  order: readonly unknown[],
  known: readonly unknown[],
  shape: Shape,
): unknown[] {
  const same = identity(shape);
  const place = (list: readonly unknown[], item: unknown): number => list.findIndex((other) => same(other, item));
  const by =
    (list: readonly unknown[]) =>
    (a: unknown, b: unknown): number => {
      const [x, y] = [place(list, a), place(list, b)];
      return x < 0 || y < 0 ? 0 : x - y;
    };
  const named = items.filter((item) => place(order, item) >= 0).sort(by(order));
  const others = items.filter((item) => place(order, item) < 0).sort(by(known));
  const result: unknown[] = [];
  while (named.length > 0 && others.length > 0) {
    const [l, r] = [place(known, others[0]), place(known, named[0])];
    result.push(l >= 0 && r >= 0 && l < r ? others.shift() : named.shift());
  }
  return [...result, ...named, ...others];
}

function listOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw unreasoned(
    `expected a []interface {}, but received a ${isRecord(value) ? 'map[string]interface {}' : typeof value}`,
  );
}

/** New values without anything that only directs; `undefined` where nothing is left. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined);
  if (!isRecord(value)) return value;
  if (value[directive] !== undefined) return undefined;
  const plain = Object.entries(value).filter(([field, item]) => item !== null && !field.startsWith('$'));
  return copy(Object.fromEntries(plain.map(([field, item]) => [field, withoutDirectives(item)])));
}

/** A value as Go prints it: what the real server's messages show. */
export function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (!isRecord(value)) return value === null ? '<nil>' : String(value);
  const fields = Object.keys(value).sort();
  return `map[${fields.map((field) => `${field}:${goText(value[field])}`).join(' ')}]`;
}
