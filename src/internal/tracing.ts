import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel';
import { shownError } from './shown-error.ts';

/** One drive of a run: begun, resumed or rolled back. */
export interface RunTrace {
  readonly runId: string;
  readonly workflow: string;
  readonly version: string;
  /** Sequence number of the drive's first record; each drive of a run has another. */
  readonly epoch: number;
  /** Once the drive rests. */
  state?: 'completed' | 'paused' | 'rolled-back' | 'rollback-incomplete' | 'driver-lost';
}

/** One call of one function of a step; a repeated attempt is another. */
export interface StepTrace {
  /** `plan` while planning. */
  readonly runId: string;
  readonly step: string;
  /** Key of the item, where the function is called for one. */
  readonly item?: string;
  readonly call: 'forecast' | 'items' | 'capture' | 'run' | 'observe' | 'touch' | 'compensate';
  /** Counted from 1. */
  readonly attempt: number;
  readonly epoch: number;
}

/** One HTTP request to one API server, until the head of its answer is there. */
export interface RequestTrace {
  readonly cluster: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Its answer goes on for long. */
  readonly watch: boolean;
  /** Of the answer; absent where there was none. */
  status?: number;
}

/**
 * What goes on inside, as `tracingChannel`s of `node:diagnostics_channel`: `kubesphere-federation:run`, `:step` and `:request`. Each
 * publishes `start` and `end` around the call, `asyncStart` and `asyncEnd` when it is over, and before those `error` where it failed:
 * then the message has an `error` with a redacted message. A message never holds a result, header or body. Costs nothing while nobody
 * subscribes.
 *
 * Subscribers run inside the work: let them be quick. One that throws does not disturb the work; Node raises what it threw as an
 * `uncaughtException` of the process.
 *
 * @example
 * ```ts
 * import { type StepTrace, tracing } from 'kubesphere-federation';
 *
 * const began = new WeakMap<StepTrace, number>();
 * const ignore = (): void => undefined;
 * tracing.step.subscribe({
 *   start: (trace) => void began.set(trace, performance.now()),
 *   end: ignore,
 *   asyncStart: ignore,
 *   asyncEnd: (trace) => {
 *     const ms = Math.round(performance.now() - (began.get(trace) ?? 0));
 *     console.log(`${trace.step}.${trace.call} ${trace.item ?? ''} attempt ${trace.attempt}: ${ms} ms`, trace.error ?? 'ok');
 *   },
 *   error: ignore,
 * });
 * ```
 */
export const tracing: {
  readonly run: TracingChannel<object, RunTrace>;
  readonly step: TracingChannel<object, StepTrace>;
  readonly request: TracingChannel<object, RequestTrace>;
} = Object.freeze({
  run: tracingChannel<unknown, RunTrace>('kubesphere-federation:run'),
  step: tracingChannel<unknown, StepTrace>('kubesphere-federation:step'),
  request: tracingChannel<unknown, RequestTrace>('kubesphere-federation:request'),
});

/** Does `work` inside a trace; `tell` adds to the context what came of it. The channel sees neither the result nor the failure itself. */
export async function traced<C extends object, T>(
  channel: TracingChannel<object, C>,
  context: () => C,
  work: () => Promise<T>,
  tell?: (context: C, result: T) => void,
): Promise<T> {
  if (!channel.hasSubscribers) return work();
  const told = context();
  const settled = Promise.withResolvers<T>();
  const shown = async (): Promise<void> => {
    try {
      const result = await work();
      tell?.(told, result);
      settled.resolve(result);
    } catch (error) {
      settled.reject(error);
      const told = shownError(error);
      throw told instanceof Error ? told : new Error(String(told));
    }
  };
  await channel.tracePromise(shown, told).catch(() => undefined);
  return settled.promise;
}
