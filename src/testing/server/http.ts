import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { accessDenied, allowed } from './access.ts';
import { type Answer, pageNotFound, statusAnswer } from './answer.ts';
import { answerPath } from './answer-path.ts';
import { answerWatch } from './answer-watch.ts';
import { type Authenticator, anonymous } from './authentication.ts';
import type { Call, Ground, User } from './call.ts';
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

/** What the HTTP side needs. */
interface Front {
  readonly ground: Ground;
  readonly authenticator: Authenticator;
  readonly gitVersion: string;
  readonly rules: ReadonlySet<FaultRule>;
  /** How often a watch that allows bookmarks gets one. */
  readonly bookmarkEveryMs: number;
}

/** `dropped`: the connection is broken on purpose. `streaming`: somebody else answers. */
type Reply = Answer | 'dropped' | 'streaming';

/** Answers one HTTP request. Never rejects. */
export async function respond(front: Front, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let reply: Reply;
  try {
    reply = await replyTo(front, request, response);
  } catch (error) {
    const failure =
      error instanceof StatusError ? error : internalError(error instanceof Error ? error.message : 'unknown');
    reply = statusAnswer(failure.status);
  }
  if (reply === 'streaming' || response.destroyed) return;
  if (reply === 'dropped') request.socket.destroy();
  else send(response, reply);
}

function send(response: ServerResponse, { code, body, contentType = 'application/json', headers }: Answer): void {
  response.writeHead(code, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-cache, private',
    ...headers,
  });
  response.end(body);
}

async function replyTo(front: Front, request: IncomingMessage, response: ServerResponse): Promise<Reply> {
  const { ground, gitVersion } = front;
  const method = request.method ?? 'GET';
  const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'https://localhost');
  const user = userOf(front.authenticator, request);
  const route = routeOf(path);
  if (route === undefined)
    return answerPath(ground, gitVersion, { user, method, path, accept: request.headers.accept });

  const verb = verbOf(method, route, query);
  const wish = { ...route, namespace: rightsNamespace(route), verb: verb ?? method.toLowerCase() };
  const fault = faultOf(front.rules, wish, user);
  if (fault === 'reset-before') return 'dropped';
  if (typeof fault === 'object' && 'delayMs' in fault) await delay(fault.delayMs);
  if (typeof fault === 'object' && 'status' in fault) {
    const { status, body, headers = {} } = fault;
    return { code: status, body: JSON.stringify(body), headers };
  }
  if (!allowed(ground.store, user, wish)) throw accessDenied(user, wish);
  const type = ground.registry.find(route.group, route.version, route.plural);
  if (type === undefined) {
    // Groups of definitions are served by another part of the real server, which answers in plain text.
    if (ground.registry.isBuiltin(route.group, route.version)) throw unknownResource();
    return pageNotFound;
  }
  if (type.custom && !type.namespaced && route.namespace !== undefined) return pageNotFound;
  const form = formOf(request.headers.accept ?? '*/*');
  if (form === undefined) throw notAcceptable();
  const { namespace, name, subresource } = route;
  const dryRun = query.getAll('dryRun').includes('All');
  const call: Call = { user, type, namespace, name, subresource, query, manager: managerOf(request, query), dryRun };
  checkVerb(call, verb);
  if (verb === 'watch') {
    answerWatch(ground.store, response, call, form, front.bookmarkEveryMs);
    return 'streaming';
  }
  const outcome = await perform(ground, call, verb, await bodyOf(request, call));
  return fault === 'reset-after' ? 'dropped' : answerOf(outcome, call, form);
}

/** Who a connection's client certificate names; asking for it anew at every request is what costs most in the server. */
const certified = new WeakMap<TLSSocket, User>();

function userOf(authenticator: Authenticator, { headers, socket }: IncomingMessage): User {
  if (headers.authorization !== undefined) return authenticator.user(headers.authorization);
  if (!(socket instanceof TLSSocket) || !socket.authorized) return anonymous;
  const user = certified.get(socket) ?? certifiedUser(socket);
  certified.set(socket, user);
  return user;
}

function certifiedUser(socket: TLSSocket): User {
  const { CN, O } = socket.getPeerCertificate().subject ?? {};
  const groups = O === undefined ? [] : [O].flat();
  return CN === undefined ? anonymous : { name: [CN].flat().join(), groups: [...groups, 'system:authenticated'] };
}

function managerOf(request: IncomingMessage, query: URLSearchParams): string {
  return query.get('fieldManager') || request.headers['user-agent']?.split('/')[0] || 'unknown';
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

async function bodyOf(request: IncomingMessage, { type: { kind } }: Call): Promise<Body> {
  const mediaType = (request.headers['content-type'] ?? 'application/json').split(';')[0]?.trim() ?? '';
  if (request.method === 'GET') return { mediaType, content: undefined };
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const source = Buffer.concat(chunks).toString('utf8');
  if (source === '') return { mediaType, content: undefined };
  if (request.method !== 'PATCH' && mediaType !== 'application/json') {
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
