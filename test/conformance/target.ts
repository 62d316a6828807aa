import { Agent, request } from 'undici';
import { parse } from 'yaml';
import type { Request } from './case.ts';
import { at, isRecord } from './json.ts';

/** One answer, as it came. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed where it is JSON. */
  readonly body: unknown;
}

/** A watch that is open: its lines, parsed, as they come. */
export interface OpenWatch {
  readonly answer: Omit<Answer, 'body'>;
  /** The next so many events; fewer where the watch ended or `waitMs` ran out. */
  take(events: number | 'all', waitMs: number): Promise<unknown[]>;
  close(): Promise<void>;
}

/** What a kubeconfig holds, as far as a bare client needs it. */
interface Config {
  readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
  readonly users: readonly { readonly user: { readonly token?: string } }[];
}

/** An API server that cases are played against, over bare HTTP. */
export class Target implements AsyncDisposable {
  readonly #url: string;
  readonly #token: string | undefined;
  readonly #agent: Agent;

  readonly #compact: () => void | Promise<void>;

  /** `kubeconfig`: of an administrator with a token, as YAML. `compact` makes the server forget every earlier state. */
  constructor(kubeconfig: string, compact: () => void | Promise<void> = () => {}) {
    this.#compact = compact;
    const { clusters, users }: Config = parse(kubeconfig);
    const cluster = clusters[0]?.cluster ?? {};
    this.#url = cluster['server'] ?? '';
    this.#token = users[0]?.user.token;
    const ca = Buffer.from(cluster['certificate-authority-data'] ?? '', 'base64').toString('utf8');
    this.#agent = new Agent({ connect: { ca }, connections: 128, allowH2: false });
  }

  async send(what: Request): Promise<Answer> {
    const answer = await this.#request(what);
    const text = await answer.body.text();
    const headers = flat(answer.headers);
    const body = headers['content-type']?.startsWith('application/json') ? parsed(text) : text;
    return { status: answer.statusCode, headers, body };
  }

  async watch(path: string, headers: Request['headers']): Promise<OpenWatch> {
    const stop = new AbortController();
    const what = { method: 'GET', path, ...(headers === undefined ? {} : { headers }) };
    const answer = await this.#request(what, stop.signal);
    const lines: unknown[] = [];
    let ended = false;
    let wake = (): void => {};
    const reading = (async () => {
      let rest = '';
      try {
        for await (const chunk of answer.body) {
          rest += String(chunk);
          for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
            const line = parsed(rest.slice(0, end));
            if (!isPeriodicBookmark(line)) lines.push(line);
            rest = rest.slice(end + 1);
          }
          wake();
        }
      } catch (error) {
        if (!stop.signal.aborted) lines.push(`broken: ${String(error)}`);
      }
      if (rest !== '') lines.push(parsed(rest));
      ended = true;
      wake();
    })();
    return {
      answer: { status: answer.statusCode, headers: flat(answer.headers) },
      async take(events, waitMs) {
        const deadline = Date.now() + waitMs;
        while (!ended && (events === 'all' || lines.length < events) && Date.now() < deadline) {
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, deadline - Date.now());
            wake = () => {
              clearTimeout(timer);
              resolve();
            };
          });
        }
        return lines.splice(0, events === 'all' ? lines.length : events);
      },
      async close() {
        stop.abort();
        await reading;
      },
    };
  }

  /** Makes the server forget every earlier state. */
  async compact(): Promise<void> {
    await this.#compact();
  }

  #request({ method, path, body, headers, token }: Request, signal?: AbortSignal) {
    const bearer = token === undefined ? this.#token : token;
    return request(`${this.#url}${path}`, {
      method: method as 'GET',
      dispatcher: this.#agent,
      headersTimeout: 60_000,
      bodyTimeout: 30_000,
      headers: {
        accept: 'application/json',
        'user-agent': 'conformance/1',
        ...(typeof bearer === 'string' ? { authorization: `Bearer ${bearer}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}

/** A bookmark that comes with time, not with an event. */
function isPeriodicBookmark(line: unknown): boolean {
  return isRecord(line) && line['type'] === 'BOOKMARK' && at(line, 'object.metadata.annotations') === undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]));
}
