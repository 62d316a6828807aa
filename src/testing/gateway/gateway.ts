import { createServer } from 'node:http';
import type { SandboxVersion } from '../attach.ts';
import type { Handler } from '../server/exchange.ts';
import { incomingOf, outgoingOf } from '../server/listener.ts';
import { StatusError } from '../server/status.ts';
import { createFront } from './front.ts';
import { createRouter } from './routes.ts';
import { beginRun, type Memory, nothing } from './run.ts';
import { routeTable } from './table.ts';

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
  /** What it keeps that is in no object of its cluster. */
  memory(): Memory;
  /** Begins anew with what was kept once: nothing that is under way sends another request. */
  restore(memory: Memory): void;
}

/**
 * Starts ks-apiserver 3.3 or 3.4 in front of a cluster that `installKubeSphere` prepared: sign-in, the native API under
 * `/api` and `/apis` with KubeSphere's rights, `/kapis`, and the way to members under `/api/clusters/{name}`, `/apis/clusters/{name}` and `/kapis/clusters/{name}`. All it knows are
 * the cluster's objects. It sends nothing before its first request.
 */
export function startGateway(options: GatewayOptions): Promise<Gateway> {
  return openGateway(options);
}

/** Over plain HTTP nobody shows a certificate. */
const uncertified = () => (): never => {
  throw new StatusError(401, 'Unauthorized', 'Unauthorized');
};

/** {@link startGateway}, for whoever is to reach it from within. */
export async function openGateway(options: GatewayOptions): Promise<NearGateway> {
  const { kubeconfig, version = '3.3', now = Date.now } = options;
  const begin = (memory: Memory) => beginRun({ kubeconfig, version, now }, memory);
  let run = begin(nothing);
  const handle = createFront(() => run.gate(), createRouter(routeTable(version)));
  const server = createServer(
    (request, response) => void handle(incomingOf(request, uncertified), outgoingOf(request, response)),
  );
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
    await run[Symbol.asyncDispose]();
  };
  return {
    url: `http://127.0.0.1:${port}`,
    handle,
    get listening() {
      return server.listening;
    },
    memory: () => run.memory(),
    restore(memory) {
      void run[Symbol.asyncDispose]();
      run = begin(memory);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
