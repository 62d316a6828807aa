import type { AnswerBody } from '../../kube/transport.ts';
import { type Chunk, JsonChunk, textOf } from './chunk.ts';

/** The body of an answer to a client in this process: JSON is read as the values that the server has, and written out only for who wants text. */
export class NearBody implements AnswerBody {
  readonly #chunks: Chunk[] = [];
  readonly #leave: () => void;
  #over: 'open' | 'ended' | { readonly error: unknown } = 'open';
  #wake: (() => void) | undefined;
  #complain: ((error: unknown) => void) | undefined;

  /** `leave` tells the server that nobody reads any further. */
  constructor(leave: () => void) {
    this.#leave = leave;
  }

  push(chunk: Chunk): void {
    this.#chunks.push(chunk);
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
    return (await this.#all()).map(textOf).join('');
  }

  async json(): Promise<unknown> {
    const [first, ...more] = await this.#all();
    if (first instanceof JsonChunk && more.length === 0) return first.value;
    return JSON.parse([first ?? '', ...more].map(textOf).join(''));
  }

  async dump(): Promise<void> {
    await this.#all();
  }

  /** Yields the value of JSON, and the bytes of anything else. */
  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk !== undefined) yield chunk instanceof JsonChunk ? chunk.value : Buffer.from(chunk);
        else if (this.#over === 'ended') return;
        else await this.#more();
      }
    } finally {
      this.#leave();
    }
  }

  async #all(): Promise<readonly Chunk[]> {
    while (this.#over !== 'ended') await this.#more();
    return this.#chunks;
  }

  async #more(): Promise<void> {
    if (typeof this.#over === 'object') throw this.#over.error;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }
}
