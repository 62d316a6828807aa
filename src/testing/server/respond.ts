import { setTimeout as delay } from 'node:timers/promises';
import { accessDenied, allowed } from './access.ts';
import { type Answer, pageNotFound, statusAnswer } from './answer.ts';
import { answerPath } from './answer-path.ts';
import { answerWatch } from './answer-watch.ts';
import { type Authenticator, anonymous } from './authentication.ts';
import type { Call, Ground, User } from './call.ts';
import type { Handler, Incoming, Outgoing } from './exchange.ts';
import type { Fault, FaultRule } from './intercept.ts';
import { type Form, formOf, listJson, objectJson } from './present.ts';
import { type Route, routeOf, verbOf } from './route.ts';
import {
  badRequest,
  internalError,
  notAcceptable,
  qualified,
  StatusError,
  unknownResource,
  unsupportedMediaType,
} from './status.ts';
import { type Body, checkVerb, type Outcome, perform } from './verbs.ts';

/** What answering needs. */
export interface Front {
  readonly ground: Ground;
  readonly authenticator: Authenticator;
  readonly gitVersion: string;
  readonly rules: ReadonlySet<FaultRule>;
  /** Parts of the address space that somebody else answers, once it is known who asks. */
  readonly mounts: readonly Mount[];
  /** How often a watch that allows bookmarks gets one. */
  readonly bookmarkEveryMs: number;
}

/** Whoever answers all requests whose path begins with `prefix`. */
export interface Mount {
  readonly prefix: string;
  readonly handle: Handler;
}

/** `dropped`: the connection is broken on purpose. `streaming`: somebody else answers. */
type Reply = Answer | 'dropped' | 'streaming';

/** Answers one request. Never rejects. */
export async function respond(front: Front, incoming: Incoming, outgoing: Outgoing): Promise<void> {
  let reply: Reply;
  try {
    reply = await replyTo(front, incoming, outgoing);
  } catch (error) {
    const failure =
      error instanceof StatusError ? error : internalError(error instanceof Error ? error.message : 'unknown');
    reply = statusAnswer(failure.status);
  }
  if (reply === 'streaming') return;
  if (reply === 'dropped') outgoing.reset();
  else send(outgoing, reply);
}

function send(outgoing: Outgoing, { code, body, contentType = 'application/json', headers }: Answer): void {
  outgoing.start(code, {
    'content-type': contentType,
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-cache, private',
    ...headers,
  });
  outgoing.write(body);
  outgoing.end();
}

async function replyTo(front: Front, incoming: Incoming, outgoing: Outgoing): Promise<Reply> {
  const { ground, gitVersion } = front;
  const { method, url, headers } = incoming;
  const { pathname: path, searchParams: query } = new URL(url, 'https://localhost');
  const user = userOf(front.authenticator, incoming);
  const mounted = front.mounts.find(({ prefix }) => path.startsWith(prefix));
  if (mounted !== undefined) {
    await mounted.handle(incoming, outgoing);
    return 'streaming';
  }
  const route = routeOf(path);
  if (route === undefined) return answerPath(ground, gitVersion, { user, method, path, accept: headers.accept });

  const verb = verbOf(method, route, query);
  const wish = { ...route, namespace: rightsNamespace(route), verb: verb ?? method.toLowerCase() };
  const fault = faultOf(front.rules, wish, user);
  if (fault === 'reset-before') return 'dropped';
  if (typeof fault === 'object' && 'delayMs' in fault) await delay(fault.delayMs);
  if (typeof fault === 'object' && 'status' in fault) {
    const { status, body, headers: more = {} } = fault;
    return { code: status, body: JSON.stringify(body), headers: more };
  }
  if (!allowed(ground.store, user, wish)) throw accessDenied(user, wish);
  const type = ground.registry.find(route.group, route.version, route.plural);
  if (type === undefined) {
    // Groups of definitions are served by another part of the real server, which answers in plain text.
    if (ground.registry.isBuiltin(route.group, route.version)) throw unknownResource();
    return pageNotFound;
  }
  if (type.custom && !type.namespaced && route.namespace !== undefined) return pageNotFound;
  const form = formOf(headers.accept ?? '*/*');
  if (form === undefined) throw notAcceptable();
  const { namespace, name, subresource } = route;
  const dryRun = query.getAll('dryRun').includes('All');
  const call: Call = {
    user,
    type,
    namespace,
    name,
    subresource,
    query,
    manager: managerOf(headers['user-agent'], query),
    dryRun,
  };
  checkVerb(call, verb);
  if (verb === 'watch') {
    answerWatch(ground.store, outgoing, call, form, front.bookmarkEveryMs);
    return 'streaming';
  }
  const outcome = await perform(ground, call, verb, await bodyOf(incoming, call));
  return fault === 'reset-after' ? 'dropped' : answerOf(outcome, call, form);
}

function userOf(authenticator: Authenticator, incoming: Incoming): User {
  const { authorization } = incoming.headers;
  return authorization === undefined ? (incoming.certified() ?? anonymous) : authenticator.user(authorization);
}

function managerOf(agent: string | undefined, query: URLSearchParams): string {
  return query.get('fieldManager') || agent?.split('/')[0] || 'unknown';
}

/** A namespace itself counts as lying in itself: rights given inside it cover it. */
function rightsNamespace({ group, plural, namespace, name }: Route): string | undefined {
  return group === '' && plural === 'namespaces' && name !== '' ? name : namespace;
}

function faultOf(
  rules: ReadonlySet<FaultRule>,
  { verb, group, plural, subresource, name, namespace }: Route & { readonly verb: string },
  user: User,
): Fault | undefined {
  for (const rule of rules) {
    const fault = rule({ verb, resource: qualified({ group, plural }), subresource, name, namespace, user: user.name });
    if (fault !== undefined) return fault;
  }
  return undefined;
}

async function bodyOf(incoming: Incoming, { type: { kind } }: Call): Promise<Body> {
  const mediaType = (incoming.headers['content-type'] ?? 'application/json').split(';')[0]?.trim() ?? '';
  const source = incoming.method === 'GET' ? '' : await incoming.body();
  if (source === '') return { mediaType, content: undefined };
  if (incoming.method !== 'PATCH' && mediaType !== 'application/json') {
    throw unsupportedMediaType(['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']);
  }
  try {
    return { mediaType, content: JSON.parse(source) };
  } catch (error) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${error instanceof Error ? error.message : 'unknown'}`,
    );
  }
}

function answerOf(outcome: Outcome, { type }: Call, form: Form): Answer {
  switch (outcome.kind) {
    case 'object':
      return { code: outcome.code, body: objectJson(outcome.object, type, form) };
    case 'page':
      return { code: 200, body: listJson(outcome.page, type, form) };
    case 'status':
      return statusAnswer(outcome.status);
  }
}
