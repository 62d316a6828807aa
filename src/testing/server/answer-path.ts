import { accessDenied, allowed } from './access.ts';
import { type Answer, pageNotFound, textAnswer } from './answer.ts';
import type { Ground, User } from './call.ts';
import { discover } from './discovery.ts';

/** A request for a path outside the resource API. */
export interface PathRequest {
  readonly user: User;
  readonly method: string;
  readonly path: string;
  readonly accept: string | undefined;
}

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
      body: JSON.stringify({ major, minor, gitVersion, gitTreeState: 'clean', platform: 'linux/amd64' }),
    };
  }
  const found = discover(ground.registry, path, accept);
  if (found === undefined) return pageNotFound;
  return { code: 200, body: JSON.stringify(found.body), contentType: found.contentType };
}
