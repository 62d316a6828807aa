import { X509Certificate } from 'node:crypto';
import { Agent, type Dispatcher } from 'undici';
import type { TlsSettings } from '../../kube/credentials.ts';
import type { User } from './call.ts';
import type { Handler, Incoming, Outgoing } from './exchange.ts';

/** A server of this process, as callers in the same process see it. */
export interface LocalServer {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  readonly listening: boolean;
  /** PEM of the authority that its own certificate is from. */
  readonly authority: string;
  /** PEM of the certificate that it shows now. */
  certificate(): string;
  identify(certificate: X509Certificate): User;
  readonly handle: Handler;
  /** Calls `listener` when all connections are broken, until the answer is called. */
  onSuspend(listener: () => void): () => void;
}

const servers = new Map<string, LocalServer>();

/** Makes a server reachable for {@link dispatcherTo} until the answer is called. */
export function publish(server: LocalServer): () => void {
  servers.set(server.url, server);
  return () => void servers.delete(server.url);
}

/**
 * A way to a server of this process that needs no socket and no encryption: the same requests and answers, the same
 * checks of certificates, the same failures. `undefined` where the server is not in this process.
 */
export function dispatcherTo(origin: string, tls: TlsSettings): Dispatcher | undefined {
  const server = servers.get(origin);
  if (server === undefined) return undefined;
  const trust = trustOf(server, tls);
  return new Agent().compose(() => (options, handler) => {
    // A turn of the event loop per request: nobody starves, as nobody does with sockets.
    setImmediate(() => exchange(server, trust, options, handler));
    return true;
  });
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
  let user: User | undefined;
  return {
    refusal() {
      if (!rejectUnauthorized) return undefined;
      if (authority !== server.authority.trim())
        return systemError('UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate');
      if (endOf(server.certificate()) < Date.now()) return systemError('CERT_HAS_EXPIRED', 'certificate has expired');
      return undefined;
    },
    certified() {
      if (certificate !== undefined) user ??= server.identify(certificate);
      return user;
    },
  };
}

/** When certificates are over, in milliseconds since 1970, by their PEM: reading one costs more than a request. */
const ends = new Map<string, number>();

function endOf(certificate: string): number {
  const end = ends.get(certificate) ?? Date.parse(new X509Certificate(certificate).validTo);
  ends.set(certificate, end);
  return end;
}

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

function refused(url: string): Error {
  const { hostname, port } = new URL(url);
  return systemError('ECONNREFUSED', `connect ECONNREFUSED ${hostname}:${port}`);
}

function exchange(
  server: LocalServer,
  trust: Trust,
  options: Dispatcher.DispatchOptions,
  handler: Dispatcher.DispatchHandler,
): void {
  const closing = new Set<() => void>();
  const state = { closed: false, aborted: false, reason: null as Error | null };
  const close = (error?: Error): void => {
    if (state.closed) return;
    state.closed = true;
    unsubscribe();
    for (const listener of closing) listener();
    if (error !== undefined) handler.onResponseError?.(controller, error);
  };
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
      close(reason);
    },
    // What is answered is in memory already: holding it back here or there is the same.
    pause() {},
    resume() {},
  };
  const lost = (): void => close(systemError('ECONNRESET', 'read ECONNRESET'));
  const unsubscribe = server.onSuspend(lost);
  handler.onRequestStart?.(controller, {});
  if (state.closed) return;
  const problem = server.listening ? trust.refusal() : refused(server.url);
  if (problem !== undefined) {
    close(problem);
    return;
  }
  const incoming: Incoming = {
    method: options.method,
    url: String(options.path),
    headers: headersOf(options.headers),
    certified: () => trust.certified(),
    body: async () => (typeof options.body === 'string' ? options.body : ''),
  };
  const outgoing: Outgoing = {
    get closed() {
      return state.closed;
    },
    start(code, headers) {
      if (!state.closed) handler.onResponseStart?.(controller, code, { ...headers });
    },
    write(chunk) {
      if (!state.closed && chunk !== '') handler.onResponseData?.(controller, Buffer.from(chunk));
    },
    end() {
      if (state.closed) return;
      handler.onResponseEnd?.(controller, {});
      close();
    },
    reset: lost,
    onClose: (listener) => void closing.add(listener),
  };
  void server.handle(incoming, outgoing);
}

function headersOf(headers: Dispatcher.DispatchOptions['headers']): Incoming['headers'] {
  if (headers === null || headers === undefined || typeof headers !== 'object' || Symbol.iterator in headers) return {};
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), String(value)]],
    ),
  );
}
