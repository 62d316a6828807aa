import { fieldOf, messages } from './messages.ts';
import type { Node, StructNode } from './node.ts';

/** The media type in which typed Go clients, kubectl's `create` among them, write objects of Kubernetes' own kinds. */
export const protobufType = 'application/vnd.kubernetes.protobuf';

const prefix = Buffer.from('k8s\0');
const wire = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 } as const;

/** An object that was written in protobuf; `undefined` for kinds whose fields are not known here. @throws Error */
export function readProtobuf(bytes: Buffer): Record<string, unknown> | undefined {
  if (!bytes.subarray(0, prefix.length).equals(prefix)) {
    throw new Error('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  }
  let apiVersion = '';
  let kind = '';
  let raw: Buffer = Buffer.alloc(0);
  for (const { number, bytes: part } of fieldsOf(bytes.subarray(prefix.length))) {
    if (number === 2) raw = part;
    if (number !== 1) continue;
    for (const name of fieldsOf(part)) {
      if (name.number === 1) apiVersion = name.bytes.toString('utf8');
      if (name.number === 2) kind = name.bytes.toString('utf8');
    }
  }
  const node = messages.get(kind);
  return node === undefined ? undefined : { apiVersion, kind, ...readMessage(node, raw) };
}

interface WireField {
  readonly number: number;
  readonly type: number;
  readonly value: bigint;
  readonly bytes: Buffer;
}

function* fieldsOf(bytes: Buffer): Generator<WireField> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('unexpected EOF');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new Error('proto: integer overflow');
  };
  const take = (length: number): Buffer => {
    if (length < 0 || at + length > bytes.length) throw new Error('unexpected EOF');
    at += length;
    return bytes.subarray(at - length, at);
  };
  const none = Buffer.alloc(0);
  while (at < bytes.length) {
    const tag = Number(varint());
    const number = tag >> 3;
    const type = tag & 7;
    switch (type) {
      case wire.varint:
        yield { number, type, value: varint(), bytes: none };
        break;
      case wire.delimited:
        yield { number, type, value: 0n, bytes: take(Number(varint())) };
        break;
      case wire.fixed64:
        yield { number, type, value: 0n, bytes: take(8) };
        break;
      case wire.fixed32:
        yield { number, type, value: 0n, bytes: take(4) };
        break;
      default:
        throw new Error(`proto: illegal wireType ${type}`);
    }
  }
}

function readMessage(node: StructNode, bytes: Buffer): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const lists = new Map<string, unknown[]>();
  const maps = new Map<string, [string, unknown][]>();
  for (const field of fieldsOf(bytes)) {
    const name = fieldOf(node, field.number);
    const of = name === undefined ? undefined : node.fields[name]?.node;
    if (name === undefined || of === undefined) continue;
    const expected = of.is === 'bool' || of.is === 'int32' || of.is === 'int64' ? wire.varint : wire.delimited;
    if (field.type !== expected) throw new Error(`proto: wrong wireType = ${field.type} for field ${name}`);
    if (of.is === 'list') lists.set(name, [...(lists.get(name) ?? []), readValue(of.of, field, name)]);
    else if (of.is === 'map') maps.set(name, [...(maps.get(name) ?? []), readEntry(of.of, field.bytes)]);
    else result[name] = readValue(of, field, name);
  }
  for (const [name, entries] of maps) result[name] = Object.fromEntries(entries);
  return { ...result, ...Object.fromEntries(lists) };
}

function readEntry(of: Node, bytes: Buffer): [string, unknown] {
  let key = '';
  let value: unknown = of.is === 'struct' ? {} : '';
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) key = field.bytes.toString('utf8');
    if (field.number === 2) value = readValue(of, field, key);
  }
  return [key, value];
}

function readValue(node: Node, { value, bytes }: WireField, name: string): unknown {
  switch (node.is) {
    case 'string':
      return bytes.toString('utf8');
    case 'bytes':
      return bytes.toString('base64');
    case 'bool':
      return value !== 0n;
    case 'int32':
    case 'int64':
      return Number(value);
    case 'struct':
      return readMessage(node, bytes);
    case 'time':
      return readTime(bytes, microTimes.has(name));
    case 'any':
      return readJson(bytes);
    case 'list':
    case 'map':
      throw new Error(`proto: ${name} holds more than its kind says`);
  }
}

/** The times that are written with microseconds. */
const microTimes = new Set(['acquireTime', 'renewTime', 'eventTime', 'lastObservedTime']);

function readTime(bytes: Buffer, micro: boolean): string | null {
  let seconds = 0;
  let nanos = 0;
  for (const { number, value } of fieldsOf(bytes)) {
    if (number === 1) seconds = Number(value);
    if (number === 2) nanos = Number(value);
  }
  if (seconds === 0 && nanos === 0) return null;
  const whole = new Date(seconds * 1000).toISOString().slice(0, -'.000Z'.length);
  return micro ? `${whole}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z` : `${whole}Z`;
}

function readJson(bytes: Buffer): unknown {
  for (const { number, bytes: raw } of fieldsOf(bytes)) if (number === 1) return JSON.parse(raw.toString('utf8'));
  return {};
}
