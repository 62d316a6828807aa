import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createPlainServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { User } from './call.ts';
import { bytesOf } from './chunk.ts';
import type { Handler, Incoming, Outgoing } from './exchange.ts';

/** What a server shows its clients and whose certificates it asks for: PEM. */
export interface ServerIdentity {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** A loopback port with TLS that can be taken down and put up again. */
export interface Listener {
  readonly port: number;
  readonly listening: boolean;
  /** Breaks every connection and refuses new ones. */
  suspend(): Promise<void>;
  /** Listens again on the same port. */
  restore(): Promise<void>;
  /** Asks anew what to show whoever connects from now on. */
  renew(): void;
}

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

/** Looks at a client certificate; the answer tells at each request whom it names. @throws StatusError 401 (the answer) */
type Identify = (certificate: X509Certificate) => () => User;

/**
 * Listens on a loopback port, on a free one where none is wanted or another has it; speaks HTTP/1.1, and HTTP/2 besides where `http2` is set. `identity` is first asked for when
 * somebody connects: encryption costs more than all else about a server, and callers in this process need none.
 */
export async function listen(
  identity: () => ServerIdentity,
  {
    http2,
    identify,
    port: wanted = 0,
  }: { readonly http2: boolean; readonly identify: Identify; readonly port?: number },
  handle: Handler,
): Promise<Listener> {
  const answer = (request: Request, response: Response): void =>
    void handle(incomingOf(request, identify), outgoingOf(request, response));
  let secure: Http2SecureServer | Server | undefined;
  const encrypting = (): Http2SecureServer | Server => {
    const tls = { ...identity(), requestCert: true, rejectUnauthorized: false };
    return http2
      ? createSecureServer({ ...tls, allowHTTP1: true }, answer)
      : createServer({ ...tls, keepAliveTimeout: 60_000 }, answer satisfies RequestListener);
  };
  const sockets = new Set<Socket>();
  // As servers of HTTP do: what waits to be sent with more would wait for the other side's timer.
  const server = createPlainServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    secure ??= encrypting();
    secure.emit('connection', socket);
  });
  const open = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        const address: AddressInfo | string | null = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  const port = await open(wanted).catch(() => open(0));
  return {
    port,
    get listening() {
      return server.listening;
    },
    async suspend() {
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    async restore() {
      if (!server.listening) await open(port);
    },
    renew: () => secure?.setSecureContext(identity()),
  };
}

/** Asking a socket for its certificate anew at every request is what costs most in the server. */
const certified = new WeakMap<Socket, () => User>();

/** A request from a socket; `identify` is asked about certificates where the socket is one of TLS. */
export function incomingOf(request: Request, identify: Identify): Incoming {
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    headers: request.headers,
    certified() {
      const socket = 'stream' in request ? request.stream.session?.socket : request.socket;
      if (!(socket instanceof TLSSocket)) return undefined;
      const known = certified.get(socket);
      if (known !== undefined) return known();
      const certificate = socket.getPeerX509Certificate();
      if (certificate === undefined) return undefined;
      const holder = identify(certificate);
      certified.set(socket, holder);
      return holder();
    },
    async body(encoding = 'utf8') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      return Buffer.concat(chunks).toString(encoding);
    },
  };
}

/** The way back to whoever sent `request`. */
export function outgoingOf(request: Request, response: Response): Outgoing {
  return {
    get closed() {
      return response.writableEnded || response.destroyed;
    },
    start(code, headers) {
      if (this.closed) return;
      if ('flushHeaders' in response) {
        response.writeHead(code, onTheWire(headers));
        // A watch may have nothing to say for long, and its client waits for the headers: HTTP/2 sends them at once.
        if (headers['content-length'] === undefined) response.flushHeaders();
      } else response.writeHead(code, onTheWire(headers));
    },
    write(piece) {
      const content = bytesOf(piece);
      // Both kinds of response take bytes; their overloads do not add up to one.
      if (!this.closed && content.length > 0) (response as ServerResponse).write(content);
    },
    end() {
      if (!this.closed) response.end();
    },
    reset() {
      if ('stream' in request) request.stream.session?.destroy();
      else request.socket.destroy();
    },
    onClose(listener) {
      if (response.destroyed) listener();
      else response.on('close', listener);
    },
  };
}

/**
 * Real servers send text in headers as UTF-8. Node takes a character for each byte, throws at any beyond that, and sends them so
 * where bytes follow: headers that go alone, or before a string, it encodes once more.
 */
function onTheWire(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Buffer.from(value).toString('latin1')]),
  );
}
