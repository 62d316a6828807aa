/** What a fault rule sees of a request. */
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
}

/**
 * What becomes of a request: an answer instead of the real one, a broken connection before or after it took effect,
 * or a delay before it is looked at.
 */
export type Fault =
  | { readonly status: number; readonly body: object; readonly headers?: Readonly<Record<string, string>> }
  | 'reset-before'
  | 'reset-after'
  | { readonly delayMs: number };

/** Decides about each request for the resource API, in the order of arrival; `undefined` lets it pass. */
export type FaultRule = (request: InterceptedRequest) => Fault | undefined;
