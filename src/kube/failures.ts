import { ApiError, type ErrorCode } from '../errors.ts';
import { isRecord } from './json.ts';
import { codeOf } from './kubeconfig.ts';
import { describe, type Operation, refOf } from './operation.ts';

/** An answer that is no success. */
export interface FailedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** The part of a Kubernetes `Status` that matters. */
interface Status {
  readonly message: string;
  readonly reason: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** Messages of `details.causes`. */
  readonly causes: readonly string[];
}

/**
 * The one place where an HTTP answer becomes an {@link ApiError}.
 *
 * 400, 413, 422 are `REJECTED` (the server looked and refused), as is every refusal by admission whatever its status is:
 * a policy may choose 401, 403, 413 or 422, a webhook any, and a webhook that cannot be called is a 500. 405, 406 and 415
 * are `UNSUPPORTED`. A 422 to a JSON patch whose `test` failed is `CONFLICT`.
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

/** Reads a `Status` from text, or takes plain text for its message. */
export function statusOf(body: string): Status {
  const value = parsed(body);
  if (!isRecord(value) || value['kind'] !== 'Status')
    return { message: plain(body), reason: undefined, retryAfterSeconds: undefined, causes: [] };
  const details = isRecord(value['details']) ? value['details'] : {};
  const causes = Array.isArray(details['causes']) ? details['causes'] : [];
  return {
    message: text(value['message']) ?? '',
    reason: text(value['reason']) || undefined,
    retryAfterSeconds: typeof details['retryAfterSeconds'] === 'number' ? details['retryAfterSeconds'] : undefined,
    causes: causes.flatMap((cause: unknown) => (isRecord(cause) ? [text(cause['message']) ?? ''] : [])),
  };
}

function codeFor(http: number, status: Status, { tests }: Operation): ErrorCode {
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
      return tests === true && isFailedTest(status) ? 'CONFLICT' : 'REJECTED';
    case 429:
      return 'RATE_LIMITED';
    default:
      return http >= 400 && http < 500 ? 'REJECTED' : 'SERVER_ERROR';
  }
}

/** Sentences that admission writes and authorization does not. What is not recognised stays what its status says. */
const admissionSentences: readonly RegExp[] = [
  /admission webhook "[^"]*" denied the request/,
  /ValidatingAdmissionPolicy '[^']*' with binding '[^']*' denied request/,
  /failed calling webhook/,
  /exceeded quota:/,
  /violates PodSecurity/,
  /because it is being terminated/,
];

function isAdmission({ message }: Status): boolean {
  return admissionSentences.some((sentence) => sentence.test(message));
}

/** The server's own words for a JSON patch that did not apply; other causes than a failed test say so. */
function isFailedTest({ message, causes }: Status): boolean {
  const words = [message, ...causes].join('\n');
  return /testing .* failed|test failed/i.test(words) || (causes.length === 0 && /error in our request/.test(words));
}

function said(code: ErrorCode, http: number, { message }: Status, { resource }: Operation): string {
  const because = message === '' ? `HTTP ${http}` : message;
  switch (code) {
    case 'UNAUTHENTICATED':
      return `was not answered: the credentials are not accepted (${because}). Renew them.`;
    case 'FORBIDDEN':
      return `is not allowed for these credentials: ${because}. Grant the right, or use other credentials.`;
    case 'REJECTED':
      return `was refused${/webhook|Policy/.test(because) ? ' by an admission policy' : ''}: ${because}`;
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

/** `Retry-After` in seconds or as a date, else what the Status asks for. */
function retryAfterMs(header: string | string[] | undefined, seconds: number | undefined): number | undefined {
  const value = Array.isArray(header) ? header[0] : header;
  if (value !== undefined && /^\d+$/.test(value.trim())) return Number(value) * 1000;
  const date = value === undefined ? Number.NaN : Date.parse(value);
  if (!Number.isNaN(date)) return Math.max(0, date - Date.now());
  return seconds === undefined ? undefined : seconds * 1000;
}

/** Failures before anything was sent. */
const neverSent: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_PRX_CONN',
  'UND_ERR_PRX_TLS',
]);
/** Codes of node:tls for a certificate that is not accepted; nothing was sent, and trying again does not help. */
const distrust = /^(?:CERT_|ERR_TLS_CERT|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|ERR_SSL_)/;

/** The one place where a failed or broken connection becomes an {@link ApiError}; `details.sent` says whether the request may have arrived. */
export function networkFailure(error: unknown, operation: Operation): ApiError {
  const code = codeOf(error);
  const trouble = distrust.test(code);
  const tunnel = error instanceof Error && /HTTP Tunneling|Proxy Authentication/.test(error.message);
  const connecting = isRecord(error) && error['syscall'] === 'connect';
  const sent = !(trouble || tunnel || connecting || neverSent.has(code));
  const why = error instanceof Error ? error.message || code : code;
  const ref = refOf(operation);
  const message = trouble
    ? `did not trust the server: ${why} (${code}). Check certificate-authority and tls-server-name of its kubeconfig.`
    : !sent
      ? `could not be sent: ${why} (${code}). Check that the cluster${tunnel ? ', and the proxy on the way to it,' : ''} can be reached from here.`
      : `got no complete answer: ${why} (${code}).${isWrite(operation) ? ' Whether it took effect is not known: read before trying again.' : ''}`;
  return new ApiError('UNREACHABLE', `${describe(operation)} ${message}`, {
    cluster: operation.cluster,
    cause: error,
    retryable: !trouble,
    details: { sent },
    ...(ref !== undefined && { resource: ref }),
  });
}

/** An answer of success that cannot be what the API server says. */
export function senseless(operation: Operation, what: string): ApiError {
  return new ApiError(
    'SERVER_ERROR',
    `${describe(operation)} was answered with ${what}. Check that the address is that of a Kubernetes API server.`,
    {
      cluster: operation.cluster,
    },
  );
}

/** Whether the failed request certainly had no effect, so that even a write may be sent again. */
export function hadNoEffect(error: ApiError): boolean {
  if (error.code === 'RATE_LIMITED') return true;
  return error.code === 'UNREACHABLE' && isRecord(error.details) && error.details['sent'] === false;
}

const isWrite = ({ verb }: Operation): boolean => verb === 'CREATE' || verb === 'PATCH' || verb === 'DELETE';

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
/** The first words of an answer that is no JSON. */
const plain = (body: string): string =>
  body
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 200);
