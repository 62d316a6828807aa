import type { KubeObject } from '../../kube/objects.ts';
import { Clock } from '../clock.ts';
import { Gate } from '../gate.ts';
import { Bookmarks } from './bookmarks.ts';
import type { Ground } from './call.ts';
import { ClientCertificates } from './client-certificates.ts';
import { startCore } from './core.ts';
import { issueKubeconfig, type KubeconfigOptions, serverCertificate } from './credentials.ts';
import type { Handler } from './exchange.ts';
import { History, type WriteRecord } from './history.ts';
import type { InterceptedRequest, Interceptor } from './intercept.ts';
import { listen } from './listener.ts';
import { publish } from './local.ts';
import type { Mount } from './mounted.ts';
import { type Front, type OpenWatch, respond } from './respond.ts';
import type { StoreCapture } from './store.ts';

/** Options of {@link startApiServer}. */
export interface ApiServerOptions {
  /** What kubeconfigs and messages call the cluster. */
  readonly name: string;
  /** Divides every delay of the built-in controllers. @defaultValue 1 */
  readonly speed?: number;
  /** Shared with others; its own speed counts. @defaultValue one of its own, with `speed` */
  readonly clock?: Clock;
  /** Where its controllers ask whether they may work. @defaultValue one that stops nobody */
  readonly gate?: Gate;
  /** Where every write is recorded; shared with others, or its own. @defaultValue one of 10,000 records */
  readonly history?: History;
  /** Makes those delays the same in every run. @defaultValue 1 */
  readonly seed?: number;
  /** What it begins with in place of an empty cluster: what another one captured. @defaultValue what every new cluster has */
  readonly image?: StoreCapture;
  /** What it says it is; before 1.30 it serves no admission policies. @defaultValue v1.34.4 */
  readonly gitVersion?: string;
  /** Speaks HTTP/2 to whoever asks for it, as real servers do; HTTP/1.1, which costs less, to everybody else. @defaultValue false */
  readonly http2?: boolean;
}

/** A Kubernetes API server in this process, on loopback, over TLS, with the controllers every cluster brings along. */
export interface ApiServer extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  /** Kubeconfig of an administrator with a bearer token: JSON, which is YAML too. */
  readonly kubeconfig: string;
  /** Kubeconfig of an administrator with a client certificate, as KubeSphere 3.3 wants it for imports. */
  readonly clientCertificateKubeconfig: string;
  /** Kubeconfig of anybody, whose rights are those that RBAC gives: for tests of restricted users, or of credentials that end. */
  kubeconfigFor(options: KubeconfigOptions): string;
  /** Shows another certificate from now on, and breaks every connection; `validForMs` is negative for one that is over. @defaultValue a year */
  renewCertificate(options?: { readonly validForMs?: number }): Promise<void>;
  /** Puts the server's time of day `ms` before everybody else's, or behind it. It counts from now on, and not on top of earlier ones. */
  skew(ms: number): void;
  /** What was written, or refused, by whom: oldest first. Only the last ones are kept. */
  history(selected?: (record: WriteRecord) => boolean): WriteRecord[];
  /** What it serves now: plurals, with the group where there is one (`users.iam.kubesphere.io`). */
  served(): readonly string[];
  /** Every object that there is at this moment, each in one of its versions. Frozen. */
  objects(): readonly KubeObject[];
  /** What {@link ApiServer.restoreCapture} takes: everything that is kept at this moment. */
  capture(): StoreCapture;
  /**
   * Puts back what was captured here, UIDs and all: open watches get 410, requests under way write nothing more. A certificate
   * that is over is replaced.
   */
  restoreCapture(capture: StoreCapture): void;
  /** Drops every connection and refuses new ones. What the server keeps, and its controllers, live on. */
  suspend(): Promise<void>;
  /** Makes a suspended server reachable again, under the same address. */
  restore(): Promise<void>;
  /** Lets `interceptor` decide about every request for the resource API until the answer is called. */
  intercept(interceptor: Interceptor): () => void;
  /** Ends the open watches that `which` names, the way a server does now and then: their clients come back. */
  endWatches(which: (request: InterceptedRequest) => boolean): void;
  /** Forgets all history: watches and lists that go on from an older revision get 410. */
  compact(): void;
  close(): Promise<void>;
}

const mountsOf = new WeakMap<ApiServer, Mount[]>();

/** Lets `handle` answer every request to `server` whose path begins with `prefix`, of whoever has the right to that subresource. */
export function mountOn(server: ApiServer, prefix: string, handle: Handler): void {
  mountsOf.get(server)?.push({ prefix, handle });
}

const defaultHistory = 10_000;

function objectsOf({ registry, store }: Ground): readonly KubeObject[] {
  return registry.storages().flatMap(({ storage }) => store.table(storage).all());
}

/** Starts a server with the four namespaces every cluster has. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { name, seed = 1, gitVersion = 'v1.34.4', http2 = false } = options;
  const clock = options.clock ?? new Clock({ speed: options.speed ?? 1 });
  const { gate = new Gate(), history = new History(defaultHistory) } = options;
  const core = await startCore({ name, clock, gate, seed, history, gitVersion, image: options.image });
  const { ground, authenticator, authority } = core;
  const interceptors = new Set<Interceptor>();
  const watches = new Set<OpenWatch>();
  const mounts: Mount[] = [];
  const life = new AbortController();
  const front: Front = {
    ...{ ground, authenticator, gitVersion, interceptors, watches, mounts, clock },
    bookmarks: new Bookmarks(clock),
    life: life.signal,
    later: core.later,
  };
  const handle: Handler = (incoming, outgoing) => respond(front, incoming, outgoing);
  const certificates = new ClientCertificates(authority.cert, ground.now);
  const identify = certificates.holder.bind(certificates);
  const issued = (validForMs?: number) => serverCertificate(authority, 'kube-apiserver', validForMs);
  let certificate = issued();
  const listener = await listen(() => certificate.identity(), { http2, identify }, handle);
  const url = `https://127.0.0.1:${listener.port}`;
  const suspensions = new Set<() => void>();
  const withdraw = publish({
    url,
    get listening() {
      return listener.listening;
    },
    authority: authority.cert,
    certifiedUntil: () => certificate.until,
    identify,
    handle,
    onSuspend(lost) {
      suspensions.add(lost);
      return () => void suspensions.delete(lost);
    },
  });
  const issuer = { name, url, authority, authenticator, now: ground.now };
  const admin = { user: 'kubernetes-admin', groups: ['system:masters'] };

  const suspend = async (): Promise<void> => {
    await listener.suspend();
    for (const lost of [...suspensions]) lost();
  };
  const close = async (): Promise<void> => {
    core.stop();
    await suspend();
    life.abort();
    withdraw();
  };
  const server: ApiServer = {
    name,
    url,
    kubeconfig: issueKubeconfig(issuer, admin),
    clientCertificateKubeconfig: issueKubeconfig(issuer, { ...admin, certificate: true }),
    kubeconfigFor: (who) => issueKubeconfig(issuer, who),
    async renewCertificate(wanted = {}) {
      certificate = issued(wanted.validForMs);
      listener.renew();
      if (!listener.listening) return;
      await suspend();
      await listener.restore();
    },
    skew: (ms) => core.skew(ms),
    served: () => ground.registry.storages().map(({ storage }) => storage),
    objects: () => objectsOf(ground),
    history: (selected = () => true) => history.records((record) => record.cluster === name && selected(record)),
    capture: () => core.capture(),
    restoreCapture(capture) {
      core.restore(capture);
      if (certificate.until >= Date.now()) return;
      // Controllers that begin anew would wait for ever.
      certificate = issued();
      listener.renew();
    },
    suspend,
    restore: () => listener.restore(),
    intercept(interceptor) {
      interceptors.add(interceptor);
      return () => void interceptors.delete(interceptor);
    },
    endWatches(which) {
      for (const watch of [...watches]) if (which(watch.request)) watch.end();
    },
    compact: () => ground.store.compact(),
    close,
    [Symbol.asyncDispose]: close,
  };
  mountsOf.set(server, mounts);
  return server;
}
