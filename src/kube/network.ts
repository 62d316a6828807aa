import { ApiError } from '../errors.ts';
import { isRecord } from './json.ts';
import { describe, isWrite, type Operation, refOf } from './operation.ts';
import { codeOf } from './system-error.ts';

/** Failures that come only before anything was sent. */
const neverSent: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_PRX_CONN',
  'UND_ERR_PRX_TLS',
]);
/** Codes of node:tls for a certificate that is not accepted; nothing was sent, and trying again does not help. */
const distrust = /^(?:CERT_|ERR_TLS_CERT|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA)/;

/** The one place where a failed or broken connection becomes an {@link ApiError}; `details.sent` says whether the request may have arrived. */
export function networkFailure(error: unknown, operation: Operation): ApiError {
  const code = codeOf(error);
  const trouble = distrust.test(code);
  const tunnel = error instanceof Error && /HTTP Tunneling|Proxy Authentication/.test(error.message);
  const sent = !(trouble || tunnel || isConnecting(error) || neverSent.has(code));
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

/** Whether the failed request certainly had no effect, so that even a write may be sent again. */
export function hadNoEffect(error: ApiError): boolean {
  if (error.code === 'RATE_LIMITED') return true;
  return error.code === 'UNREACHABLE' && isRecord(error.details) && error.details['sent'] === false;
}

/** Several addresses tried at once fail as one error that holds the others. */
function isConnecting(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isConnecting);
  return isRecord(error) && error['syscall'] === 'connect';
}
