import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { accessDenied, allowed } from './access.ts';
import { type Authenticator, anonymous } from './authentication.ts';
import type { Call, Ground, User } from './call.ts';
import { discover } from './discovery.ts';
import type { Fault, FaultRule } from './intercept.ts';
import { formOf, listJson, objectJson, watchLine } from './present.ts';
import { type Route, routeOf, verbOf } from './route.ts';
import {
  badRequest,
  internalError,
  notAcceptable,
  qualified,
  type Status,
  StatusError,
  unsupportedMediaType,
} from './status.ts';
import { type Body, checkVerb, type Outcome, perform } from './verbs.ts';
import { watch } from './watch.ts';

/** What the HTTP side needs besides the {@link Ground}. */
export interface FrontOptions {
  readonly ground: Ground;
  readonly authenticator: Authenticator;
  readonly gitVersion: string;
  readonly rules: ReadonlySet<FaultRule>;
  /** How often a watch that allows bookmarks gets one. */
  readonly bookmarkEveryMs: number;
}

const healthPaths = new Set(['/readyz', '/livez', '/healthz', '/readyz/ping', '/livez/ping', '/healthz/ping']);

/** Answers one HTTP request. Never rejects. */
export async function answer(options: FrontOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const url = new URL(request.url ?? '/', 'https://localhost');
    const user = userOf(options.authenticator, request);
    const route = routeOf(url.pathname);
    if (route === undefined) answerPath(options, request, response, url, user);
    else await answerResource(options, request, response, { url, user, route });
  } catch (error) {
    if (response.destroyed) return;
    const { status } =
      error instanceof StatusError ? error : internalError(error instanceof Error ? error.message : 'unknown');
    if (response.headersSent) response.destroy();
    else sendStatus(response, status);
  }
}

function userOf(authenticator: Authenticator, { headers, socket }: IncomingMessage): User {
  if (headers.authorization === undefined && socket instanceof TLSSocket && socket.authorized) {
    const { subject } = socket.getPeerCertificate();
    const groups = subject?.O === undefined ? [] : [subject.O].flat();
    if (subject?.CN !== undefined)
      return { name: [subject.CN].flat()[0] ?? '', groups: [...groups, 'system:authenticated'] };
  }
  return headers.authorization === undefined ? anonymous : authenticator.user(headers.authorization);
}

function send(response: ServerResponse, code: number, body: string, contentType = 'application/json'): void {
  response.writeHead(code, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-cache, private',
  });
  response.end(body);
}

function sendStatus(response: ServerResponse, status: Status): void {
  const wait = status.details?.retryAfterSeconds;
  if (wait !== undefined) response.setHeader('Retry-After', String(wait));
  send(response, status.code ?? 200, JSON.stringify(status));
}

function answerPath(
  { ground, gitVersion }: FrontOptions,
  request: IncomingMessage,
  response: ServerResponse,
  { pathname }: URL,
  user: User,
): void {
  const verb = (request.method ?? 'GET').toLowerCase();
  if (!allowed(ground.store, user, { verb, path: pathname })) throw accessDenied(user, { verb, path: pathname });
  if (healthPaths.has(pathname)) return send(response, 200, 'ok', 'text/plain; charset=utf-8');
  if (pathname === '/version') {
    const [, major = '1', minor = ''] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
    return send(
      response,
      200,
      JSON.stringify({ major, minor, gitVersion, gitTreeState: 'clean', platform: 'linux/amd64' }),
    );
  }
  const found = discover(ground.registry, pathname, request.headers.accept);
  if (found === undefined) return send(response, 404, '404 page not found\n', 'text/plain; charset=utf-8');
  send(response, 200, JSON.stringify(found.body), found.contentType);
}

interface Arrived {
  readonly url: URL;
  readonly user: User;
  readonly route: Route;
}

async function answerResource(
  options: FrontOptions,
  request: IncomingMessage,
  response: ServerResponse,
  { url, user, route }: Arrived,
): Promise<void> {
  const { ground } = options;
  const verb = verbOf(request.method ?? 'GET', route, url.searchParams);
  const wish = { ...route, namespace: rightsNamespace(route), verb: verb ?? (request.method ?? '').toLowerCase() };
  const fault = faultOf(options.rules, wish, user);
  if (fault === 'reset-before') return void request.socket.destroy();
  if (typeof fault === 'object' && 'delayMs' in fault) await delay(fault.delayMs);
  if (typeof fault === 'object' && 'status' in fault) {
    for (const [header, value] of Object.entries(fault.headers ?? {})) response.setHeader(header, value);
    return send(response, fault.status, JSON.stringify(fault.body));
  }
  const bytes = await read(request);
  if (!allowed(ground.store, user, wish)) throw accessDenied(user, wish);
  const type = ground.registry.find(route.group, route.version, route.plural);
  if (type === undefined) return send(response, 404, '404 page not found\n', 'text/plain; charset=utf-8');
  const form = formOf(request.headers.accept ?? '*/*');
  if (form === undefined) throw notAcceptable();
  const call: Call = {
    user,
    type,
    namespace: route.namespace,
    name: route.name,
    subresource: route.subresource,
    query: url.searchParams,
    manager:
      url.searchParams.get('fieldManager') || (request.headers['user-agent'] ?? 'unknown').split('/')[0] || 'unknown',
    dryRun: url.searchParams.getAll('dryRun').includes('All'),
  };
  checkVerb(call, verb);
  if (verb === 'watch') return answerWatch(options, response, call, form);
  const outcome = await perform(ground, call, verb, bodyOf(request, bytes));
  if (fault === 'reset-after') return void request.socket.destroy();
  sendOutcome(response, outcome, call, form);
}

/** A namespace itself counts as lying in itself: rights given inside it cover it. */
function rightsNamespace({ group, plural, namespace, name }: Route): string | undefined {
  return group === '' && plural === 'namespaces' && name !== '' ? name : namespace;
}

function faultOf(
  rules: ReadonlySet<FaultRule>,
  wish: Route & { readonly verb: string },
  user: User,
): Fault | undefined {
  if (rules.size === 0) return undefined;
  const { verb, subresource, name, namespace } = wish;
  const resource = qualified({ group: wish.group, plural: wish.plural });
  for (const rule of rules) {
    const fault = rule({ verb, resource, subresource, name, namespace, user: user.name });
    if (fault !== undefined) return fault;
  }
  return undefined;
}

async function read(request: IncomingMessage): Promise<string> {
  if (request.method === 'GET') return '';
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function bodyOf(request: IncomingMessage, source: string): Body {
  const mediaType = (request.headers['content-type'] ?? 'application/json').split(';')[0]?.trim() ?? '';
  if (source === '') return { mediaType, content: undefined };
  if (request.method !== 'PATCH' && mediaType !== 'application/json') {
    // KubeSphere's hazard H20: a delete whose options come as another type is a delete without options.
    if (request.method === 'DELETE') return { mediaType, content: undefined };
    throw unsupportedMediaType(['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']);
  }
  try {
    return { mediaType, content: JSON.parse(source) };
  } catch (error) {
    throw badRequest(
      `couldn't get version/kind; json parse error: ${error instanceof Error ? error.message : 'unknown'}`,
    );
  }
}

function sendOutcome(response: ServerResponse, outcome: Outcome, { type }: Call, form: 'full' | 'metadata'): void {
  switch (outcome.kind) {
    case 'object':
      return send(response, outcome.code, objectJson(outcome.object, type, form));
    case 'page':
      return send(response, 200, listJson(outcome.page, type, form));
    case 'status':
      return sendStatus(response, outcome.status);
  }
}

function answerWatch(
  { ground, bookmarkEveryMs }: FrontOptions,
  response: ServerResponse,
  call: Call,
  form: 'full' | 'metadata',
): void {
  const { type, query, name } = call;
  if (name !== '') query.append('fieldSelector', `metadata.name=${name}`);
  const bookmarks = query.get('allowWatchBookmarks') === 'true';
  const seconds = Number(query.get('timeoutSeconds')) || 1800 + Math.random() * 1800;
  const timers: NodeJS.Timeout[] = [];
  let ended = false;
  const waiting: string[] = [];
  const running = watch(ground.store, type, call.namespace, query, (message) => {
    if (ended) return;
    const line = watchLine(message, type, form);
    if (response.headersSent) response.write(line);
    else waiting.push(line);
    if (message.type === 'ERROR') ended = true;
  });
  const end = (): void => {
    for (const timer of timers) clearTimeout(timer);
    running.stop();
    if (!response.writableEnded) response.end();
  };
  response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, private' });
  response.flushHeaders();
  if (waiting.length > 0) response.write(waiting.join(''));
  if (ended) return end();
  response.on('close', end);
  if (bookmarks) {
    const bookmark = (): void => {
      response.write(
        watchLine({ type: 'BOOKMARK', revision: ground.store.revision, initialEventsEnd: false }, type, form),
      );
    };
    timers.push(setInterval(bookmark, bookmarkEveryMs));
  }
  timers.push(setTimeout(end, seconds * 1000));
}
