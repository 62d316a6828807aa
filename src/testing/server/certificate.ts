import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** A certificate with its key, both PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Whom a certificate names. */
interface Name {
  readonly commonName: string;
  /** Groups. */
  readonly organizations?: readonly string[];
}

/** From when to when a certificate is good, in milliseconds since 1970. */
export interface Validity {
  readonly from: number;
  readonly until: number;
}

const tags = { integer: 0x02, bits: 0x03, octets: 0x04, oid: 0x06, utf8: 0x0c, time: 0x18, sequence: 0x30, set: 0x31 };

/** One element of DER: tag, length, content. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size: number[] = [];
  for (let rest = length; rest > 0; rest >>= 8) size.unshift(rest & 0xff);
  const header = length < 0x80 ? [tag, length] : [tag, 0x80 | size.length, ...size];
  return Buffer.concat([Buffer.from(header), content]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(tags.sequence, ...parts);
const bitString = (content: Uint8Array): Buffer => der(tags.bits, Buffer.from([0]), content);

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const base128 = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) base128.unshift((left & 0x7f) | 0x80);
    bytes.push(...base128);
  }
  return der(tags.oid, Buffer.from(bytes));
}

function name({ commonName, organizations = [] }: Name): Buffer {
  const part = (type: string, value: string): Buffer =>
    der(tags.set, sequence(oid(type), der(tags.utf8, Buffer.from(value))));
  return sequence(...organizations.map((one) => part('2.5.4.10', one)), part('2.5.4.3', commonName));
}

const generalizedTime = (at: Date): Buffer => der(tags.time, Buffer.from(at.toISOString().replace(/[-:T]|\.\d+/g, '')));

const algorithm = sequence(oid('1.2.840.10045.4.3.2'));
const year = 365 * 24 * 3600 * 1000;

/** Uses of the key of a certificate that is no authority. */
const usages = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const;

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [Buffer.from([0x01, 0x01, 0xff])] : []), der(tags.octets, value));
}

function keyId(publicKey: Buffer): Buffer {
  return createHash('sha1').update(publicKey).digest();
}

interface Request {
  readonly subject: Name;
  readonly usage: 'authority' | keyof typeof usages;
  readonly validity: Validity;
}

/** Good for a year from now, and a minute back: clocks differ. */
function aYear(): Validity {
  return { from: Date.now() - 60_000, until: Date.now() + year };
}

/** A certificate authority of one server, on P-256. Node makes keys but no certificates: this writes the few needed. */
export class CertificateAuthority {
  readonly #name: Name;
  readonly #key: KeyObject;
  readonly #keyId: Buffer;
  /** PEM of the authority's own certificate. */
  readonly cert: string;

  constructor(commonName: string) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const info = publicKey.export({ type: 'spki', format: 'der' });
    this.#name = { commonName };
    this.#key = privateKey;
    this.#keyId = keyId(info);
    this.cert = this.#sign({ subject: this.#name, usage: 'authority', validity: aYear() }, info);
  }

  /** A certificate for a server on loopback, or for a client: `commonName` is the user, `organizations` the groups. */
  issue(usage: keyof typeof usages, subject: Name, validity: Validity = aYear()): Certificate {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return {
      cert: this.#sign({ subject, usage, validity }, publicKey.export({ type: 'spki', format: 'der' })),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  }

  #sign({ subject, usage, validity }: Request, info: Buffer): string {
    const serial = randomBytes(16);
    serial.writeUInt8((serial.readUInt8(0) & 0x7f) | 0x40, 0);
    const loopback = sequence(
      der(0x82, Buffer.from('localhost')),
      der(0x82, Buffer.from('kubernetes.default.svc')),
      der(0x87, Buffer.from([127, 0, 0, 1])),
    );
    const authority = usage === 'authority';
    const extensions = [
      extension('2.5.29.19', true, sequence(...(authority ? [Buffer.from([0x01, 0x01, 0xff])] : []))),
      extension('2.5.29.15', true, der(tags.bits, Buffer.from(authority ? [1, 0x06] : [7, 0x80]))),
      extension('2.5.29.14', false, der(tags.octets, keyId(info))),
      extension('2.5.29.35', false, sequence(der(0x80, this.#keyId))),
      ...(authority ? [] : [extension('2.5.29.37', false, sequence(oid(usages[usage])))]),
      ...(usage === 'server' ? [extension('2.5.29.17', false, loopback)] : []),
    ];
    const body = sequence(
      der(0xa0, der(tags.integer, Buffer.from([2]))),
      der(tags.integer, serial),
      algorithm,
      name(this.#name),
      sequence(generalizedTime(new Date(validity.from)), generalizedTime(new Date(validity.until))),
      name(subject),
      info,
      der(0xa3, sequence(...extensions)),
    );
    const signature = sign('sha256', body, this.#key);
    return pem(sequence(body, algorithm, bitString(signature)));
  }
}

function pem(content: Buffer): string {
  const lines = content.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
