import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { SandboxVersion } from '../attach.ts';
import type { Handler, Incoming, Outgoing } from '../server/exchange.ts';
import { isAllowed } from './authorization.ts';
import type { GatewayContext } from './context.ts';
import { createFront } from './front.ts';
import { kubeClient } from './kube.ts';
import { createMembers } from './members.ts';
import { createPasswords } from './passwords.ts';
import { createRouter } from './routes.ts';
import { readSettings } from './settings.ts';
import { routeTable } from './table.ts';
import { createTokens } from './tokens.ts';
import { clusterUpstream } from './upstream.ts';

/** Options of {@link startGateway}. */
export interface GatewayOptions {
  /** Text of an administrator's kubeconfig: the gateway acts with these rights for whom KubeSphere's roles allow it. */
  readonly kubeconfig: string;
  /** KubeSphere version line. @defaultValue '3.3' */
  readonly version?: SandboxVersion;
  /** What tokens and closed accounts go by: milliseconds since 1970. @defaultValue the system's */
  readonly now?: () => number;
}

/** KubeSphere's front door of one cluster: ks-apiserver, over plain HTTP on loopback. */
export interface Gateway extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Stops it, as if ks-apiserver were down. */
  close(): Promise<void>;
}

/** A gateway that others of this process can reach without its port: the service proxy of its cluster's API server. */
export interface NearGateway extends Gateway {
  readonly handle: Handler;
  /** Whether it answers: not after {@link Gateway.close}. */
  readonly listening: boolean;
}

/**
 * Starts ks-apiserver 3.3 or 3.4 in front of a cluster that `installKubeSphere` prepared: sign-in, the native API under
 * `/api` and `/apis` with KubeSphere's rights, `/kapis`, and the way to members under `/clusters/{name}`. All it knows are
 * the cluster's objects. It sends nothing before its first request.
 */
export function startGateway(options: GatewayOptions): Promise<Gateway> {
  return openGateway(options);
}

/** {@link startGateway}, for whoever is to reach it from within. */
export async function openGateway(options: GatewayOptions): Promise<NearGateway> {
  const { kubeconfig, version = '3.3', now = Date.now } = options;
  const members = createMembers();
  const open = async (): Promise<Omit<GatewayContext, 'settings'>> => {
    const upstream = await clusterUpstream(kubeconfig);
    const kube = kubeClient(upstream);
    return {
      version,
      kube,
      upstream,
      members,
      tokens: createTokens(now),
      passwords: createPasswords(kube, now),
      allowed: (user, wish) => isAllowed(kube, user, wish),
    };
  };
  let opened: ReturnType<typeof open> | undefined;
  const gateOf = async (): Promise<GatewayContext> => {
    opened ??= open();
    const gate = await opened;
    let settings: ReturnType<typeof readSettings> | undefined;
    const once = (): ReturnType<typeof readSettings> => {
      settings ??= readSettings(gate.kube);
      return settings;
    };
    return { ...gate, settings: once };
  };
  const handle = createFront(gateOf, createRouter(routeTable(version)));
  const server = createServer((request, response) => void handle(incomingOf(request), outgoingOf(response)));
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
    await members[Symbol.asyncDispose]();
    await (await opened)?.upstream[Symbol.asyncDispose]();
  };
  return {
    url: `http://127.0.0.1:${port}`,
    handle,
    get listening() {
      return server.listening;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function incomingOf(request: IncomingMessage): Incoming {
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    headers: request.headers,
    certified: () => undefined,
    async body() {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      return Buffer.concat(chunks).toString('utf8');
    },
  };
}

function outgoingOf(response: ServerResponse): Outgoing {
  return {
    get closed() {
      return response.writableEnded || response.destroyed;
    },
    start(code, headers) {
      // Who waits for the first event of a watch must know that it began.
      if (!this.closed) response.writeHead(code, headers).flushHeaders();
    },
    write(chunk) {
      if (!this.closed && chunk !== '') response.write(chunk);
    },
    end() {
      if (!this.closed) response.end();
    },
    reset: () => void response.destroy(),
    onClose: (listener) => void response.on('close', listener),
  };
}
