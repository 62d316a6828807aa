import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { parse } from 'yaml';
import { type ApiServer, startApiServer } from '../../../src/testing/server/server.ts';

/** An object as an answer carries it, loosely typed: tests look at whatever field they are about. */
// biome-ignore lint/suspicious/noExplicitAny: answers of any kind are looked at here
export type Body = any;

/** One answer. */
export interface Answer {
  readonly code: number;
  readonly body: Body;
  readonly contentType: string;
}

/** Options of {@link Client.send}. */
export interface SendOptions {
  readonly body?: object | string;
  readonly type?: string;
  readonly accept?: string;
  readonly token?: string | undefined;
}

const mergeType = 'application/merge-patch+json';

/** A bare HTTP client: it sees statuses and bodies exactly as they come. */
export class Client implements AsyncDisposable {
  readonly server: ApiServer;
  readonly dispatcher: Agent;
  readonly #token: string;

  constructor(server: ApiServer) {
    const config: Body = parse(server.kubeconfig);
    const ca = Buffer.from(config.clusters[0].cluster['certificate-authority-data'], 'base64').toString();
    this.server = server;
    this.#token = config.users[0].user.token;
    this.dispatcher = new Agent({ connect: { ca } });
  }

  async send(method: string, path: string, options: SendOptions = {}): Promise<Answer> {
    const token = 'token' in options ? options.token : this.#token;
    const { body, type = 'application/json', accept = 'application/json' } = options;
    const answer = await request(`${this.server.url}${path}`, {
      method: method as 'GET',
      dispatcher: this.dispatcher,
      headers: {
        accept,
        'user-agent': 'tests/1',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': type }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const source = await answer.body.text();
    const contentType = String(answer.headers['content-type']);
    return {
      code: answer.statusCode,
      contentType,
      body: contentType.startsWith('application/json') ? JSON.parse(source) : source,
    };
  }

  get(path: string, options?: SendOptions): Promise<Answer> {
    return this.send('GET', path, options);
  }
  post(path: string, body: object, options?: SendOptions): Promise<Answer> {
    return this.send('POST', path, { ...options, body });
  }
  put(path: string, body: object): Promise<Answer> {
    return this.send('PUT', path, { body });
  }
  merge(path: string, body: object): Promise<Answer> {
    return this.send('PATCH', path, { body, type: mergeType });
  }
  delete(path: string, body?: object): Promise<Answer> {
    return this.send('DELETE', path, body === undefined ? {} : { body });
  }

  /** Creates; fails the test where that is refused. */
  async created(path: string, body: object): Promise<Body> {
    const answer = await this.post(path, body);
    if (answer.code !== 201)
      throw new Error(`create at ${path} answered ${answer.code}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Opens a watch and collects what it sends. */
  async watch(path: string): Promise<Watch> {
    const controller = new AbortController();
    const answer = await request(`${this.server.url}${path}`, {
      dispatcher: this.dispatcher,
      headers: { authorization: `Bearer ${this.#token}` },
      signal: controller.signal,
    });
    const events: Body[] = [];
    const ended = (async () => {
      let rest = '';
      for await (const chunk of answer.body) {
        rest += String(chunk);
        const lines = rest.split('\n');
        rest = lines.pop() ?? '';
        events.push(...lines.map((line) => JSON.parse(line)));
      }
    })().catch(() => {});
    return { code: answer.statusCode, events, ended, stop: () => controller.abort() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispatcher.destroy();
    await this.server.close();
  }
}

/** An open watch. */
export interface Watch {
  readonly code: number;
  readonly events: readonly Body[];
  readonly ended: Promise<void>;
  stop(): void;
}

/** A server with a client; controllers run a hundred times as fast as real ones. */
export async function startClient(
  options: { speed?: number; seed?: number; gitVersion?: string } = {},
): Promise<Client> {
  return new Client(await startApiServer({ name: 'test', speed: 100, ...options }));
}

/** Waits until `look` answers something true; fails the test after five seconds. */
export async function until<T>(what: string, look: () => Promise<T> | T): Promise<NonNullable<T>> {
  const end = Date.now() + 5000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`never happened: ${what}`);
    await delay(5);
  }
}

/** Whether the object is there and nobody asked it to go. */
export async function isAlive(client: Client, path: string): Promise<boolean> {
  const { code, body } = await client.get(path);
  return code === 200 && body.metadata.uid !== undefined && body.metadata.deletionTimestamp === undefined;
}

/** A namespace, ready to be used. */
export async function inNamespace(client: Client, name: string): Promise<string> {
  await client.created('/api/v1/namespaces', { metadata: { name } });
  return `/api/v1/namespaces/${name}`;
}

/** A CustomResourceDefinition of group `example.com`. */
export function definition(
  kind: string,
  options: { versions?: readonly string[]; namespaced?: boolean; status?: boolean } = {},
): object {
  const plural = `${kind.toLowerCase()}s`;
  const { versions = ['v1'], namespaced = false, status = true } = options;
  return {
    metadata: { name: `${plural}.example.com` },
    spec: {
      group: 'example.com',
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: { kind, plural },
      versions: versions.map((name, i) => ({
        name,
        served: true,
        storage: i === 0,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        ...(status ? { subresources: { status: {} } } : {}),
      })),
    },
  };
}

/** Where definitions are created. */
export const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Creates a {@link definition}; resolves once its kind is served: its names are accepted only after the create is answered. */
export async function define(client: Client, kind: string, options: Parameters<typeof definition>[1] = {}) {
  await client.created(definitions, definition(kind, options));
  const [version = 'v1'] = options.versions ?? [];
  const path = `/apis/example.com/${version}/${kind.toLowerCase()}s`;
  await until(`${kind} is served`, async () => (await client.get(path)).code === 200);
}

/** An object of a kind of {@link definition}: custom resources must name their kind. */
export function custom(kind: string, metadata: object, rest: object = {}): object {
  return { apiVersion: 'example.com/v1', kind, metadata, ...rest };
}
