import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { Admission } from './admission/admission.ts';
import { Authenticator } from './authentication.ts';
import type { Ground } from './call.ts';
import { CertificateAuthority } from './certificate.ts';
import { createDefaults } from './defaults.ts';
import { respond } from './http.ts';
import type { FaultRule } from './intercept.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { startManager } from './manager/manager.ts';
import { Pace } from './pace.ts';
import { Registry } from './registry.ts';
import { Store } from './store.ts';

/** Options of {@link startApiServer}. */
export interface ApiServerOptions {
  /** What kubeconfigs and messages call the cluster. */
  readonly name: string;
  /** Divides every delay of the built-in controllers. @defaultValue 1 */
  readonly speed?: number;
  /** Makes those delays the same in every run. @defaultValue 1 */
  readonly seed?: number;
  /** @defaultValue v1.34.4 */
  readonly gitVersion?: string;
}

/** A Kubernetes API server in this process, on loopback, over TLS, with the controllers every cluster brings along. */
export interface ApiServer extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  /** Kubeconfig of an administrator with a bearer token, as YAML. */
  readonly kubeconfig: string;
  /** Kubeconfig of an administrator with a client certificate, as KubeSphere 3.3 wants it for imports. */
  readonly clientCertificateKubeconfig: string;
  /** Drops every connection and refuses new ones. What the server keeps, and its controllers, live on. */
  suspend(): Promise<void>;
  /** Makes a suspended server reachable again, under the same address. */
  restore(): Promise<void>;
  /** Lets `rule` decide about every request for the resource API until the answer is called. */
  intercept(rule: FaultRule): () => void;
  /** Forgets all history: watches and lists that go on from an older revision get 410. */
  compact(): void;
  close(): Promise<void>;
}

/** Starts a server with the four namespaces every cluster has. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { name, speed = 1, seed = 1, gitVersion = 'v1.34.4' } = options;
  const store = new Store();
  const registry = new Registry();
  const pace = new Pace(speed, seed);
  const ground: Ground = { store, registry, admit: (request) => admission.admit(ground, request) };
  const admission = new Admission(ground, pace);
  store.subscribe((storage, { before, after }) => {
    if (storage !== 'customresourcedefinitions.apiextensions.k8s.io') return;
    if (after !== undefined) registry.serve(after);
    else if (before !== undefined) registry.withdraw(before);
  });
  const authenticator = new Authenticator(store);
  const authority = new CertificateAuthority(`${name}-ca`);
  startManager(ground, pace, authenticator, authority.cert);
  await createDefaults(ground);
  const rules = new Set<FaultRule>();
  const front = { ground, authenticator, gitVersion, rules, bookmarkEveryMs: Math.max(1000, 60_000 / speed) };
  const server = createServer(
    {
      ...authority.issue('server', { commonName: 'kube-apiserver' }),
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => void respond(front, request, response),
  );
  server.keepAliveTimeout = 60_000;
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const port = await listen(server, 0);
  const url = `https://127.0.0.1:${port}`;
  const admin = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };

  const suspend = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const close = async (): Promise<void> => {
    pace.stop();
    await suspend();
  };
  return {
    name,
    url,
    kubeconfig: kubeconfigText(name, url, authority.cert, { token: authenticator.issue(admin) }),
    clientCertificateKubeconfig: kubeconfigText(name, url, authority.cert, {
      certificate: authority.issue('client', { commonName: admin.name, organization: 'system:masters' }),
    }),
    suspend,
    async restore() {
      if (!server.listening) await listen(server, port);
    },
    intercept(rule) {
      rules.add(rule);
      return () => rules.delete(rule);
    },
    compact: () => store.compact(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      const address: AddressInfo | string | null = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
