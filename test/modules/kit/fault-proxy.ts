import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, request as ask } from 'undici';
import { parse } from 'yaml';

/** A request on its way to an API server. */
export interface PassingRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly type: string | undefined;
  readonly body: unknown;
  /** Status of the answer, once there is one. */
  status?: number;
}

/** What befalls a request. `lost`: it takes effect, and its answer never comes. `ignored`: it has none, and nobody says so. */
export type Mishap = 'refused' | 'lost' | 'ignored' | { readonly status: number; readonly reason: string };

/** An API server as one client sees it: every request is seen, and can be hindered, the same on every ground. */
export interface FaultProxy extends AsyncDisposable {
  /** Kubeconfig of the way through here. */
  readonly kubeconfig: string;
  /** Everything that came by since {@link FaultProxy.forget}. */
  readonly requests: readonly PassingRequest[];
  /** Requests that ask for a change; dry runs of the server are none. */
  readonly writes: readonly PassingRequest[];
  forget(): void;
  /** Decides what befalls a request; `undefined` takes that back. */
  hinder(decide: ((request: PassingRequest) => Mishap | undefined) | undefined): void;
  /** Everybody who comes by has the rights of that user alone; `undefined`: those of the administrator. */
  actAs(user: string | undefined): void;
  /** Breaks every connection that is open now. */
  cut(): void;
  /** Nothing of any answer gets through until the function that comes back is called: connections stay open, and are silent. */
  silence(): () => void;
  /** Whether whoever comes by may do that, by the server's own review. */
  allowed(question: { readonly group: string; readonly resource: string; readonly verb: string }): Promise<boolean>;
}

interface Target {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data'?: string };
  }[];
  readonly users: readonly { readonly user: { readonly token?: string } }[];
}

/** Begins to listen in front of the API server of `kubeconfig`, which holds a token. */
export async function startFaultProxy(name: string, kubeconfig: string): Promise<FaultProxy> {
  const { clusters, users }: Target = parse(kubeconfig);
  const { server = '', 'certificate-authority-data': ca } = clusters[0]?.cluster ?? {};
  const token = users[0]?.user.token;
  const agent = new Agent({
    connect: ca === undefined ? {} : { ca: Buffer.from(ca, 'base64').toString() },
    bodyTimeout: 0,
    headersTimeout: 0,
  });
  const seen: PassingRequest[] = [];
  let decide: ((request: PassingRequest) => Mishap | undefined) | undefined;
  let user: string | undefined;
  let silent: PromiseWithResolvers<void> | undefined;

  async function pass(incoming: http.IncomingMessage, outgoing: http.ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://proxy');
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const { method = 'GET', headers } = incoming;
    const passing: PassingRequest = {
      method,
      path: url.pathname,
      query: url.searchParams,
      type: headers['content-type'],
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    };
    seen.push(passing);
    const mishap = decide?.(passing);
    if (mishap === 'refused') {
      incoming.socket.destroy();
      return;
    }
    if (mishap === 'ignored') {
      await once(outgoing, 'close');
      return;
    }
    if (typeof mishap === 'object') {
      const { status, reason } = mishap;
      outgoing.writeHead(status, { 'content-type': 'application/json' });
      outgoing.end(
        JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code: status, message: reason }),
      );
      return;
    }
    const { host: _host, connection: _connection, 'transfer-encoding': _encoding, ...rest } = headers;
    const gone = new AbortController();
    outgoing.on('close', () => gone.abort());
    const answer = await ask(`${server}${incoming.url}`, {
      method: method as 'GET',
      dispatcher: agent,
      signal: gone.signal,
      headers: {
        ...rest,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(user !== undefined && { 'impersonate-user': user }),
      },
      ...(text !== '' && { body: text }),
    });
    passing.status = answer.statusCode;
    if (mishap === 'lost') {
      await answer.body.dump();
      incoming.socket.destroy();
      return;
    }
    outgoing.writeHead(answer.statusCode, answer.headers as http.OutgoingHttpHeaders);
    for await (const chunk of answer.body) {
      await silent?.promise;
      outgoing.write(chunk);
    }
    outgoing.end();
  }

  const listener = http.createServer((incoming, outgoing) => {
    // A client that left, or a server that broke off: the connection tells.
    pass(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  return {
    kubeconfig: JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name, cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name: 'proxied', user: {} }],
      contexts: [{ name, context: { cluster: name, user: 'proxied' } }],
      'current-context': name,
    }),
    get requests() {
      return [...seen];
    },
    get writes() {
      return seen.filter(
        ({ method, path, query }) =>
          method !== 'GET' && !query.has('dryRun') && !path.startsWith('/apis/authorization.k8s.io/'),
      );
    },
    forget: () => {
      seen.length = 0;
    },
    hinder: (by) => {
      decide = by;
    },
    actAs: (name) => {
      user = name;
    },
    cut: () => listener.closeAllConnections(),
    silence: () => {
      const held = Promise.withResolvers<void>();
      silent = held;
      return () => {
        silent = undefined;
        held.resolve();
      };
    },
    async allowed(resourceAttributes) {
      const answer = await ask(`${server}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews`, {
        method: 'POST',
        dispatcher: agent,
        headers: {
          'content-type': 'application/json',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(user !== undefined && { 'impersonate-user': user }),
        },
        body: JSON.stringify({
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes },
        }),
      });
      const review = (await answer.body.json()) as { readonly status?: { readonly allowed?: boolean } };
      return review.status?.allowed === true;
    },
    async [Symbol.asyncDispose]() {
      listener.closeAllConnections();
      listener.close();
      await agent.destroy();
    },
  };
}
