import { accessDenied, allowed } from './access.ts';
import { type Answer, pageNotFound, textAnswer } from './answer.ts';
import type { Ground, User } from './call.ts';
import { discover } from './discovery.ts';
import { openApi } from './openapi.ts';
import { methodNotAllowed, notAcceptable, notFound, onlyAccepted, unknownResource } from './status.ts';

/** A request for a path outside the resource API. */
interface PathRequest {
  readonly user: User;
  readonly method: string;
  readonly path: string;
  readonly accept: string | undefined;
}

const build = {
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: 'go1.24',
  compiler: 'gc',
  platform: 'linux/amd64',
};

function versionOf(gitVersion: string): object {
  const [, major = '1', minor = ''] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  // Servers tell since 1.33 which version they behave as.
  const emulation = {
    emulationMajor: major,
    emulationMinor: minor,
    minCompatibilityMajor: major,
    minCompatibilityMinor: String(Number(minor) - 1),
  };
  return { major, minor, ...(Number(minor) >= 33 ? emulation : {}), gitVersion, ...build };
}

const health = /^\/(?:readyz|livez|healthz)(?:\/ping)?$/;

/** Answers health checks, `/version`, what is served of OpenAPI, and discovery. @throws StatusError 403 */
export function answerPath(ground: Ground, gitVersion: string, { user, method, path, accept }: PathRequest): Answer {
  const wish = { verb: method.toLowerCase(), path };
  if (!allowed(ground.store, user, wish)) throw accessDenied(user, wish);
  if (health.test(path)) return textAnswer(200, 'ok');
  if (path === '/version' || path === '/version/') {
    if (method !== 'GET') throw methodNotAllowed();
    return { code: 200, body: JSON.stringify(versionOf(gitVersion)) };
  }
  const document = openApi(ground.registry, { path, accept }, gitVersion);
  if (document !== undefined) {
    if (method !== 'GET') throw methodNotAllowed();
    return document;
  }
  const found = discover(ground.registry, path, accept);
  if (found === undefined) return nothingAt(ground, path);
  // The list of groups is answered by a part of the real server that looks at no method.
  if (method !== 'GET' && path !== '/apis') throw methodNotAllowed();
  if (!found.negotiated) checkPlain(accept);
  return { code: 200, body: JSON.stringify(found.body), contentType: found.contentType };
}

/** Refuses a document in its plain form to whoever takes none. @throws StatusError 406 */
function checkPlain(accept = '*/*'): void {
  const clauses = accept
    .split(',')
    .filter((clause) => /^\s*(?:|\*\/\*|application\/(?:\*|json|yaml))\s*(?:;|$)/.test(clause));
  if (clauses.length === 0) throw notAcceptable();
  // What is asked for (`as`) is not there; the type as such is.
  if (clauses.every((clause) => /;\s*as=/.test(clause))) throw onlyAccepted();
}

/** Groups of Kubernetes itself answer with a Status, those of definitions with the object that the path begins with. */
function nothingAt({ registry }: Ground, path: string): Answer {
  const [root, first = '', second = '', ...rest] = path.split('/').filter((part) => part !== '');
  const [group, version] = root === 'api' ? ['', first] : [first, second];
  const builtin = registry.all().some((type) => !type.custom && type.group === group);
  if ((root === 'api' || (root === 'apis' && second !== '')) && builtin) throw unknownResource();
  const [, , plural = '', name] = rest;
  const type = root === 'apis' ? registry.find(group, version, plural) : undefined;
  if (type !== undefined && name !== undefined) throw notFound(type, name);
  return pageNotFound;
}
