import type { Clock } from '../clock.ts';
import type { Call } from './call.ts';
import type { Chunk } from './chunk.ts';
import type { Outgoing } from './exchange.ts';
import { type Form, watchChunk } from './present.ts';
import type { Store } from './store.ts';
import { watch } from './watch.ts';

const bookmarkEveryMs = 60_000;
/** However fast the clock runs, nobody needs bookmarks more often, in milliseconds of the wall. */
const leastMs = 1_000;

/** Streams a watch until it times out, fails or the client leaves. @throws StatusError before anything was sent */
export function answerWatch(store: Store, outgoing: Outgoing, call: Call, form: Form, clock: Clock): void {
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
  if (ended) {
    end();
    return;
  }
  outgoing.onClose(end);
  timeout = setTimeout(end, seconds * 1000);
  if (query.get('allowWatchBookmarks') !== 'true') return;
  const bookmark = (): void => {
    noBookmark = clock.later(Math.max(bookmarkEveryMs, leastMs * clock.speed), () => {
      outgoing.write(watchChunk({ type: 'BOOKMARK', revision: store.revision, initialEventsEnd: false }, type, form));
      bookmark();
    });
  };
  bookmark();
}
