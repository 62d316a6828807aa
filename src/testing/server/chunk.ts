import { Buffer } from 'node:buffer';

/** JSON on its way to a client: written out for one behind a socket, handed over as it is to one in this process. */
export class JsonChunk {
  readonly #value: () => unknown;
  readonly #text: () => string;

  /** Both are asked for when they are needed, and must mean the same. What `value` answers is never changed by anybody. */
  constructor(value: () => unknown, text: () => string) {
    this.#value = value;
    this.#text = text;
  }

  get value(): unknown {
    return this.#value();
  }

  get text(): string {
    return this.#text();
  }
}

/** A part of an answer's body. */
export type Chunk = string | JsonChunk;

/** The same, or bytes: of what is passed on from somebody else, nobody knows whether it is text. */
export type Piece = Chunk | Uint8Array;

/** What a chunk is on the wire. */
export function textOf(chunk: Chunk): string {
  return typeof chunk === 'string' ? chunk : chunk.text;
}

/** The bytes of a piece on the wire. */
export function bytesOf(piece: Piece): Buffer {
  return piece instanceof Uint8Array ? Buffer.from(piece) : Buffer.from(textOf(piece));
}
