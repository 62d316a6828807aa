/** A field as protobuf writes it: text and messages by length, numbers as they are. */
export function field(number: number, value: string | number | Buffer | readonly Buffer[]): Buffer {
  const tag = number * 8 + (typeof value === 'number' ? 0 : 2);
  const head = Buffer.from(tag < 0x80 ? [tag] : [(tag & 0x7f) | 0x80, tag >> 7]);
  if (typeof value === 'number') return Buffer.concat([head, Buffer.from([value])]);
  const bytes = typeof value === 'string' ? Buffer.from(value) : Buffer.concat([value].flat());
  return Buffer.concat([head, Buffer.from([bytes.length]), bytes]);
}

/** An object in protobuf, the way typed Go clients send it. */
export function envelope(apiVersion: string, kind: string, ...fields: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from('k8s\0'), field(1, [field(1, apiVersion), field(2, kind)]), field(2, fields)]);
}
