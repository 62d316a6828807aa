import { Agent, type Dispatcher } from 'undici';
import { createCredentials, type TlsSettings } from '../../kube/credentials.ts';
import { chooseContext } from '../../kube/kubeconfig.ts';
import { dispatcherTo } from '../server/local.ts';

/** One request to pass on; `path` holds the query. */
interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
}

/** A server behind the gateway, and what it takes to be let in there. */
export interface Upstream extends AsyncDisposable {
  /** Resolves with the answer, its body unread. Rejects where none came. */
  send(request: UpstreamRequest): Promise<Dispatcher.ResponseData>;
  /** Closes its connections as soon as nobody uses them. */
  retire(): void;
}

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const isMethod = (method: string): method is Dispatcher.HttpMethod => methods.has(method);

/** Watches may be silent for as long as they like. */
const patient = { headersTimeout: 0, bodyTimeout: 0 } as const;

function exchange(
  dispatcher: Dispatcher,
  origin: string,
  { method, path, headers = {}, body, signal }: UpstreamRequest,
): Promise<Dispatcher.ResponseData> {
  if (!isMethod(method)) throw new TypeError(`${method} is no method that is passed on`);
  return dispatcher.request({
    origin,
    path,
    method,
    headers: { ...headers },
    body: body ?? null,
    ...patient,
    ...(signal === undefined ? {} : { signal }),
  });
}

/**
 * The API server of a kubeconfig, with the rights of its user. `server` is another address of it than the kubeconfig's.
 * Nothing is opened before the first request, and nothing is sent once `life` is over.
 *
 * @throws FederationError `KUBECONFIG_INVALID`
 */
export async function clusterUpstream(kubeconfig: string, life: AbortSignal, server?: string): Promise<Upstream> {
  const chosen = await chooseContext(kubeconfig);
  const credentials = createCredentials(chosen, chosen.cluster.name);
  const { origin, pathname } = new URL(server ?? chosen.cluster.server);
  const base = pathname.replace(/\/+$/, '');
  let open: { readonly digest: string; readonly dispatcher: Dispatcher } | undefined;
  const dispatcherOf = (tls: TlsSettings, digest: string): Dispatcher => {
    if (open?.digest !== digest) {
      void open?.dispatcher.close();
      open = { digest, dispatcher: dispatcherTo(origin, tls) ?? new Agent({ connect: tls }) };
    }
    return open.dispatcher;
  };
  return {
    async send(request) {
      const { headers, tls, tlsDigest } = await credentials.current();
      life.throwIfAborted();
      return exchange(dispatcherOf(tls, tlsDigest), origin, {
        ...request,
        path: `${base}${request.path}`,
        headers: { ...request.headers, ...headers },
      });
    },
    retire: () => void open?.dispatcher.close(),
    async [Symbol.asyncDispose]() {
      await open?.dispatcher.destroy();
    },
  };
}

/** Servers that need no credentials, by their address; nothing is sent once `life` is over. */
export function plainUpstreams(life: AbortSignal): AsyncDisposable & { to(address: string): Pick<Upstream, 'send'> } {
  const agent = new Agent();
  return {
    to(address) {
      const { origin } = new URL(address);
      return {
        async send(request) {
          life.throwIfAborted();
          return exchange(agent, origin, request);
        },
      };
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}
