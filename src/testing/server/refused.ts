import type { Answer } from './answer.ts';
import type { User } from './call.ts';
import { textOf } from './chunk.ts';
import type { Scribe } from './history.ts';
import { recordAt, text } from './object.ts';
import { type Route, writeVerbs } from './route.ts';
import { StatusError } from './status.ts';

/** A request for the resource API, as far as it is known before anybody looked at it. */
interface Attempt {
  readonly route: Route;
  readonly method: string;
  readonly query: URLSearchParams;
  readonly user: User;
  readonly manager: string;
  readonly at: number;
}

/** Has `scribe` tell that a write was refused; nothing of reads and dry runs. */
export function tellRefusal(scribe: Scribe, { route, method, query, ...by }: Attempt, refusal: StatusError): void {
  const verb = method === 'DELETE' && route.name === '' ? 'deletecollection' : writeVerbs[method];
  if (verb !== undefined && !query.getAll('dryRun').includes('All')) {
    scribe.refused({ ...route, ...by, type: route }, verb, refusal);
  }
}

/** The refusal that an answer is; `undefined` for every other answer. */
export function refusalIn({ code, body, contentType }: Answer): StatusError | undefined {
  if (code < 400) return undefined;
  const said = contentType === undefined ? recordAt(JSON.parse(textOf(body))) : {};
  return new StatusError(code, text(said['reason']) ?? '', text(said['message']) ?? '');
}
