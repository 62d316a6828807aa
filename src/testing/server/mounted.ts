import type { Handler, Incoming, Outgoing } from './exchange.ts';
import { type Route, routeOf, writeVerbs } from './route.ts';

/** Whoever answers all requests whose path begins with `prefix`. */
export interface Mount {
  /** Names a subresource of an object: it counts for rights and faults, whatever follows it. */
  readonly prefix: string;
  readonly handle: Handler;
}

/** What a request to a mount asks for, as rights and faults name it. */
export function askedOf({ prefix }: Mount, method: string): { readonly route: Route; readonly verb: string } {
  const route = routeOf(prefix);
  if (route === undefined) throw new Error(`${prefix} is no address of the resource API`);
  return { route, verb: writeVerbs[method] ?? 'get' };
}

/** A request that is still there when its client is not. */
export async function whole(incoming: Incoming): Promise<Incoming> {
  const text = await incoming.body('latin1');
  return {
    method: incoming.method,
    url: incoming.url,
    headers: incoming.headers,
    certified: () => incoming.certified(),
    body: async (encoding = 'utf8') => Buffer.from(text, 'latin1').toString(encoding),
  };
}

/** Where an answer goes that nobody hears. */
export function unheard(): Outgoing {
  let closed = false;
  const listeners: (() => void)[] = [];
  const close = (): void => {
    if (closed) return;
    closed = true;
    for (const listener of listeners) listener();
  };
  return {
    get closed() {
      return closed;
    },
    start() {},
    write() {},
    end: close,
    reset: close,
    onClose: (listener) => void listeners.push(listener),
  };
}
