/** What an {@link Interceptor} sees of a request. */
export interface InterceptedRequest {
  /** get, list, watch, create, update, patch, delete or deletecollection. */
  readonly verb: string;
  /** Plural, with the group where there is one: `deployments.apps`. */
  readonly resource: string;
  readonly subresource: string | undefined;
  /** Empty for a request about the collection. */
  readonly name: string;
  readonly namespace: string | undefined;
  readonly user: string;
  /** Field manager of a write, else the program in the user agent. */
  readonly manager: string;
}

/**
 * What becomes of a request. Plain data; times in milliseconds of real clusters, divided by the sandbox's speed like every delay.
 *
 * - `delayMs`: it is looked at only then.
 * - `status`: an answer instead of the real one; without a `body` the Status that an API server sends with it.
 * - `reset-before`, `reset-after`: the connection breaks before the request took effect, or after.
 * - `lateMs`: the client hears nothing (`lost`, the default) or 504 (`timeout`) at once, and the request takes effect only then.
 * - `truncateAt`: so many bytes of the answer's body arrive (of a watch: of its first event), then the connection breaks.
 * - `staleBy`: a get or list answers from before the last so many changes of that resource.
 * - `dropEvents`: a watch keeps back its next so many events and then says 410 and ends.
 */
export type Fault =
  | {
      readonly status: number;
      readonly body?: object;
      readonly headers?: Readonly<Record<string, string>>;
      readonly retryAfterSeconds?: number;
    }
  | 'reset-before'
  | 'reset-after'
  | { readonly delayMs: number }
  | { readonly lateMs: number; readonly answer?: 'lost' | 'timeout' }
  | { readonly truncateAt: number }
  | { readonly staleBy: number }
  | { readonly dropEvents: number };

/** Decides about each request for the resource API, in the order of arrival; `undefined` lets it pass. */
export type Interceptor = (request: InterceptedRequest) => Fault | undefined;

/** What all interceptors together decided. */
export interface Verdict {
  /** Delays add up. */
  readonly delayMs: number;
  /** The first that is no delay. */
  readonly fault: Exclude<Fault, { readonly delayMs: number }> | undefined;
}

/** Asks every interceptor, so that each counts the requests it is about, whatever the others decide. */
export function judge(interceptors: Iterable<Interceptor>, request: InterceptedRequest): Verdict {
  let delayMs = 0;
  let chosen: Verdict['fault'];
  for (const interceptor of interceptors) {
    const fault = interceptor(request);
    if (fault === undefined) continue;
    if (typeof fault === 'object' && 'delayMs' in fault) delayMs += fault.delayMs;
    else chosen ??= fault;
  }
  return { delayMs, fault: chosen };
}
