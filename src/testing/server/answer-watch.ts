import type { Bookmarks } from './bookmarks.ts';
import type { Call } from './call.ts';
import type { Chunk } from './chunk.ts';
import type { Outgoing } from './exchange.ts';
import { type Form, watchChunk } from './present.ts';
import type { Store } from './store.ts';
import { watch } from './watch.ts';

/** Streams a watch until it times out, fails or the client leaves. @throws StatusError before anything was sent */
export function answerWatch(store: Store, outgoing: Outgoing, call: Call, form: Form, bookmarks: Bookmarks): void {
  const { type, query, namespace } = call;
  const seconds = Number(query.get('timeoutSeconds')) || 1800 + Math.random() * 1800;
  let timeout: NodeJS.Timeout | undefined;
  let noBookmark = (): void => {};
  // What comes before the headers are out is kept: a selector that is wrong must still become a plain 400.
  let early: Chunk[] | undefined = [];
  let ended = false;
  const running = watch(store, type, namespace, query, (message) => {
    if (ended) return;
    // The real server, too, notices only with the first event that a watch cannot be made of lists.
    const unfit = form.as === 'PartialObjectMetadataList';
    ended = unfit || message.type === 'ERROR';
    if (unfit) {
      if (early === undefined) end();
      return;
    }
    const line = watchChunk(message, type, form);
    if (early !== undefined) early.push(line);
    else {
      outgoing.write(line);
      if (ended) end();
    }
  });
  const end = (): void => {
    clearTimeout(timeout);
    noBookmark();
    running.stop();
    outgoing.end();
  };
  outgoing.start(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  if (early.length > 0) for (const chunk of early) outgoing.write(chunk);
  early = undefined;
  // A client may have left while a fault kept it waiting.
  if (ended || outgoing.closed) {
    end();
    return;
  }
  timeout = setTimeout(end, seconds * 1000);
  if (query.get('allowWatchBookmarks') === 'true')
    noBookmark = bookmarks.follow(() =>
      outgoing.write(watchChunk({ type: 'BOOKMARK', revision: store.revision, initialEventsEnd: false }, type, form)),
    );
  outgoing.onClose(end);
}
