import { type Answer, statusAnswer } from '../answer.ts';
import type { Fault, InterceptedRequest } from '../intercept.ts';
import { StatusError } from '../status.ts';

/** What real servers say with a status that has nothing to do with the request's content. */
const words: Readonly<Record<number, readonly [reason: string, message: string]>> = {
  401: ['Unauthorized', 'Unauthorized'],
  429: ['TooManyRequests', 'Too many requests, please try again later.'],
  500: ['InternalError', 'Internal error occurred: etcdserver: leader changed'],
  503: ['ServiceUnavailable', 'apiserver not ready'],
  504: ['Timeout', 'Timeout: request did not complete within the allotted timeout'],
};

/** The answer that stands in for the real one. */
export function refusal(
  { status, body, headers = {}, retryAfterSeconds }: Extract<Fault, { readonly status: number }>,
  request: InterceptedRequest,
): Answer {
  const wait = retryAfterSeconds ?? (status === 429 ? 1 : undefined);
  const more = { ...(wait === undefined ? {} : { 'Retry-After': String(wait) }), ...headers };
  if (body !== undefined) return { code: status, body: JSON.stringify(body), headers: more };
  const { resource, name } = request;
  const [reason, message] =
    status === 409
      ? [
          'Conflict',
          `Operation cannot be fulfilled on ${resource} ${JSON.stringify(name)}: the object has been modified; please apply your changes to the latest version and try again`,
        ]
      : (words[status] ?? ['', `the sandbox was told to answer ${status}`]);
  const details = {
    ...(status === 409 ? { name, kind: resource } : {}),
    ...(wait === undefined ? {} : { retryAfterSeconds: wait }),
  };
  const answer = statusAnswer(new StatusError(status, reason, message, details).status);
  return { ...answer, headers: { ...answer.headers, ...more } };
}
