import { X509Certificate } from 'node:crypto';
import { Agent, type Dispatcher } from 'undici';
import type { TlsSettings } from '../../kube/credentials.ts';
import type { HttpAnswer, Near } from '../../kube/transport.ts';
import type { User } from './call.ts';
import { bytesOf, type Piece } from './chunk.ts';
import type { Encoding, Handler, Incoming, Outgoing } from './exchange.ts';
import { NearBody } from './near-body.ts';

/** A server of this process, as callers in the same process see it. */
export interface LocalServer {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  readonly listening: boolean;
  /** PEM of the authority that its own certificate is from. */
  readonly authority: string;
  /** When the certificate that it shows now is over, in milliseconds since 1970. */
  certifiedUntil(): number;
  /** Looks at a client certificate; the answer tells at each request whom it names. @throws StatusError 401 (the answer) */
  identify(certificate: X509Certificate): () => User;
  readonly handle: Handler;
  /** Calls `listener` when all connections are broken, until the answer is called. */
  onSuspend(listener: () => void): () => void;
}

const servers = new Map<string, LocalServer>();

/** Makes a server reachable for {@link nearTo} until the answer is called. */
export function publish(server: LocalServer): () => void {
  servers.set(server.url, server);
  return () => {
    if (servers.get(server.url) === server) servers.delete(server.url);
  };
}

/**
 * A way to a server of this process that needs no socket, no encryption and no JSON: the same requests and answers, the
 * same checks of certificates, the same failures. `undefined` where the server is not in this process.
 */
export function nearTo(origin: string, tls: TlsSettings): Near | undefined {
  if (!servers.has(origin)) return undefined;
  const way = wayTo(origin, tls);
  return ({ method, path, headers, body = '', signal }) =>
    new Promise<HttpAnswer>((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const leave = (): void => abort(signal.reason);
      const answer = new NearBody(() => abort(undefined));
      signal.addEventListener('abort', leave, { once: true });
      const over = (): void => signal.removeEventListener('abort', leave);
      const abort = exchange(
        way,
        { method, url: path, headers, body: async (encoding) => contentOf(body, encoding) },
        {
          head: (statusCode, answered) => resolve({ statusCode, headers: answered, body: answer }),
          piece: (piece) => answer.push(piece),
          end() {
            over();
            answer.end();
          },
          failed(error) {
            over();
            answer.fail(error);
            reject(error);
          },
        },
      );
    });
}

/** The same for whoever wants a dispatcher, and bytes. */
export function dispatcherTo(origin: string, tls: TlsSettings): Dispatcher | undefined {
  if (!servers.has(origin)) return undefined;
  const way = wayTo(origin, tls);
  return new Agent().compose(() => (options, handler) => {
    const state = { aborted: false, reason: null as Error | null };
    const controller: Dispatcher.DispatchController = {
      get aborted() {
        return state.aborted;
      },
      get reason() {
        return state.reason;
      },
      paused: false,
      abort(reason) {
        state.aborted = true;
        state.reason = reason;
        abort(reason);
      },
      // What is answered is in memory already: holding it back here or there is the same.
      pause() {},
      resume() {},
    };
    const request = {
      method: options.method,
      url: String(options.path),
      headers: headersOf(options.headers),
      body: async (encoding?: Encoding) => contentOf(isContent(options.body) ? options.body : '', encoding),
    };
    const abort = exchange(way, request, {
      head: (code, headers) => handler.onResponseStart?.(controller, code, { ...headers }),
      piece: (piece) => handler.onResponseData?.(controller, bytesOf(piece)),
      end: () => handler.onResponseEnd?.(controller, {}),
      failed: (error) => handler.onResponseError?.(controller, error),
    });
    handler.onRequestStart?.(controller, {});
    return true;
  });
}

/** Whoever listens at an address now, and what both ends know of each other; refuses a request like a port where nobody does. */
interface Way {
  readonly origin: string;
  find(): { readonly server: LocalServer; readonly trust: Trust } | undefined;
}

/** The server is looked up for every request: a port that was given up may be another server's the next moment. */
function wayTo(origin: string, tls: TlsSettings): Way {
  let known: ReturnType<Way['find']>;
  return {
    origin,
    find() {
      const server = servers.get(origin);
      if (server === undefined) return undefined;
      if (known?.server !== server) known = { server, trust: trustOf(server, tls) };
      return known;
    },
  };
}

/** What both ends find out about each other before the first request. */
interface Trust {
  /** Why the client does not go on; asked anew, for certificates change. */
  refusal(): Error | undefined;
  certified(): User | undefined;
}

function trustOf(server: LocalServer, { ca, cert, rejectUnauthorized = true }: TlsSettings): Trust {
  const certificate = cert === undefined ? undefined : new X509Certificate(cert);
  const authority = String(ca ?? '').trim();
  let holder: (() => User) | undefined;
  return {
    refusal() {
      if (!rejectUnauthorized) return undefined;
      if (authority !== server.authority.trim())
        return systemError('UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate');
      if (server.certifiedUntil() < Date.now()) return systemError('CERT_HAS_EXPIRED', 'certificate has expired');
      return undefined;
    },
    certified() {
      if (certificate !== undefined) holder ??= server.identify(certificate);
      return holder?.();
    },
  };
}

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

function refused(url: string): Error {
  const { hostname, port } = new URL(url);
  return systemError('ECONNREFUSED', `connect ECONNREFUSED ${hostname}:${port}`);
}

/** Who asked, told of the answer as it comes. */
interface Client {
  head(code: number, headers: Readonly<Record<string, string>>): void;
  piece(piece: Piece): void;
  end(): void;
  failed(error: Error): void;
}

/** Sends one request; the answer breaks it off. */
function exchange(way: Way, request: Omit<Incoming, 'certified'>, client: Client): (reason: unknown) => void {
  const closing = new Set<() => void>();
  let closed = false;
  const close = (): boolean => {
    if (closed) return false;
    closed = true;
    unsubscribe();
    for (const listener of closing) listener();
    return true;
  };
  const fail = (error: Error): void => {
    if (close()) client.failed(error);
  };
  const lost = (): void => fail(systemError('ECONNRESET', 'read ECONNRESET'));
  const found = way.find();
  const unsubscribe = found?.server.onSuspend(lost) ?? (() => {});
  const outgoing: Outgoing = {
    near: true,
    get closed() {
      return closed;
    },
    start(code, headers) {
      if (!closed) client.head(code, headers);
    },
    write(piece) {
      if (!closed && piece !== '') client.piece(piece);
    },
    end() {
      if (close()) client.end();
    },
    reset: lost,
    onClose(listener) {
      if (closed) listener();
      else closing.add(listener);
    },
  };
  // A turn of the event loop per request: nobody starves, as nobody does with sockets.
  setImmediate(() => {
    if (closed) return;
    if (found === undefined || !found.server.listening) {
      fail(refused(way.origin));
      return;
    }
    const { server, trust } = found;
    const problem = trust.refusal();
    if (problem === undefined) void server.handle({ ...request, certified: () => trust.certified() }, outgoing);
    else fail(problem);
  });
  return (reason) => {
    if (!closed) fail(reason instanceof Error ? reason : systemError('ABORT_ERR', String(reason)));
  };
}

/** Text is the text that was meant, unless somebody wants its bytes. */
function contentOf(body: string | Uint8Array, encoding: Encoding = 'utf8'): string {
  return typeof body === 'string' && encoding === 'utf8' ? body : Buffer.from(body).toString(encoding);
}

const isContent = (body: unknown): body is string | Uint8Array =>
  typeof body === 'string' || body instanceof Uint8Array;

function headersOf(headers: Dispatcher.DispatchOptions['headers']): Incoming['headers'] {
  if (headers === null || headers === undefined || typeof headers !== 'object' || Symbol.iterator in headers) return {};
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), String(value)]],
    ),
  );
}
