import { ApiError, type ErrorCode } from '../errors.ts';
import { describe, type Operation, refOf } from './operation.ts';
import { isAdmission, isEscalation, isNotApplied, type Status, statusOf } from './status.ts';

/** An answer that is no success. */
export interface FailedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/**
 * The one place where an HTTP answer becomes an {@link ApiError}.
 *
 * 400, 413, 422 are `REJECTED` (the server looked and refused), as is every refusal by admission whatever its status is:
 * a policy may choose 401, 403, 413 or 422, a webhook any, and a webhook that cannot be called is a 500. 405, 406 and 415
 * are `UNSUPPORTED`. `CONFLICT` is every 409 but `AlreadyExists`, and two kinds of 422: another UID than the one a merge
 * patch names, and a JSON patch with a `test` that could not be applied, for the server does not tell which operation failed.
 */
export function answerFailure(answer: FailedAnswer, operation: Operation): ApiError {
  const status = statusOf(answer.body);
  const code = codeFor(answer.status, status, operation);
  const waitMs = retryAfterMs(answer.headers['retry-after'], status.retryAfterSeconds);
  const ref = refOf(operation);
  return new ApiError(code, `${describe(operation)} ${said(code, answer.status, status, operation)}`, {
    status: answer.status,
    cluster: operation.cluster,
    retryable: code === 'RATE_LIMITED' || (code === 'SERVER_ERROR' && answer.status >= 500),
    ...(status.reason !== undefined && { reason: status.reason }),
    ...(ref !== undefined && { resource: ref }),
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
  });
}

function codeFor(http: number, status: Status, { tests, uid }: Operation): ErrorCode {
  if (isAdmission(status)) return 'REJECTED';
  switch (http) {
    case 401:
      return 'UNAUTHENTICATED';
    case 403:
      return 'FORBIDDEN';
    case 404:
      return 'NOT_FOUND';
    case 405:
    case 406:
    case 415:
      return 'UNSUPPORTED';
    case 409:
      return status.reason === 'AlreadyExists' ? 'ALREADY_EXISTS' : 'CONFLICT';
    case 410:
      return 'EXPIRED';
    case 422:
      if (uid !== undefined && status.fields.includes('metadata.uid')) return 'CONFLICT';
      return tests === true && isNotApplied(status) ? 'CONFLICT' : 'REJECTED';
    case 429:
      return 'RATE_LIMITED';
    default:
      return http >= 400 && http < 500 ? 'REJECTED' : 'SERVER_ERROR';
  }
}

function said(code: ErrorCode, http: number, status: Status, { resource, handsOn }: Operation): string {
  const because = status.message === '' ? `HTTP ${http}` : status.message;
  switch (code) {
    case 'UNAUTHENTICATED':
      return `was not answered: the credentials are not accepted (${because}). Renew them.`;
    case 'FORBIDDEN':
      if (handsOn !== undefined && isEscalation(status))
        return `is not allowed for these credentials without the right to ${handsOn} or all that the role gives: ${because}. Grant the right, or use other credentials.`;
      return `is not allowed for these credentials: ${because}. Grant the right, or use other credentials.`;
    case 'REJECTED':
      return `was refused${refuser(because)}: ${because}`;
    case 'NOT_FOUND':
      return `found nothing: ${because}`;
    case 'UNSUPPORTED':
      return `is not served by this API server: ${because}`;
    case 'ALREADY_EXISTS':
      return `was refused, there is one already: ${because}`;
    case 'CONFLICT':
      return `was refused, for the object is not the one expected or has changed: ${because}. Read it again.`;
    case 'EXPIRED':
      return `came too late, the server has forgotten that state: ${because}. Read${resource === undefined ? '' : ` ${resource.plural}`} again from the start.`;
    case 'RATE_LIMITED':
      return `was put off, the server has too much to do: ${because}`;
    default:
      return `failed in the server (HTTP ${http}): ${because}`;
  }
}

function refuser(message: string): string {
  if (/failed calling webhook/.test(message))
    return ', for an admission webhook could not be called (repair it, or remove its configuration)';
  if (/admission webhook/.test(message)) return ' by an admission webhook';
  return /ValidatingAdmissionPolicy/.test(message) ? ' by an admission policy' : '';
}

/** `Retry-After` in seconds or as a date, else what the Status asks for. */
function retryAfterMs(header: string | string[] | undefined, seconds: number | undefined): number | undefined {
  const value = Array.isArray(header) ? header[0] : header;
  if (value !== undefined && /^\d+$/.test(value.trim())) return Number(value) * 1000;
  const date = value === undefined ? Number.NaN : Date.parse(value);
  if (!Number.isNaN(date)) return Math.max(0, date - Date.now());
  return seconds === undefined ? undefined : seconds * 1000;
}

/** An answer that cannot be the API server's. */
export function senseless(operation: Operation, what: string, retryable = false): ApiError {
  return new ApiError(
    'SERVER_ERROR',
    `${describe(operation)} was answered with ${what}. Check that the address is that of a Kubernetes API server.`,
    { cluster: operation.cluster, retryable },
  );
}
