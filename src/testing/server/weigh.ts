import type { Clock } from '../clock.ts';
import { accessDenied, allowed } from './access.ts';
import type { Answer } from './answer.ts';
import type { Ground, User } from './call.ts';
import { refusal } from './faults/refuse.ts';
import { type InterceptedRequest, type Interceptor, judge, type Verdict } from './intercept.ts';
import type { Route } from './route.ts';
import { qualified } from './status.ts';

/** Who decides about requests, by which clock, and until when. */
interface Scales {
  readonly ground: Ground;
  readonly interceptors: Iterable<Interceptor>;
  readonly clock: Clock;
  /** Ends what waits. */
  readonly life: AbortSignal;
}

/** A request, as far as faults and rights look at it. */
interface Asked {
  /** Its namespace is the one that rights are asked about. */
  readonly route: Route;
  readonly verb: string;
  /** The one name that it is about, however that is said. */
  readonly name: string;
  readonly user: User;
  readonly manager: string;
}

/** What is settled already, or the fault that is still to be played. */
type Weighed =
  | { readonly reply: Answer | 'dropped' }
  | { readonly reply?: never; readonly fault: Verdict['fault']; readonly request: InterceptedRequest };

/** Lets faults and then rights decide about a request. @throws StatusError 403 */
export async function weigh({ ground, interceptors, clock, life }: Scales, asked: Asked): Promise<Weighed> {
  const { route, verb, user, manager } = asked;
  const { namespace, name, subresource } = route;
  const request = { verb, resource: qualified(route), subresource, name, namespace, user: user.name, manager };
  const { delayMs, fault } = judge(interceptors, request);
  if (delayMs > 0) await clock.aside(clock.sleep(delayMs, life));
  if (fault === 'reset-before') return { reply: 'dropped' };
  if (typeof fault === 'object' && 'status' in fault) return { reply: refusal(fault, request) };
  if (allowed(ground.store, user, { ...route, verb, name: asked.name })) return { fault, request };
  const denied = accessDenied(user, { ...route, verb });
  if (!isRead(verb)) ground.scribe.refused({ ...route, type: route, user, manager, at: ground.now() }, verb, denied);
  throw denied;
}

function isRead(verb: string): boolean {
  return verb === 'get' || verb === 'list' || verb === 'watch';
}
