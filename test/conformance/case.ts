/** One HTTP request of a case. In paths, headers, tokens and bodies `{id}` stands for the case's own name, `{ns}` for its namespace, `{2.metadata.uid}` for a field of the answer to its second step. */
export interface Request {
  readonly method: string;
  readonly path: string;
  /** Sent as JSON, a string as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bearer token; the administrator's where absent, none at all where `null`. */
  readonly token?: string | null;
}

/** What a case does, one after the other. */
export type Step =
  | ({ readonly do: 'request' } & Request)
  /** Preparation: only its status is compared. */
  | ({ readonly do: 'given' } & Request)
  /** Asks until the answer has `status` and, where `at` is given, `is` at that place (`undefined`: nothing); without `is` anything at all. */
  | ({ readonly do: 'until'; readonly status: number; readonly at?: string; readonly is?: unknown } & Request)
  /** Opens a watch; later steps go on while it runs. */
  | { readonly do: 'watch'; readonly as: string; readonly path: string; readonly headers?: Request['headers'] }
  /** Reads so many events of an open watch, or all there are until the server ends it. */
  | { readonly do: 'take'; readonly from: string; readonly events: number | 'all' }
  /** Makes the server forget every earlier state. For cases that are played alone. */
  | { readonly do: 'compact' }
  /** Waits until the garbage collector has seen everything that happened before. */
  | { readonly do: 'settle' };

/** Requests with an outcome that two servers are compared by. */
export interface Case {
  readonly topic: string;
  readonly name: string;
  readonly steps: readonly Step[];
  /** Played when nothing else is, because it looks at what all share. */
  readonly alone?: boolean;
  /** Whether it gets a namespace of its own first; true unless told otherwise. */
  readonly namespace?: boolean;
}

type CaseOptions = Pick<Case, 'alone' | 'namespace'>;

/** A case without the topic it belongs to. */
type Untopical = Omit<Case, 'topic'>;

/** Names one case. */
export function play(name: string, ...steps: readonly Step[]): Untopical {
  return { name, steps };
}

/** Cases about one topic. */
export function topic(name: string, cases: readonly Untopical[], options: CaseOptions = {}): readonly Case[] {
  return cases.map((one) => ({ ...options, ...one, topic: name }));
}

type Extra = Pick<Request, 'headers' | 'token'>;
const request = (method: string, path: string, body?: unknown, extra: Extra = {}): Step & { do: 'request' } => ({
  do: 'request',
  method,
  path,
  ...(body === undefined ? {} : { body }),
  ...extra,
});

export const get = (path: string, extra?: Extra) => request('GET', path, undefined, extra);
export const post = (path: string, body?: unknown, extra?: Extra) => request('POST', path, body, extra);
export const put = (path: string, body?: unknown, extra?: Extra) => request('PUT', path, body, extra);
export const del = (path: string, body?: unknown, extra?: Extra) => request('DELETE', path, body, extra);
export const send = request;

const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;

/** A PATCH of one of the three types that every API server knows. */
export function patch(type: keyof typeof patchTypes, path: string, body: unknown) {
  return request('PATCH', path, body, { headers: { 'content-type': patchTypes[type] } });
}

/** The same request as preparation: only its status is compared. */
export const given = (step: Step & { do: 'request' }): Step => ({ ...step, do: 'given' });

/** Repeats a GET until it answers `status`, with something at `at`, with `is` there. */
export function until(path: string, status: number, at?: string, is?: string): Step {
  return {
    do: 'until',
    method: 'GET',
    path,
    status,
    ...(at === undefined ? {} : { at }),
    ...(is === undefined ? {} : { is }),
  };
}

/** Repeats a GET until it answers 200 with nothing at `at`. */
export const untilWithout = (path: string, at: string): Step => ({
  do: 'until',
  method: 'GET',
  path,
  status: 200,
  at,
  is: undefined,
});

export const watch = (as: string, path: string, headers?: Request['headers']): Step => ({
  do: 'watch',
  as,
  path,
  ...(headers === undefined ? {} : { headers }),
});
export const take = (from: string, events: number | 'all'): Step => ({ do: 'take', from, events });
export const settle: Step = { do: 'settle' };
export const compact: Step = { do: 'compact' };
