import { jsonName } from './content/content.ts';
import { copy, isRecord, sameJson } from './object.ts';
import { badRequest, StatusError } from './status.ts';

interface Operation {
  readonly op?: string;
  readonly path?: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** An operation that cannot be done. Why is not told: the real server keeps it to itself as well. */
class Impossible extends Error {}

const mostOperations = 10_000;

/**
 * A JSON patch as API servers apply it: more lenient than RFC 6902, for `replace` makes what is not there, an index
 * may count from the end, and what a test or copy does not find is null.
 *
 * @throws StatusError 400, 413, 422
 */
export function jsonPatched(object: unknown, patch: unknown): unknown {
  const operations = operationsOf(patch);
  if (operations.length > mostOperations) {
    const message = `Request entity too large: The allowed maximum operations in a JSON patch is ${mostOperations}, got ${operations.length}`;
    throw new StatusError(413, 'RequestEntityTooLarge', message);
  }
  const root = { document: copy(object) };
  try {
    for (const operation of operations) perform(root, operation);
  } catch (error) {
    if (!(error instanceof Impossible)) throw error;
    throw new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
  }
  return root.document;
}

function operationsOf(patch: unknown): readonly Operation[] {
  if (patch === null) return [];
  const refuse = (value: unknown, into: string): StatusError =>
    badRequest(`error decoding patch: json: cannot unmarshal ${jsonName(value)} into Go ${into}`);
  if (!Array.isArray(patch)) throw refuse(patch, 'value of type []handlers.jsonPatchOp');
  for (const item of patch) {
    if (!isRecord(item)) throw refuse(item, 'value of type handlers.jsonPatchOp');
    for (const field of ['op', 'path', 'from']) {
      const value = item[field];
      if (value !== undefined && value !== null && typeof value !== 'string') {
        throw refuse(value, `struct field jsonPatchOp.${field} of type string`);
      }
    }
  }
  return patch;
}

interface Root {
  document: unknown;
}

function perform(root: Root, { op, path, from, value = null }: Operation): void {
  if (path === undefined) throw new Impossible();
  switch (op) {
    case 'add':
      write(root, path, value, 'insert');
      return;
    case 'replace':
      write(root, path, value, 'replace');
      return;
    case 'remove':
      take(root, path);
      return;
    case 'test':
      if (!sameJson(find(root, path) ?? null, value)) throw new Impossible();
      return;
    case 'move':
      if (from === undefined) throw new Impossible();
      write(root, path, take(root, from), 'insert');
      return;
    case 'copy':
      if (from === undefined) throw new Impossible();
      write(root, path, copy(find(root, from) ?? null), 'insert');
      return;
    default:
      throw new Impossible();
  }
}

/** The parts of a pointer. Whatever stands before its first slash is not looked at. */
function partsOf(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

type Container = Record<string, unknown> | unknown[];

function containerOf(root: Root, path: string): { readonly container: Container; readonly last: string } {
  const parts = partsOf(path);
  const last = parts.pop();
  if (last === undefined) throw new Impossible();
  let at = root.document;
  for (const part of parts)
    at = Array.isArray(at) ? at[indexIn(at, part, at.length)] : isRecord(at) ? at[part] : undefined;
  if (!Array.isArray(at) && !isRecord(at)) throw new Impossible();
  return { container: at, last };
}

function indexIn(list: readonly unknown[], part: string, end: number): number {
  if (!/^-?\d+$/.test(part)) throw new Impossible();
  const index = Number(part) < 0 ? Number(part) + list.length : Number(part);
  if (index < 0 || index >= end) throw new Impossible();
  return index;
}

function find(root: Root, path: string): unknown {
  if (path === '') return root.document;
  const { container, last } = containerOf(root, path);
  return Array.isArray(container) ? container[indexIn(container, last, container.length)] : container[last];
}

function take(root: Root, path: string): unknown {
  const { container, last } = containerOf(root, path);
  if (Array.isArray(container)) return container.splice(indexIn(container, last, container.length), 1)[0];
  if (!(last in container)) throw new Impossible();
  const value = container[last];
  delete container[last];
  return value;
}

function write(root: Root, path: string, value: unknown, how: 'insert' | 'replace'): void {
  if (path === '') {
    root.document = value;
    return;
  }
  const { container, last } = containerOf(root, path);
  if (!Array.isArray(container)) container[last] = value;
  else if (how === 'replace') container[indexIn(container, last, container.length)] = value;
  else if (last === '-') container.push(value);
  else container.splice(indexIn(container, last, container.length + 1), 0, value);
}
