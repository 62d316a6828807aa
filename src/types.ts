/** Vocabulary that every floor shares. */

/** What survives JSON unchanged. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What survives JSON unchanged; unlike {@link Json} it accepts interfaces. Dates, maps and functions become `never`. */
export type Jsonable<T> = T extends null | boolean | number | string
  ? T
  : T extends Date | ReadonlyMap<never, never> | ReadonlySet<never> | bigint | symbol | ((...args: never) => unknown)
    ? never
    : T extends object
      ? { readonly [K in keyof T]: Jsonable<T[K]> }
      : T extends undefined
        ? undefined
        : never;

/** Names one object of one cluster; `uid` pins the very object, not just its name. */
export interface ResourceRef {
  readonly cluster: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
}

/** Four methods, fulfilled by `console`, pino and most others. Never called with a secret. */
export interface Logger {
  debug(message: string, data?: object): void;
  info(message: string, data?: object): void;
  warn(message: string, data?: object): void;
  error(message: string, data?: object): void;
}

/** How often and how fast a failed attempt is repeated. Delays double from `minDelayMs` up to `maxDelayMs`. */
export interface RetryPolicy {
  /** Further attempts after the first. @defaultValue 4 */
  readonly retries?: number;
  /** @defaultValue 200 */
  readonly minDelayMs?: number;
  /** @defaultValue 5000 */
  readonly maxDelayMs?: number;
}

/** The last argument of every call. */
export interface CallOptions {
  /** Aborting rejects with `ABORTED`. */
  readonly signal?: AbortSignal;
  /**
   * Limit for the whole call, repeats included, up to 2147483647; exceeded, it rejects with `TIMEOUT`. Where several clusters are read and a
   * silent one fails nothing, it is named with that. @defaultValue none
   */
  readonly timeoutMs?: number;
  /** `false` makes one attempt only. */
  readonly retry?: RetryPolicy | false;
}
