import type { Clock } from '../clock.ts';
import { act, boundTo } from './act.ts';
import { type Answer, inYaml, pageNotFound, statusAnswer, textAnswer } from './answer.ts';
import { answerPath } from './answer-path.ts';
import { answerWatch } from './answer-watch.ts';
import { type Authenticator, anonymous } from './authentication.ts';
import type { Bookmarks } from './bookmarks.ts';
import type { Call, Ground, User } from './call.ts';
import { textOf } from './chunk.ts';
import type { Body } from './content/content.ts';
import { protobufType } from './content/protobuf.ts';
import type { Incoming, Outgoing } from './exchange.ts';
import { forgetful, truncated } from './faults/outgoing.ts';
import { refusal } from './faults/refuse.ts';
import { performStale } from './faults/stale.ts';
import { impersonated } from './impersonation.ts';
import type { InterceptedRequest, Interceptor, Verdict } from './intercept.ts';
import { askedOf, type Mount, unheard, whole } from './mounted.ts';
import { checkForm, type Form, formOf, listChunk, objectChunk } from './present.ts';
import { refusalIn, tellRefusal } from './refused.ts';
import { type Route, routeOf, selectedName, verbOf } from './route.ts';
import { internalError, notAcceptable, onlyAccepted, StatusError, unknownResource } from './status.ts';
import { targetOf } from './target.ts';
import { checkVerb, type Outcome } from './verbs.ts';
import { weigh } from './weigh.ts';

/** What answering needs. */
export interface Front {
  readonly ground: Ground;
  readonly authenticator: Authenticator;
  readonly gitVersion: string;
  readonly interceptors: ReadonlySet<Interceptor>;
  /** Watches that are open now. */
  readonly watches: Set<OpenWatch>;
  /** Parts of the address space that somebody else answers, once it is known who asks. */
  readonly mounts: readonly Mount[];
  readonly clock: Clock;
  readonly bookmarks: Bookmarks;
  /** Aborted when the server is closed. */
  readonly life: AbortSignal;
  /** Does something in so many milliseconds of real clusters, unless the server is closed by then. */
  later(ms: number, work: () => void): void;
}

/** A watch that its client listens to. */
export interface OpenWatch {
  readonly request: InterceptedRequest;
  /** Ends it the way a server does now and then: the client comes back. */
  end(): void;
}

/** `dropped`: the connection is broken on purpose. `streaming`: somebody else answers. */
type Reply = Answer | 'dropped' | 'streaming';

/** Answers one request. Never rejects. */
export async function respond(front: Front, incoming: Incoming, outgoing: Outgoing): Promise<void> {
  let reply: Reply;
  const warnings: string[] = [];
  try {
    reply = await replyTo(front, incoming, outgoing, warnings);
  } catch (error) {
    const failure =
      error instanceof StatusError ? error : internalError(error instanceof Error ? error.message : 'unknown');
    reply = warned(statusAnswer(failure.status), warnings);
  }
  if (reply === 'streaming') return;
  if (reply === 'dropped') {
    outgoing.reset();
    return;
  }
  try {
    send(outgoing, inYaml(reply, incoming.headers.accept));
  } catch {
    // Begun already, or a fault told to answer what no answer can be: all that is left to say.
    outgoing.reset();
  }
}

function send(outgoing: Outgoing, { code, body, contentType = 'application/json', headers }: Answer): void {
  const common = { 'content-type': contentType, 'cache-control': 'no-cache, private', ...headers };
  if (outgoing.near === true) {
    outgoing.start(code, common);
    outgoing.write(body);
  } else {
    const text = textOf(body);
    outgoing.start(code, { ...common, 'content-length': String(Buffer.byteLength(text)) });
    outgoing.write(text);
  }
  outgoing.end();
}

/** What the client is to be told besides is added to `warnings`. */
async function replyTo(front: Front, incoming: Incoming, outgoing: Outgoing, warnings: string[]): Promise<Reply> {
  const { method, url, headers } = incoming;
  const target = targetOf(url);
  if (target === undefined) return textAnswer(400, '400 Bad Request');
  const { path, query } = target;
  const mounted = front.mounts.find(({ prefix }) => path.startsWith(prefix));
  const route = mounted === undefined ? routeOf(path) : askedOf(mounted, method).route;
  const manager = managerOf(headers['user-agent'], query);
  let user = nobody;
  const tell = (refusal: StatusError | undefined): void => {
    if (route === undefined || refusal === undefined) return;
    const { scribe, now } = front.ground;
    tellRefusal(scribe, { route, method, query, user, manager, at: now() }, refusal);
  };
  try {
    user = impersonated(front.ground.store, userOf(front.authenticator, incoming), headers);
    if (route === undefined) {
      return answerPath(front.ground, front.gitVersion, { user, method, path, accept: headers.accept });
    }
    const reply =
      mounted === undefined
        ? await answer(front, { route, query, user, manager, warnings }, incoming, outgoing)
        : await passOn(front, mounted, { user, manager }, incoming, outgoing);
    if (typeof reply === 'object') tell(refusalIn(reply));
    return reply;
  } catch (error) {
    if (error instanceof StatusError) tell(error);
    throw error;
  }
}

/** Whoever shows credentials that are nobody's. */
const nobody: User = { name: '', groups: [] };

/** A request for the resource API, and what its client is told besides. */
interface Request {
  readonly route: Route;
  readonly query: URLSearchParams;
  readonly user: User;
  readonly manager: string;
  readonly warnings: string[];
}

async function answer(
  front: Front,
  { route, query, user, manager, warnings }: Request,
  incoming: Incoming,
  outgoing: Outgoing,
): Promise<Reply> {
  const ground = boundTo(front.ground);
  const { method, headers } = incoming;
  const verb = verbOf(method, route, query);
  const asked = { ...route, namespace: rightsNamespace(route) };
  const wish = verb ?? method.toLowerCase();
  // Whoever lists the one object of a name needs no more rights than for that object.
  const isSelection = route.name === '' && ['list', 'watch', 'deletecollection'].includes(wish);
  const selected = isSelection ? selectedName(query) : route.name;
  const weighed = await weigh({ ...front, ground }, { route: asked, verb: wish, name: selected, user, manager });
  if (weighed.reply !== undefined) return weighed.reply;
  const { fault, request } = weighed;
  const type = ground.registry.find(route.group, route.version, route.plural);
  if (type === undefined) {
    // Groups of definitions are served by another part of the real server, which answers in plain text.
    if (ground.registry.isBuiltin(route.group, route.version)) throw unknownResource();
    return pageNotFound;
  }
  if (type.custom && isMisplaced(type.namespaced, route, verb)) return pageNotFound;
  const form = formOf(headers.accept ?? '*/*');
  if (form === undefined) throw type.custom ? onlyAccepted() : notAcceptable();
  if (form === 'unknown') throw onlyAccepted();
  const { namespace, name, subresource } = route;
  const dryRun = query.getAll('dryRun').includes('All');
  const call: Call = {
    user,
    type,
    namespace,
    name,
    subresource,
    query,
    manager,
    dryRun,
    warn: (text) => void warnings.push(text),
    at: ground.now(),
  };
  checkVerb(call, verb, method);
  const late = typeof fault === 'object' && 'lateMs' in fault ? fault : undefined;
  if (verb === 'watch') {
    // Nothing of a watch could take effect later.
    if (late !== undefined) return unanswered(late.answer, request, outgoing);
    const way = faulty(fault, outgoing, verb);
    answerWatch(ground.store, way, call, form, front.bookmarks);
    const open: OpenWatch = { request, end: () => way.end() };
    front.watches.add(open);
    way.onClose(() => front.watches.delete(open));
    if (fault === 'reset-after') way.reset();
    return 'streaming';
  }
  const body = await bodyOf(incoming);
  const does = (): Promise<Outcome> => front.clock.during(act(ground, call, verb, body));
  if (late !== undefined) {
    // Whether it still can take effect then is between it and the state it meets.
    front.later(late.lateMs, () => void does().catch(() => {}));
    return unanswered(late.answer, request, outgoing);
  }
  const stale = typeof fault === 'object' && 'staleBy' in fault && (verb === 'get' || verb === 'list');
  const made = answerOf(stale ? await performStale(ground, call, verb, fault.staleBy) : await does(), call, form);
  if (fault === 'reset-after') return 'dropped';
  send(faulty(fault, outgoing, verb), inYaml(warned(made, warnings), headers.accept));
  return 'streaming';
}

/** Whatever is asked of somebody else is asked of this server first, as a subresource. */
async function passOn(
  front: Front,
  mount: Mount,
  who: { readonly user: User; readonly manager: string },
  incoming: Incoming,
  outgoing: Outgoing,
): Promise<Reply> {
  const asked = askedOf(mount, incoming.method);
  const weighed = await weigh(front, { ...asked, name: asked.route.name, ...who });
  if (weighed.reply !== undefined) return weighed.reply;
  const { fault, request } = weighed;
  if (typeof fault === 'object' && 'lateMs' in fault) {
    const kept = await whole(incoming);
    front.later(fault.lateMs, () => void mount.handle(kept, unheard()));
    return unanswered(fault.answer, request, outgoing);
  }
  if (fault === 'reset-after') {
    await mount.handle(incoming, unheard());
    return 'dropped';
  }
  await mount.handle(incoming, faulty(fault, outgoing, asked.verb));
  return 'streaming';
}

/** What a client hears of a request that takes effect later: it is no refusal. */
function unanswered(how: 'lost' | 'timeout' | undefined, request: InterceptedRequest, outgoing: Outgoing): Reply {
  if (how !== 'timeout') return 'dropped';
  send(outgoing, refusal({ status: 504 }, request));
  return 'streaming';
}

function faulty(fault: Verdict['fault'], outgoing: Outgoing, verb: string | undefined): Outgoing {
  if (typeof fault !== 'object') return outgoing;
  if ('truncateAt' in fault) return truncated(outgoing, fault.truncateAt);
  return 'dropEvents' in fault && verb === 'watch' ? forgetful(outgoing, fault.dropEvents) : outgoing;
}

function userOf(authenticator: Authenticator, incoming: Incoming): User {
  const { authorization } = incoming.headers;
  return authorization === undefined ? (incoming.certified() ?? anonymous) : authenticator.user(authorization);
}

function managerOf(agent: string | undefined, query: URLSearchParams): string {
  return query.get('fieldManager') || agent?.split('/')[0] || 'unknown';
}

/** Whether a custom resource is looked for where it cannot be: the real server has no address for that. */
function isMisplaced(namespaced: boolean, { namespace }: Route, verb: string | undefined): boolean {
  if (!namespaced) return namespace !== undefined;
  return namespace === undefined && verb !== 'list' && verb !== 'watch';
}

/** A namespace itself counts as lying in itself: rights given inside it cover it. */
function rightsNamespace({ group, plural, namespace, name }: Route): string | undefined {
  return group === '' && plural === 'namespaces' && name !== '' ? name : namespace;
}

async function bodyOf(incoming: Incoming): Promise<Body> {
  const mediaType = (incoming.headers['content-type'] ?? 'application/json').split(';')[0]?.trim() ?? '';
  const text = incoming.method === 'GET' ? '' : await incoming.body(mediaType === protobufType ? 'latin1' : 'utf8');
  return { mediaType, text };
}

/** Repeats what the client is to be told as a header, in the form of RFC 7234. */
function warned(answer: Answer, warnings: readonly string[]): Answer {
  if (warnings.length === 0) return answer;
  const warning = [...new Set(warnings)].map((text) => `299 - ${JSON.stringify(text)}`).join(', ');
  return { ...answer, headers: { ...answer.headers, warning } };
}

function answerOf(outcome: Outcome, { type }: Call, form: Form): Answer {
  switch (outcome.kind) {
    case 'object':
      checkForm(form, type, false);
      return { code: outcome.code, body: objectChunk(outcome.object, type, form) };
    case 'page':
      checkForm(form, type, true);
      return { code: 200, body: listChunk(outcome.page, type, form) };
    case 'status':
      return statusAnswer(outcome.status);
  }
}
