import { bytesOf } from '../chunk.ts';
import type { Outgoing } from '../exchange.ts';
import { expired } from '../status.ts';

/** Lets `bytes` of the body through; then the connection breaks. */
export function truncated(outgoing: Outgoing, bytes: number): Outgoing {
  let left = bytes;
  let broken = false;
  const stop = (): void => {
    if (broken) return;
    broken = true;
    // What was written gets a turn to leave: else the client might see a connection without an answer.
    setTimeout(() => outgoing.reset(), 1);
  };
  return {
    get closed() {
      return broken || outgoing.closed;
    },
    start: (code, headers) => outgoing.start(code, headers),
    write(piece) {
      if (broken) return;
      const part = bytesOf(piece).subarray(0, left);
      left -= part.length;
      outgoing.write(part);
      if (left === 0) stop();
    },
    end: stop,
    reset: () => outgoing.reset(),
    onClose: (listener) => outgoing.onClose(listener),
  };
}

/** Keeps back the first `events` of a watch, and the bookmarks before them; then says that its revision is too old, and ends. */
export function forgetful(outgoing: Outgoing, events: number): Outgoing {
  let left = events;
  let ended = false;
  return {
    get closed() {
      return ended || outgoing.closed;
    },
    start: (code, headers) => outgoing.start(code, headers),
    write(piece) {
      for (const line of bytesOf(piece).toString().split('\n')) {
        if (ended || line === '' || line.startsWith('{"type":"BOOKMARK"')) continue;
        left -= 1;
        if (left > 0) continue;
        ended = true;
        const { status } = expired('The resourceVersion for the provided watch is too old.');
        outgoing.write(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
        outgoing.end();
      }
    },
    end: () => outgoing.end(),
    reset: () => outgoing.reset(),
    onClose: (listener) => outgoing.onClose(listener),
  };
}
