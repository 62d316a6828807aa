import { FederationError } from '../errors.ts';
import { deadline } from '../internal/signal.ts';
import type { CallOptions } from '../types.ts';
import type { Caller } from './call.ts';
import type { Listing, ListOptions, ListPage } from './connection.ts';
import { senseless } from './failures.ts';
import { isRecord } from './json.ts';
import { apiVersionOf, type KubeObject, type ObjectMeta, type Resource } from './objects.ts';
import { collectionPath, describe, type Operation, query } from './operation.ts';

/** How the items of a list are asked for and read. */
export interface View<T> {
  readonly accept: string;
  readonly decode: (item: KubeObject) => T;
}

/** Whole objects. Servers omit apiVersion and kind from the items of a list: they are filled in. */
export function wholeObjects<T extends KubeObject>(resource: Resource<T>): View<T> {
  const type = { apiVersion: apiVersionOf(resource), kind: resource.kind };
  return { accept: 'application/json', decode: (item) => ({ ...item, ...type }) as T };
}

/** Metadata only; what a server that cannot do that sends too much is dropped. */
export const metadataOnly: View<{ readonly metadata: ObjectMeta }> = {
  accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io, application/json',
  decode: ({ metadata }) => ({ metadata }),
};

/** A listing whose pages all show one state of the server. */
export function createListing<T>(caller: Caller, resource: Resource, options: ListOptions, view: View<T>): Listing<T> {
  async function* pages(): AsyncGenerator<ListPage<T>, void, undefined> {
    let next: string | undefined;
    do {
      const page = await readPage(caller, resource, view, { ...options, continue: next });
      yield { items: page.items, resourceVersion: page.resourceVersion };
      next = page.continue;
    } while (next !== undefined);
  }
  return {
    pages,
    toArray: async () => [...(await readWhole(caller, resource, options, view)).items],
    async *[Symbol.asyncIterator]() {
      for await (const { items } of pages()) yield* items;
    },
  };
}

/**
 * The whole list in one state of the server, `timeoutMs` being for all of it. When the server forgets that state between
 * two pages (410), everything is read again in one answer without pages.
 */
export async function readWhole<T>(
  caller: Caller,
  resource: Resource,
  options: ListOptions,
  view: View<T>,
): Promise<ListPage<T>> {
  using limit = deadline(options, describe(listOperation(caller, resource, options)));
  const { timeoutMs: _whole, ...rest } = options;
  const page = (pageOptions: PageOptions): Promise<Page<T>> =>
    readPage(caller, resource, view, { ...rest, ...pageOptions, signal: limit.signal });
  const items: T[] = [];
  let { continue: next, resourceVersion, items: first } = await page({});
  items.push(...first);
  while (next !== undefined) {
    try {
      const following = await page({ continue: next });
      items.push(...following.items);
      next = following.continue;
    } catch (error) {
      if (!FederationError.is(error, 'EXPIRED')) throw error;
      return page({ limit: 0 });
    }
  }
  return { items, resourceVersion };
}

interface PageOptions {
  readonly continue?: string | undefined;
  /** 0: no pages. */
  readonly limit?: number;
}
interface Page<T> extends ListPage<T> {
  readonly continue: string | undefined;
}

const listOperation = (caller: Caller, resource: Resource, { namespace }: ListOptions): Operation => ({
  cluster: caller.cluster,
  verb: 'LIST',
  resource,
  namespace,
});

/** Without resourceVersion, so that every list is a read of what is stored and not of a cache. */
async function readPage<T>(
  caller: Caller,
  resource: Resource,
  view: View<T>,
  options: ListOptions & PageOptions,
): Promise<Page<T>> {
  const { namespace, labelSelector, fieldSelector, limit = 500 } = options;
  const operation = listOperation(caller, resource, options);
  const parameters = {
    limit: limit === 0 ? undefined : limit,
    continue: options.continue,
    labelSelector,
    fieldSelector,
  };
  const path = `${collectionPath(resource, namespace)}${query(parameters)}`;
  const call: CallOptions = options;
  const answer = await caller.json(
    operation,
    { method: 'GET', path, headers: { accept: view.accept }, repeat: 'always' },
    call,
  );
  const metadata = isRecord(answer) ? answer['metadata'] : undefined;
  // A list without items says so; an answer without that field is something else.
  const items = isRecord(answer) && 'items' in answer ? (answer['items'] ?? []) : undefined;
  if (!isRecord(metadata) || !Array.isArray(items) || !items.every(isObject))
    throw senseless(operation, 'something that is no list');
  const { continue: next, resourceVersion } = metadata;
  return {
    items: items.map(view.decode),
    // Kinds that are computed and not stored (ComponentStatus, metrics) have none.
    resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : '',
    continue: typeof next === 'string' && next !== '' ? next : undefined,
  };
}

/** Whether the wire holds an object of the API: its metadata is looked at, the rest is the API server's promise. */
export function isObject(value: unknown): value is KubeObject {
  return isRecord(value) && isRecord(value['metadata']) && typeof value['metadata']['name'] === 'string';
}
