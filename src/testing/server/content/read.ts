import { isRecord } from '../object.ts';
import { goType, type Node, type StructNode } from './node.ts';

/** A value that does not fit; worded as the real server words it. */
export class Misfit extends Error {}

/** How misfits are worded: those of JSON, or those of a strategic merge patch, which is no text any more. */
export type Wording = 'json' | 'converted';

/** What reading notes besides its result. */
export interface Reading {
  readonly wording: Wording;
  /** Is told of every field that the kind does not have; such fields are dropped. */
  unknown(path: string): void;
}

/** Where a value stands: the structure it is a field of, and its path from the top. */
interface Place {
  readonly struct: string;
  readonly path: string;
}

const inside = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** Reads a structure: unknown fields dropped, empty ones written as that kind writes them. @throws Misfit */
export function readStruct(
  node: StructNode,
  value: Record<string, unknown>,
  path: string,
  reading: Reading,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    if (node.fields[name] === undefined) reading.unknown(inside(path, name));
  }
  for (const [name, { node: of, empty }] of Object.entries(node.fields)) {
    const given = value[name];
    if (given === undefined || given === null) {
      if (empty === 'always') result[name] = nothing(of, inside(path, name), reading);
      continue;
    }
    const read = readNode(of, given, { struct: node.name, path: inside(path, name) }, reading);
    if (empty === 'always' && of.is === 'list' && isEmpty(read)) result[name] = null;
    else if (empty !== 'omit' || !isEmpty(read)) result[name] = read;
  }
  return result;
}

/** What stands where nothing was given: a structure is there with its own fields, a list or a time is null. */
function nothing(node: Node, path: string, reading: Reading): unknown {
  switch (node.is) {
    case 'struct':
      return readStruct(node, {}, path, reading);
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
      return 0;
    default:
      return null;
  }
}

function isEmpty(value: unknown): boolean {
  if (value === '' || value === 0 || value === false) return true;
  return Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0;
}

function readNode(node: Node, value: unknown, place: Place, reading: Reading): unknown {
  switch (node.is) {
    case 'any':
      return value;
    case 'struct':
      if (!isRecord(value)) throw misfit(node, value, place, reading);
      return readStruct(node, value, place.path, reading);
    case 'map':
      if (!isRecord(value)) throw misfit(node, value, place, reading);
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => [
          name,
          item === null ? zero(node.of) : readNode(node.of, item, place, reading),
        ]),
      );
    case 'list':
      if (!Array.isArray(value)) throw misfit(node, value, place, reading);
      return value.map((item, i) =>
        item === null
          ? zero(node.of)
          : readNode(
              node.of,
              item,
              { ...place, path: node.of.is === 'struct' && isRecord(item) ? `${place.path}[${i}]` : place.path },
              reading,
            ),
      );
    case 'string':
      if (typeof value !== 'string') throw misfit(node, value, place, reading);
      return value;
    case 'bool':
      if (typeof value !== 'boolean') throw misfit(node, value, place, reading);
      return value;
    case 'int32':
    case 'int64':
      if (!Number.isInteger(value)) throw misfit(node, value, place, reading);
      return value;
    case 'bytes':
      return readBytes(node, value, place, reading);
    case 'time':
      return readTime(node, value, place, reading);
  }
}

function zero(node: Node): unknown {
  return node.is === 'string' || node.is === 'bytes' ? '' : node.is === 'bool' ? false : node.is === 'struct' ? {} : 0;
}

function readBytes(node: Node, value: unknown, place: Place, reading: Reading): string {
  if (typeof value !== 'string') throw misfit(node, value, place, reading);
  const source = value.replace(/[\r\n]/g, '');
  const bad = source.search(/[^A-Za-z0-9+/=]|=(?!=?$)/);
  if (bad >= 0) throw new Misfit(`illegal base64 data at input byte ${bad}`);
  if (source.length % 4 !== 0)
    throw new Misfit(`illegal base64 data at input byte ${source.length - (source.length % 4)}`);
  return source;
}

function readTime(node: Node, value: unknown, place: Place, reading: Reading): string {
  if (typeof value !== 'string') throw misfit(node, value, place, reading);
  if (Number.isNaN(Date.parse(value)) || !/^\d{4}-\d\d-\d\dT/.test(value)) {
    const quoted = JSON.stringify(value);
    throw new Misfit(`parsing time ${quoted} as "2006-01-02T15:04:05Z07:00": cannot parse ${quoted} as "2006"`);
  }
  return value;
}

/** What JSON calls a value. */
function jsonKind(value: unknown): string {
  return Array.isArray(value)
    ? 'array'
    : isRecord(value)
      ? 'object'
      : typeof value === 'boolean'
        ? 'bool'
        : typeof value;
}

function misfit(node: Node, value: unknown, { struct, path }: Place, { wording }: Reading): Misfit {
  if (wording === 'converted') return new Misfit(convertedMisfit(node, value));
  const at = path === '' ? struct : `${struct}.${path.replaceAll(/\[\d+\]/g, '')}`;
  return new Misfit(`json: cannot unmarshal ${jsonKind(value)} into Go struct field ${at} of type ${goType(node)}`);
}

function convertedMisfit(node: Node, value: unknown): string {
  const kind = Array.isArray(value)
    ? 'slice'
    : isRecord(value)
      ? 'map'
      : typeof value === 'number'
        ? 'int64'
        : jsonKind(value);
  const container =
    node.is === 'map'
      ? 'map'
      : node.is === 'list' || node.is === 'bytes'
        ? 'slice'
        : node.is === 'struct'
          ? 'struct'
          : undefined;
  return container === undefined
    ? `cannot convert ${kind} to ${goType(node)}`
    : `cannot restore ${container} from ${kind}`;
}
