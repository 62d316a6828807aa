import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Incoming, Outgoing } from '../server/exchange.ts';
import type { Upstream } from './upstream.ts';

/** Headers of one connection, which mean nothing on the next; credentials are the gateway's own there. */
const dropped: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
  ...['host', 'content-length', 'authorization'],
]);

/** A request on its way to another server. */
export interface PassedOn {
  /** With the query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Those of the request that stay behind besides the usual ones. */
  readonly without?: readonly string[];
  readonly body: Buffer;
}

/**
 * Sends a request on and its answer back as it comes, byte by byte, so that a watch is one and what is compressed stays so.
 * Ends the one when the other ends. Rejects, having answered nothing, where the server gives no answer.
 *
 * `Impersonate-*` headers go along, as those of ks-apiserver 3.3 and 3.4 do: nothing there takes them off
 * (K332:pkg/apiserver/filters/kubeapiserver.go:53-57, pkg/apiserver/dispatch/dispatch.go:96-137; K341:pkg/apiserver/filters),
 * and the next API server finds them beside credentials that may impersonate anybody.
 */
export async function passOn(
  upstream: Pick<Upstream, 'send'>,
  incoming: Incoming,
  { path, headers = {}, without = [], body }: PassedOn,
  outgoing: Outgoing,
): Promise<void> {
  const abandoned = new AbortController();
  outgoing.onClose(() => abandoned.abort());
  const answer = await upstream.send({
    method: incoming.method,
    path,
    headers: { ...kept(incoming.headers, without), ...headers },
    ...(body.length === 0 ? {} : { body }),
    signal: abandoned.signal,
  });
  outgoing.start(answer.statusCode, kept(answer.headers, []));
  await copy(answer.body, outgoing, abandoned.signal);
}

async function copy(body: Dispatcher.ResponseData['body'], outgoing: Outgoing, abandoned: AbortSignal): Promise<void> {
  try {
    for await (const chunk of body) outgoing.write(chunk);
    outgoing.end();
  } catch {
    // The answer had begun: nothing can be said about its end any more but that it is broken.
    if (!abandoned.aborted) outgoing.reset();
  }
}

function kept(headers: IncomingHttpHeaders, without: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || dropped.has(name) || without.includes(name) ? [] : [[name, [value].flat().join(', ')]],
    ),
  );
}
