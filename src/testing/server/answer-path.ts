import { accessDenied, allowed } from './access.ts';
import { type Answer, pageNotFound, textAnswer } from './answer.ts';
import type { Ground, User } from './call.ts';
import { discover } from './discovery.ts';

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

const health = /^\/(?:readyz|livez|healthz)(?:\/ping)?$/;

/** Answers health checks, `/version` and discovery. @throws StatusError 403 */
export function answerPath(ground: Ground, gitVersion: string, { user, method, path, accept }: PathRequest): Answer {
  const wish = { verb: method.toLowerCase(), path };
  if (!allowed(ground.store, user, wish)) throw accessDenied(user, wish);
  if (health.test(path)) return textAnswer(200, 'ok');
  if (path === '/version' || path === '/version/') {
    const [, major = '1', minor = ''] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
    return {
      code: 200,
      body: JSON.stringify({ major, minor, gitVersion, ...build }),
    };
  }
  const found = discover(ground.registry, path, accept);
  if (found === undefined) return pageNotFound;
  return { code: 200, body: JSON.stringify(found.body), contentType: found.contentType };
}
