import type { ServedType } from './catalogue.ts';
import type { ApiObject } from './object.ts';
import { selectorOf } from './selectors.ts';
import { badRequest, expired, invalid, StatusError } from './status.ts';
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
  try {
    const { rv, start }: { rv?: unknown; start?: unknown } = JSON.parse(
      Buffer.from(source, 'base64url').toString('utf8'),
    );
    if (typeof rv === 'number' && typeof start === 'string') return { revision: rv, after: start };
  } catch {
    // Answered below like any other token that is not ours.
  }
  throw badRequest('invalid continue token: continue key is not valid');
}

function limitOf(query: URLSearchParams): number {
  const source = query.get('limit') || '0';
  if (!/^-?\d+$/.test(source)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(source)}: invalid syntax`);
  return Number(source);
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

/** Answers a list: everything at one revision, paged by `limit` and `continue`. */
export function list(store: Store, type: ServedType, namespace: string | undefined, query: URLSearchParams): Page {
  const selected = selectorOf(query, type, namespace);
  const limit = limitOf(query);
  const source = query.get('continue');
  const token = source === null || source === '' ? undefined : decode(source);
  const wanted = revisionOf(query, (why) => badRequest(`invalid resource version: ${why}`));
  const match = query.get('resourceVersionMatch');
  if (token !== undefined && wanted !== undefined && wanted !== 0) {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  if (match !== null && match !== '' && wanted === undefined) {
    throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [
      {
        field: 'resourceVersionMatch',
        type: 'FieldValueForbidden',
        detail: 'resourceVersionMatch is forbidden unless resourceVersion is provided',
      },
    ]);
  }
  if (wanted !== undefined) refuseFuture(wanted, store);
  const exact = match === 'Exact' ? wanted : undefined;
  const asked = token?.revision ?? exact ?? -1;
  const revision = asked === -1 ? store.revision : asked;
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
