import { EventEmitter } from 'eventemitter3';
import type { Logger } from '../types.ts';

/** Anything with a literal `type`. */
interface Typed {
  readonly type: string;
}

/** Listeners observe: one that throws or rejects is logged, and harms neither the work nor the other listeners. */
export interface Emitter<Event extends Typed> {
  /** Returns the function that unsubscribes. */
  on<T extends Event['type']>(type: T, listener: (event: Extract<Event, { readonly type: T }>) => void): () => void;
  on(type: '*', listener: (event: Event) => void): () => void;
  emit(event: Event): void;
}

/** Makes an {@link Emitter}; without a `logger` a failing listener is reported with `process.emitWarning`. */
export function createEmitter<Event extends Typed>(logger?: Pick<Logger, 'error'>): Emitter<Event> {
  const events = new EventEmitter<Record<string, [Event]>>();
  const report = (type: string, error: unknown): void => {
    const message = `A listener of "${type}" failed; the work goes on.`;
    if (logger === undefined) process.emitWarning(message, { detail: String(error) });
    else logger.error(message, { error: String(error) });
  };
  const guarded =
    (type: string, listener: (event: never) => unknown) =>
    (event: Event): void => {
      try {
        const result = listener(event as never);
        if (result instanceof Promise) result.catch((error: unknown) => report(type, error));
      } catch (error) {
        report(type, error);
      }
    };
  return {
    on(type: string, listener: (event: never) => void): () => void {
      const wrapped = guarded(type, listener);
      events.on(type, wrapped);
      return () => void events.off(type, wrapped);
    },
    emit(event) {
      events.emit(event.type, event);
      events.emit('*', event);
    },
  };
}
