import { FederationError } from '../errors.ts';
import { policyOf } from '../internal/retry.ts';
import { abortError, sleep } from '../internal/signal.ts';
import { either } from './abort.ts';
import type { Caller } from './call.ts';
import type { WatchEvent, WatchOptions } from './connection.ts';
import { answerFailure, senseless } from './failures.ts';
import { isRecord, parseJson } from './json.ts';
import { isObject, readWhole, wholeObjects } from './listing.ts';
import { networkFailure } from './network.ts';
import { apiVersionOf, type KubeObject, type Resource } from './objects.ts';
import { collectionPath, type Operation, query } from './operation.ts';

const changes = { ADDED: 'added', MODIFIED: 'modified', DELETED: 'deleted' } as const;

/** See `Connection.watch`. */
export async function* watch<T extends KubeObject>(
  caller: Caller,
  resource: Resource<T>,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  using life = either(caller.closing, options.signal);
  const { signal } = life;
  try {
    yield* follow(caller, resource, { ...options, signal });
  } catch (error) {
    if (options.signal?.aborted) return;
    throw signal.aborted ? abortError(signal) : error;
  }
}

async function* follow<T extends KubeObject>(
  caller: Caller,
  resource: Resource<T>,
  options: WatchOptions & { readonly signal: AbortSignal },
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const { signal, retry, deadAfterMs = 90_000 } = options;
  const { minDelayMs, maxDelayMs } = policyOf(retry === false ? undefined : retry);
  const view = wholeObjects(resource);
  let resourceVersion: string | undefined;
  let established = false;
  let failures = 0;
  while (true) {
    let startedAt: number | undefined;
    try {
      if (resourceVersion === undefined) {
        const whole = await readWhole(caller, resource, options, view);
        if (whole.resourceVersion === '')
          throw senseless(
            { cluster: caller.cluster, verb: 'LIST', resource, namespace: options.namespace },
            'a list without resourceVersion, which cannot be watched',
          );
        resourceVersion = whole.resourceVersion;
        established = true;
        yield { type: 'synced', objects: whole.items };
      }
      startedAt = performance.now();
      for await (const event of stream(caller, resource, options, resourceVersion, deadAfterMs)) {
        if (signal.aborted) throw abortError(signal);
        resourceVersion = event.object.metadata.resourceVersion;
        if (event.type !== 'bookmark') yield { type: event.type, object: view.decode(event.object) };
      }
    } catch (error) {
      if (signal.aborted || !FederationError.is(error)) throw error;
      if (error.code === 'EXPIRED' && resourceVersion !== undefined) resourceVersion = undefined;
      else if (!established || !error.retryable) throw error;
      caller.logger?.debug(`${error.message} The watch goes on.`, { cluster: caller.cluster, code: error.code });
    }
    // A watch that lasted is taken up at once; one that ended as soon as it began is not asked for without pause.
    failures = startedAt !== undefined && performance.now() - startedAt > maxDelayMs ? 0 : failures + 1;
    await sleep(Math.min(maxDelayMs, minDelayMs * (2 ** failures - 1)) * (0.5 + Math.random() / 2), signal);
  }
}

interface Change {
  readonly type: 'added' | 'modified' | 'deleted' | 'bookmark';
  readonly object: KubeObject;
}

/** One watch request, to its end. */
async function* stream(
  caller: Caller,
  resource: Resource,
  options: WatchOptions & { readonly signal: AbortSignal },
  resourceVersion: string,
  deadAfterMs: number,
): AsyncGenerator<Change, void, undefined> {
  const { namespace, labelSelector, fieldSelector, signal } = options;
  const operation: Operation = { cluster: caller.cluster, verb: 'WATCH', resource, namespace };
  const parameters = query({
    watch: 1,
    allowWatchBookmarks: true,
    resourceVersion,
    // The server ends a quiet watch before it would count as dead: not every server sends bookmarks.
    timeoutSeconds: Math.max(1, Math.floor((deadAfterMs * 2) / 3 / 1000)),
    labelSelector,
    fieldSelector,
  });
  const path = `${collectionPath(resource, namespace)}${parameters}`;
  const answer = await caller.open(operation, { method: 'GET', path, signal, silenceMs: deadAfterMs });
  for await (const event of eventsOf(answer.body, operation, signal)) yield changeOf(event, operation, resource);
}

/** One event a line; a server of this process hands its events over as they are. */
async function* eventsOf(
  body: AsyncIterable<unknown>,
  operation: Operation,
  signal: AbortSignal,
): AsyncGenerator<unknown, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  const chunks = body[Symbol.asyncIterator]();
  try {
    while (true) {
      const chunk = await chunks.next().catch((error: unknown) => {
        throw signal.aborted ? abortError(signal) : networkFailure(error, operation);
      });
      if (chunk.done === true) return;
      if (!(chunk.value instanceof Uint8Array)) {
        yield chunk.value;
        continue;
      }
      const parts = (rest + decoder.decode(chunk.value, { stream: true })).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) if (part.trim() !== '') yield parseJson(part);
    }
  } finally {
    await chunks.return?.().catch(() => undefined);
  }
}

function changeOf(event: unknown, operation: Operation, resource: Resource): Change {
  const { type, object } = isRecord(event) ? event : {};
  if (type === 'ERROR' && isRecord(object))
    throw answerFailure(
      { status: Number(object['code'] ?? 500), headers: {}, body: JSON.stringify(object) },
      operation,
    );
  if (type === 'BOOKMARK' && isRecord(object) && isRecord(object['metadata'])) {
    const metadata = { name: '', uid: '', resourceVersion: String(object['metadata']['resourceVersion']) };
    return { type: 'bookmark', object: { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata } };
  }
  if ((type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') && isObject(object))
    return { type: changes[type], object };
  throw senseless(operation, 'something that is no event');
}
