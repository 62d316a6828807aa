import type { RunEvent } from './events.ts';

const progressKept = 1_000;

/** Of these there may be any number in a step. */
const isProgress = ({ type }: RunEvent): boolean => type === 'step:progress' || type === 'step:retrying';

/** Events in order; beyond a limit the oldest progress events go, and are counted. */
class Backlog {
  #events: RunEvent[] = [];
  #progress = 0;
  #dropped = 0;

  copy(): Backlog {
    const copy = new Backlog();
    copy.#events = [...this.#events];
    copy.#progress = this.#progress;
    copy.#dropped = this.#dropped;
    return copy;
  }

  push(event: RunEvent): void {
    this.#events.push(event);
    if (!isProgress(event)) return;
    this.#progress += 1;
    if (this.#progress <= progressKept) return;
    this.#events.splice(this.#events.findIndex(isProgress), 1);
    this.#progress -= 1;
    this.#dropped += 1;
  }

  take(): RunEvent | undefined {
    const [first] = this.#events;
    if (first !== undefined && this.#dropped > 0) {
      const { runId, seq, at } = first;
      const count = this.#dropped;
      this.#dropped = 0;
      return { type: 'events:dropped', runId, seq, at, count };
    }
    const event = this.#events.shift();
    if (event !== undefined && isProgress(event)) this.#progress -= 1;
    return event;
  }
}

/** The events of one drive, for iterators that start at any time and read at any pace. */
export class EventLog {
  readonly #history = new Backlog();
  readonly #readers = new Set<{ readonly backlog: Backlog; wake: () => void }>();
  #ended = false;

  push(event: RunEvent): void {
    this.#history.push(event);
    for (const reader of this.#readers) {
      reader.backlog.push(event);
      reader.wake();
    }
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** No more events will come. */
  end(): void {
    this.#ended = true;
    for (const reader of this.#readers) reader.wake();
  }

  async *read(): AsyncGenerator<RunEvent, void, undefined> {
    const reader = { backlog: this.#history.copy(), wake: (): void => undefined };
    this.#readers.add(reader);
    try {
      for (;;) {
        const event = reader.backlog.take();
        if (event !== undefined) yield event;
        else if (this.#ended) return;
        else
          await new Promise<void>((resolve) => {
            reader.wake = resolve;
          });
      }
    } finally {
      this.#readers.delete(reader);
    }
  }
}
