import type { AnswerBody } from '../../kube/transport.ts';
import { bytesOf, JsonChunk, type Piece } from './chunk.ts';

/** The body of an answer to a client in this process: JSON is read as the values that the server has, and written out only for who wants text. */
export class NearBody implements AnswerBody {
  readonly #pieces: Piece[] = [];
  readonly #leave: () => void;
  #over: 'open' | 'ended' | { readonly error: unknown } = 'open';
  #wake: (() => void) | undefined;
  #complain: ((error: unknown) => void) | undefined;

  /** `leave` tells the server that nobody reads any further. */
  constructor(leave: () => void) {
    this.#leave = leave;
  }

  push(piece: Piece): void {
    this.#pieces.push(piece);
    this.#wake?.();
  }

  end(): void {
    this.#over = 'ended';
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.#over = { error };
    this.#complain?.(error);
    this.#wake?.();
  }

  once(_event: 'error', listener: (error: unknown) => void): void {
    this.#complain = listener;
  }

  async text(): Promise<string> {
    return textOfAll(await this.#all());
  }

  async json(): Promise<unknown> {
    const pieces = await this.#all();
    const [first] = pieces;
    return first instanceof JsonChunk && pieces.length === 1 ? first.value : JSON.parse(textOfAll(pieces));
  }

  async dump(): Promise<void> {
    await this.#all();
  }

  /** Yields the value of JSON, and the bytes of anything else. */
  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined> {
    try {
      for (;;) {
        const piece = this.#pieces.shift();
        if (piece !== undefined) yield piece instanceof JsonChunk ? piece.value : bytesOf(piece);
        else if (this.#over === 'ended') return;
        else await this.#more();
      }
    } finally {
      this.#leave();
    }
  }

  async #all(): Promise<readonly Piece[]> {
    while (this.#over !== 'ended') await this.#more();
    return this.#pieces;
  }

  async #more(): Promise<void> {
    if (typeof this.#over === 'object') throw this.#over.error;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }
}

/** A character may lie in two pieces. */
function textOfAll(pieces: readonly Piece[]): string {
  return Buffer.concat(pieces.map(bytesOf)).toString();
}
