import { request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';

/** What is needed to call an API server as its administrator. */
export interface Access {
  readonly server: string;
  readonly ca: string;
  readonly token: string;
}

/** One call: its method, its path with query, and a body that is sent as JSON. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
}

const attemptMs = 5_000;
const pauseMs = 100;

/** Makes one call and returns the HTTP status. Rejects when there was no answer. */
function call({ server, ca, token }: Access, { method, path, body }: Call, signal: AbortSignal): Promise<number> {
  const content = body === undefined ? undefined : JSON.stringify(body);
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json', 'content-type': type };
  return new Promise((resolve, reject) => {
    const options = { method, ca, headers, signal: AbortSignal.any([signal, AbortSignal.timeout(attemptMs)]) };
    const outgoing = request(new URL(path, server), options, (response) => {
      response.resume();
      response.once('error', reject);
      response.once('end', () => resolve(response.statusCode ?? 0));
    });
    outgoing.once('error', reject);
    outgoing.end(content);
  });
}

/** Repeats a call until its answer is a success or one of `also`; throws the signal's reason when that is aborted. */
export async function callUntilDone(
  access: Access,
  what: Call,
  signal: AbortSignal,
  also: readonly number[] = [],
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    // No answer is the ordinary case here: the server is just being started.
    const status = await call(access, what, signal).catch(() => 0);
    if ((status >= 200 && status < 300) || also.includes(status)) {
      return;
    }
    await delay(pauseMs, undefined, { signal }).catch(() => {});
  }
}
