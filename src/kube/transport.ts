import type { IncomingHttpHeaders } from 'node:http';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { FederationError } from '../errors.ts';
import { type RequestTrace, traced, tracing } from '../internal/tracing.ts';
import { abortable } from './abort.ts';
import type { Access, Credentials, TlsSettings } from './credentials.ts';

/** One HTTP request to the cluster; `path` holds the query. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** An answer without end (a watch): longest silence before it counts as dead. */
  readonly silenceMs?: number;
}

/** The answer, its body unread. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: AnswerBody;
}

/** A body that is read once. Iterated, it yields bytes; of a server in this process, the values of its JSON. */
export interface AnswerBody extends AsyncIterable<unknown> {
  text(): Promise<string>;
  /** Rejects with a SyntaxError where it is no JSON. */
  json(): Promise<unknown>;
  /** Reads it to its end, for nobody. */
  dump(): Promise<void>;
  once(event: 'error', listener: (error: unknown) => void): void;
}

/** Sends one request to a server of this process. */
export type Near = (
  request: Pick<HttpRequest, 'method' | 'path' | 'body' | 'signal'> & {
    readonly headers: Readonly<Record<string, string>>;
  },
) => Promise<HttpAnswer>;

/** Finds the server of `origin` in this process. */
export type FindNear = (origin: string, tls: TlsSettings) => Near | undefined;

/** The way to one API server. */
export interface Transport extends AsyncDisposable {
  /** Rejects with what undici or node threw, or with what the credentials threw. A 401 is answered once by renewed credentials. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Aborted, with our error, when the connection is closed. */
  readonly closing: AbortSignal;
}

/** HTTP/1.1 connections, or HTTP/2 sessions of up to 100 streams each. */
const maxConnections = 16;
/** kube-apiserver ends ordinary requests after 60 s: longer silence is a dead connection. */
const callSilenceMs = 75_000;
/** Below the minute after which many load balancers forget idle connections. */
const keepAliveMs = 20_000;

/**
 * From this many characters on a body may still be on its way when its request is aborted or times out. Over HTTP/2 undici then
 * destroys the stream under its unsent rest, and the process never comes back from that (seen with undici 8.11 to 8.12.4 on Node 24).
 */
const largeBody = 16 * 1024;

interface Pools {
  readonly tlsDigest: string;
  /** Instead of the others. */
  readonly near: Near | undefined;
  readonly calls: Dispatcher;
  /** Large bodies go over HTTP/1.1: see {@link largeBody}. */
  readonly uploads: Dispatcher;
  /** Watches last: on their own connections they can neither block calls nor use up the bound. */
  readonly watches: Dispatcher;
}

/** Opens nothing before the first {@link Transport.send}. */
export function createTransport(options: {
  readonly cluster: string;
  readonly server: URL;
  readonly proxy: string | undefined;
  readonly credentials: Credentials;
  readonly near?: FindNear | undefined;
}): Transport {
  const { cluster, server, proxy, credentials } = options;
  const basePath = server.pathname.replace(/\/+$/, '');
  const closing = new AbortController();
  const open = new Set<Dispatcher>();
  let pools: Pools | undefined;

  const dispatcher = (tls: TlsSettings, connections?: number, allowH2 = true): Dispatcher => {
    const made = createDispatcher(tls, proxy, connections, allowH2);
    open.add(made);
    return made;
  };
  /** Lets what runs on it end by itself. */
  const retire = (old: Dispatcher): void => {
    const forget = (): boolean => open.delete(old);
    old.close().then(forget, forget);
  };
  const poolsFor = ({ tls, tlsDigest }: Access): Pools => {
    if (pools?.tlsDigest === tlsDigest) return pools;
    const former = pools;
    pools = {
      tlsDigest,
      near: options.near?.(server.origin, tls),
      calls: dispatcher(tls, maxConnections),
      uploads: dispatcher(tls, maxConnections, false),
      watches: dispatcher(tls),
    };
    if (former !== undefined) for (const old of dispatchersOf(former)) retire(old);
    return pools;
  };
  /** A connection that fell silent is not used again: over HTTP/2 it would swallow every later request too. */
  const abandon = (silent: Pools): void => {
    if (pools !== silent) return;
    pools = undefined;
    for (const old of dispatchersOf(silent)) retire(old);
  };

  function exchange(access: Access, request: HttpRequest): Promise<HttpAnswer> {
    const { method, path, silenceMs } = request;
    return traced(
      tracing.request,
      (): RequestTrace => ({
        cluster,
        method,
        path: `${basePath}${path}`.replace(/\?.*$/s, ''),
        watch: silenceMs !== undefined,
      }),
      () => sendOnce(access, request),
      (trace, { statusCode }) => {
        trace.status = statusCode;
      },
    );
  }

  async function sendOnce(access: Access, request: HttpRequest): Promise<HttpAnswer> {
    const used = poolsFor(access);
    const { method, body, signal } = request;
    const path = `${basePath}${request.path}`;
    const headers = {
      'user-agent': 'kubesphere-federation',
      accept: 'application/json',
      ...request.headers,
      ...access.headers,
    };
    if (used.near !== undefined)
      return used.near({ method, path, headers, signal, ...(body !== undefined && { body }) });
    const silenceMs = request.silenceMs ?? callSilenceMs;
    try {
      const answer = await dispatcherFor(used, request).request({
        origin: server.origin,
        path,
        method,
        headers,
        body: body ?? null,
        signal,
        headersTimeout: silenceMs,
        bodyTimeout: silenceMs,
      });
      answer.body.once('error', (error: unknown) => {
        if (isSilence(error)) abandon(used);
      });
      return answer;
    } catch (error) {
      if (isSilence(error)) abandon(used);
      throw error;
    }
  }

  return {
    closing: closing.signal,
    async send(request) {
      const access = await abortable(credentials.current(), request.signal);
      const answer = await exchange(access, request);
      if (answer.statusCode !== 401) return answer;
      const renewed = await abortable(credentials.renew(access), request.signal);
      if (renewed === undefined) return answer;
      await answer.body.dump();
      return exchange(renewed, request);
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new FederationError('ABORTED', `${cluster}: the connection was closed. Connect again to go on.`));
      await Promise.all([...open].map((dispatcher) => dispatcher.destroy()));
      open.clear();
    },
  };
}

function dispatchersOf({ calls, uploads, watches }: Pools): readonly Dispatcher[] {
  return [calls, uploads, watches];
}

function dispatcherFor({ calls, uploads, watches }: Pools, { silenceMs, body = '' }: HttpRequest): Dispatcher {
  if (silenceMs !== undefined) return watches;
  return body.length < largeBody ? calls : uploads;
}

function createDispatcher(
  tls: TlsSettings,
  proxy: string | undefined,
  connections: number | undefined,
  allowH2: boolean,
): Dispatcher {
  const common = { allowH2, keepAliveTimeout: keepAliveMs, connections: connections ?? null };
  return proxy === undefined
    ? new Agent({ ...common, connect: tls })
    : new ProxyAgent({ ...common, uri: proxy, requestTls: tls });
}

function isSilence(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'UND_ERR_HEADERS_TIMEOUT' || error.code === 'UND_ERR_BODY_TIMEOUT')
  );
}
