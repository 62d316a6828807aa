import type { ServedType } from './catalogue.ts';
import { revisionOf } from './list.ts';
import type { ApiObject } from './object.ts';
import { checkListOptions } from './options.ts';
import { type Selector, selectorOf } from './selectors.ts';
import { expired, type Status, unreasoned } from './status.ts';
import type { Change, Store } from './store.ts';

/** What a watch sends. */
export type WatchMessage =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: ApiObject }
  | { readonly type: 'BOOKMARK'; readonly revision: number; readonly initialEventsEnd: boolean }
  | { readonly type: 'ERROR'; readonly status: Status };

/** A watch that runs until its `stop` is called. */
interface RunningWatch {
  stop(): void;
}

/**
 * Sends the changes of one resource. Without `resourceVersion`, or with 0, what exists is sent first as ADDED. A
 * revision that is forgotten is answered with an ERROR event of 410, after which nothing more comes.
 */
export function watch(
  store: Store,
  type: ServedType,
  namespace: string | undefined,
  query: URLSearchParams,
  send: (message: WatchMessage) => void,
): RunningWatch {
  checkListOptions(query, true);
  const selected = selectorOf(query, type, namespace);
  const from = revisionOf(query, unreasoned);
  const table = store.table(type.storage);
  const initial = initialEvents(query, from);
  if (initial) {
    for (const object of table.all()) if (selected(object)) send({ type: 'ADDED', object });
    if (query.get('sendInitialEvents') === 'true' && query.get('allowWatchBookmarks') === 'true') {
      send({ type: 'BOOKMARK', revision: store.revision, initialEventsEnd: true });
    }
  } else {
    const missed = table.since(from ?? 0);
    if (missed === undefined) {
      send({ type: 'ERROR', status: expired(`too old resource version: ${from} (${table.forgotten + 1})`).status });
      return { stop() {} };
    }
    for (const change of missed) sendChange(change, selected, send);
  }
  const unsubscribe = table.subscribe((change) => sendChange(change, selected, send));
  const forget = store.onRestore(() => {
    stop();
    send({ type: 'ERROR', status: expired(`too old resource version: ${from ?? 0} (${table.forgotten + 1})`).status });
  });
  const stop = (): void => {
    unsubscribe();
    forget();
  };
  return { stop };
}

function initialEvents(query: URLSearchParams, from: number | undefined): boolean {
  const wanted = query.get('sendInitialEvents');
  if (wanted === null) return from === undefined || from === 0;
  return wanted === 'true';
}

/** An object that enters or leaves the selection is ADDED or DELETED to whoever watches that selection. */
function sendChange(change: Change, selected: Selector, send: (message: WatchMessage) => void): void {
  const was = change.before !== undefined && selected(change.before);
  const is = change.after !== undefined && selected(change.after);
  if (is && change.after !== undefined) send({ type: was ? 'MODIFIED' : 'ADDED', object: change.after });
  else if (was && change.before !== undefined) send({ type: 'DELETED', object: lastState(change, change.before) });
}

function lastState({ revision }: Change, before: ApiObject): ApiObject {
  return { ...before, metadata: { ...before.metadata, resourceVersion: String(revision) } };
}
