import { Buffer } from 'node:buffer';
import { posix } from 'node:path';
import { accessDenied } from '../server/access.ts';
import { type Answer, statusAnswer, textAnswer } from '../server/answer.ts';
import type { User } from '../server/call.ts';
import { textOf } from '../server/chunk.ts';
import type { Handler, Incoming, Outgoing } from '../server/exchange.ts';
import { StatusError } from '../server/status.ts';
import { encodedPath, type Target, targetOf } from '../server/target.ts';
import { authenticate } from './authentication.ts';
import type { GatewayContext } from './context.ts';
import { dispatch } from './dispatch.ts';
import { passOn } from './pass-on.ts';
import { internalAnswer, Refusal } from './refusal.ts';
import { type RequestInfo, requestInfoOf } from './request-info.ts';
import type { Router } from './routes.ts';

/** A request after what an API server's service proxy did to it was undone. */
interface Arrived extends Target {
  readonly authorization: string;
}

/** `undefined` where nobody can read where it goes. */
function arrived({ url, headers }: Incoming): Arrived | undefined {
  const target = targetOf(url);
  if (target === undefined) return undefined;
  const search = target.query.has('dryrun') ? target.search.replace('dryrun', 'dryRun') : target.search;
  const carried = headers['x-kubesphere-authorization'];
  const authorization = headers.authorization || String(carried ?? '');
  return { path: target.path, search, query: new URLSearchParams(search), authorization };
}

/**
 * Answers requests in the order of ks-apiserver's own handlers: who asks, for which cluster, whether they may, and then
 * the API server or a route.
 */
export function createFront(gateOf: () => Promise<GatewayContext>, router: Router): Handler {
  async function answer(incoming: Incoming, outgoing: Outgoing): Promise<Answer | undefined> {
    // First of all: what began in one run of ks-apiserver ends with it.
    const gate = await gateOf();
    const body = Buffer.from(await incoming.body('latin1'), 'latin1');
    const target = arrived(incoming);
    if (target === undefined) return textAnswer(400, '400 Bad Request');
    const { path, search, query, authorization } = target;
    const info = requestInfoOf(incoming.method, path, query);
    const user = await authenticate(gate, authorization);
    let local = path;
    if (info.cluster !== '' && (await gate.settings()).multicluster.enabled) {
      const incomingNow = { ...incoming, headers: { ...incoming.headers, authorization } };
      const done = await dispatch(gate, { cluster: info.cluster, path, search, body }, incomingNow, outgoing);
      if (done === 'passed on') return undefined;
      if ('answer' in done) return done.answer;
      local = done.local;
    }
    if (!isOpen(gate, info.path) && !(await gate.allowed(user, info))) return forbidden(user, info);
    if (!info.kubernetes) {
      const clean = posix.normalize(local);
      if (clean !== local) return movedTo(`${encodedPath(clean)}${search}`);
      const { method, headers } = incoming;
      return router(gate, { user, method, path: local, query, headers, body: body.toString() });
    }
    const without = ['x-kubesphere-authorization'];
    await passOn(gate.upstream, incoming, { path: `${encodedPath(local)}${search}`, without, body }, outgoing);
    return undefined;
  }

  return async (incoming, outgoing) => {
    let reply: Answer | undefined;
    try {
      reply = await answer(incoming, outgoing);
    } catch (error) {
      reply = failureAnswer(incoming.url, error);
    }
    if (reply === undefined) return;
    const { code, body, contentType = 'application/json', headers } = reply;
    outgoing.start(code, {
      'Content-Type': contentType,
      'Content-Length': String(Buffer.byteLength(textOf(body))),
      ...headers,
    });
    outgoing.write(body);
    outgoing.end();
  };
}

/** Behind the check of rights, Go's router sends whoever asks for dots or double slashes to the path that they mean. */
function movedTo(location: string): Answer {
  return { code: 301, body: '', contentType: 'text/html; charset=utf-8', headers: { Location: location } };
}

function failureAnswer(uri: string, error: unknown): Answer {
  if (error instanceof Refusal && error.status === 401)
    return statusAnswer(new StatusError(401, 'Unauthorized', error.message).status);
  return internalAnswer(uri, error instanceof Error ? error.message : String(error));
}

const openPaths = ['/oauth/', '/kapis/config.kubesphere.io/'];

/** Paths that need no right; under their plain address only, not under that of a cluster. */
function isOpen({ version }: GatewayContext, path: string): boolean {
  if (path === '/kapis/version' || path === '/kapis/metrics') return true;
  if (path === '/healthz') return version === '3.4';
  return openPaths.some((prefix) => path.startsWith(prefix));
}

function forbidden(user: User, info: RequestInfo): Answer {
  const { verb, path, group, resource, subresource, namespace, name } = info;
  const wish = info.resourceRequest
    ? {
        verb,
        group,
        plural: resource,
        subresource: subresource === '' ? undefined : subresource,
        namespace: namespace === '' ? undefined : namespace,
        name,
      }
    : { verb, path };
  return statusAnswer(accessDenied(user, wish).status);
}
