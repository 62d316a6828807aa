import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { type ClusterCertificates, makeCertificates } from '../real/control-plane/certificates.ts';

/** A request that has arrived whole. */
export interface Arrived {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** What both versions of HTTP have in common, as far as handlers need it. */
export type Reply = Pick<http.ServerResponse, 'writeHead' | 'end' | 'write'> & { readonly socket: Socket | null };
export type Handler = (
  request: Arrived,
  reply: Reply,
  original: http.IncomingMessage | http2.Http2ServerRequest,
) => void;

/** A loopback server with what tests ask of it. */
export interface LoopbackServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly arrived: readonly Arrived[];
  /** Connections ever made. */
  readonly connections: () => number;
}

let certificates: Promise<ClusterCertificates> | undefined;
/** One certificate authority for all tests of a file. */
export function testCertificates(): Promise<ClusterCertificates> {
  certificates ??= makeCertificates('test');
  return certificates;
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Answers JSON. */
export function answer(reply: Reply, body: unknown, status = 200, headers: http.OutgoingHttpHeaders = {}): void {
  reply.writeHead(status, { 'content-type': 'application/json', ...headers });
  reply.end(JSON.stringify(body));
}

/** Plain HTTP/1.1. */
export function servePlain(handler: Handler): Promise<LoopbackServer> {
  const { listener, arrived } = collecting(handler);
  return listening(http.createServer(listener), 'http', arrived);
}

/** TLS, HTTP/1.1 only; asks for client certificates but insists on none. */
export async function serveTls(handler: Handler): Promise<LoopbackServer> {
  const { listener, arrived } = collecting(handler);
  return listening(
    https.createServer({ ...(await tls()), requestCert: true, rejectUnauthorized: false }, listener),
    'https',
    arrived,
  );
}

/** TLS with HTTP/2, and HTTP/1.1 for those who ask for it, as API servers have it. */
export async function serveHttp2(handler: Handler, settings: http2.Settings = {}): Promise<LoopbackServer> {
  const { listener, arrived } = collecting(handler);
  const server = http2.createSecureServer({ ...(await tls()), settings, allowHTTP1: true }, (request, response) => {
    listener(request, response as unknown as http.ServerResponse);
  });
  server.on('sessionError', () => undefined);
  return listening(server, 'https', arrived);
}

async function tls(): Promise<{ key: string; cert: string; ca: string }> {
  const { serving, ca } = await testCertificates();
  return { key: serving.key, cert: serving.certificate, ca };
}

function collecting(handler: Handler) {
  const arrived: Arrived[] = [];
  const listener = (original: http.IncomingMessage | http2.Http2ServerRequest, reply: http.ServerResponse): void => {
    const chunks: Buffer[] = [];
    original.on('error', () => undefined);
    original.on('data', (chunk: Buffer) => chunks.push(chunk));
    original.on('end', () => {
      const { method = '', url = '', headers } = original;
      const request = { method, url, headers, body: Buffer.concat(chunks).toString() };
      arrived.push(request);
      handler(request, reply, original);
    });
  };
  return { listener, arrived };
}

function listening(server: Server, scheme: string, arrived: readonly Arrived[]): Promise<LoopbackServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve({
        url: `${scheme}://127.0.0.1:${port}`,
        port,
        arrived,
        connections: () => connections,
        [Symbol.asyncDispose]: () =>
          new Promise<void>((done) => {
            server.close(() => done());
            for (const socket of sockets) socket.destroy();
          }),
      });
    });
  });
}
