import { Admission } from './admission/admission.ts';
import { Authenticator } from './authentication.ts';
import type { Ground } from './call.ts';
import { CertificateAuthority } from './certificate.ts';
import { ClientCertificates } from './client-certificates.ts';
import { createDefaults } from './defaults.ts';
import type { Handler } from './exchange.ts';
import type { FaultRule } from './intercept.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { listen } from './listener.ts';
import { publish } from './local.ts';
import { startManager } from './manager/manager.ts';
import { Pace } from './pace.ts';
import { Registry } from './registry.ts';
import { type Front, type Mount, respond } from './respond.ts';
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
  /** Speaks HTTP/2 to whoever asks for it, as real servers do; HTTP/1.1, which costs less, to everybody else. @defaultValue false */
  readonly http2?: boolean;
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
  /** Lets `handle` answer every request whose path begins with `prefix`, once the server knows who asks. */
  mount(prefix: string, handle: Handler): void;
  /** Forgets all history: watches and lists that go on from an older revision get 410. */
  compact(): void;
  close(): Promise<void>;
}

/** Starts a server with the four namespaces every cluster has. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { name, speed = 1, seed = 1, gitVersion = 'v1.34.4', http2 = false } = options;
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
  const mounts: Mount[] = [];
  const bookmarkEveryMs = Math.max(1000, 60_000 / speed);
  const front: Front = { ground, authenticator, gitVersion, rules, mounts, bookmarkEveryMs };
  const handle: Handler = (incoming, outgoing) => respond(front, incoming, outgoing);
  const certificates = new ClientCertificates(authority.cert, Date.now);
  const identify = certificates.user.bind(certificates);
  const certificate = { ...authority.issue('server', { commonName: 'kube-apiserver' }), ca: authority.cert };
  const listener = await listen(certificate, { http2, identify }, handle);
  const url = `https://127.0.0.1:${listener.port}`;
  const suspensions = new Set<() => void>();
  const withdraw = publish({
    url,
    get listening() {
      return listener.listening;
    },
    authority: authority.cert,
    certificate: () => certificate.cert,
    identify,
    handle,
    onSuspend(lost) {
      suspensions.add(lost);
      return () => void suspensions.delete(lost);
    },
  });
  const admin = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };

  const suspend = async (): Promise<void> => {
    await listener.suspend();
    for (const lost of [...suspensions]) lost();
  };
  const close = async (): Promise<void> => {
    pace.stop();
    await suspend();
    withdraw();
  };
  return {
    name,
    url,
    kubeconfig: kubeconfigText(name, url, authority.cert, { token: authenticator.issue(admin) }),
    clientCertificateKubeconfig: kubeconfigText(name, url, authority.cert, {
      certificate: authority.issue('client', { commonName: admin.name, organization: 'system:masters' }),
    }),
    suspend,
    restore: () => listener.restore(),
    intercept(rule) {
      rules.add(rule);
      return () => rules.delete(rule);
    },
    mount(prefix, serve) {
      mounts.push({ prefix, handle: serve });
    },
    compact: () => store.compact(),
    close,
    [Symbol.asyncDispose]: close,
  };
}
