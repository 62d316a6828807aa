import type { ServedType } from './catalogue.ts';
import { parseJson } from './content/json-text.ts';
import { type ApiObject, isRecord } from './object.ts';
import { integerOf } from './options.ts';
import { selectorOf } from './selectors.ts';
import { badRequest, expired, StatusError, unreasoned } from './status.ts';
import { keyOf, type Store } from './store.ts';

/** One page of objects, all as they were at `revision`. */
export interface Page {
  readonly items: readonly ApiObject[];
  readonly revision: number;
  readonly continue?: string;
  /** Only where nothing but the continue token narrows the list, as the real server does. */
  readonly remainingItemCount?: number;
}

interface Token {
  /** -1: go on from the present, consistent or not. */
  readonly revision: number;
  readonly after: string;
}

const encode = (token: Token): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: token.revision, start: token.after })).toString('base64url');

function decode(source: string): Token {
  const refuse = (why: string): StatusError => badRequest(`invalid continue token: continue key is not valid: ${why}`);
  let token: unknown;
  try {
    token = parseJson(Buffer.from(source, 'base64url').toString('latin1')).value;
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : 'unknown');
  }
  const { v, rv, start }: { v?: unknown; rv?: unknown; start?: unknown } = isRecord(token) ? token : {};
  if (v !== 'meta.k8s.io/v1') throw refuse(`server does not recognize this encoded version ${String(v)}`);
  if (typeof rv !== 'number' || typeof start !== 'string')
    throw badRequest('invalid continue token: continue key is not valid');
  return { revision: rv, after: start };
}

/** Reads `resourceVersion` of a query; `refuse` words what the server says about one that is no number. */
export function revisionOf(query: URLSearchParams, refuse: (why: string) => StatusError): number | undefined {
  const source = query.get('resourceVersion');
  if (source === null || source === '') return undefined;
  const quoted = JSON.stringify(source);
  if (/^\d+$/.test(source)) return Number(source);
  throw refuse(`resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`);
}

/** Refuses a revision of the future, which a client can only have from another server or another life of this one. */
function refuseFuture(wanted: number, store: Store): void {
  if (wanted <= store.revision) return;
  throw new StatusError(504, 'Timeout', `Timeout: Too large resource version: ${wanted}, current: ${store.revision}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

/** Refuses a get of a future, or of a revision that is none. @throws StatusError */
export function checkGetVersion(store: Store, query: URLSearchParams): void {
  const wanted = revisionOf(query, unreasoned);
  if (wanted !== undefined) refuseFuture(wanted, store);
}

/** Answers a list: everything at one revision, paged by `limit` and `continue`. */
export function list(store: Store, type: ServedType, namespace: string | undefined, query: URLSearchParams): Page {
  const selected = selectorOf(query, type, namespace);
  const asked = integerOf(query, 'limit') ?? 0;
  const source = query.get('continue');
  const token = source === null || source === '' ? undefined : decode(source);
  const wanted = revisionOf(query, (why) => badRequest(`invalid resource version: ${why}`));
  const match = query.get('resourceVersionMatch');
  if (token !== undefined && wanted !== undefined && wanted !== 0) {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  if (wanted !== undefined) refuseFuture(wanted, store);
  // A limit makes a list one of that very revision, unless it says otherwise.
  const isExact = match === 'Exact' || (!match && asked > 0 && wanted !== 0);
  const exact = isExact ? wanted : undefined;
  // What is asked for as of any time is answered from memory, whole.
  const limit = wanted === 0 ? 0 : asked;
  const from = token?.revision ?? exact ?? -1;
  const revision = from === -1 ? store.revision : from;
  const table = store.table(type.storage);
  const all = table.at(revision);
  if (all === undefined) throw tooOld(token);
  let matching = all.filter(selected);
  if (token !== undefined) {
    matching = matching.filter(({ metadata }) => keyOf(metadata.namespace, metadata.name) > token.after);
  }
  if (limit <= 0 || matching.length <= limit) return { items: matching, revision };
  const items = matching.slice(0, limit);
  const last = items.at(-1);
  const narrowed = Boolean(query.get('labelSelector') || query.get('fieldSelector'));
  return {
    items,
    revision,
    continue: encode({ revision, after: last === undefined ? '' : keyOf(last.metadata.namespace, last.metadata.name) }),
    ...(narrowed ? {} : { remainingItemCount: matching.length - limit }),
  };
}

function tooOld(token: Token | undefined): StatusError {
  if (token === undefined) return expired(`The resourceVersion for the provided list is too old.`);
  return expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    encode({ revision: -1, after: token.after }),
  );
}
