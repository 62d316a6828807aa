import { type ErrorCode, FederationError } from '../errors.ts';
import type { Json } from '../types.ts';

/** The failure with its place in front; what is no {@link FederationError} becomes `STEP_FAILED`. */
export function explain(error: unknown, where: string): FederationError {
  if (!FederationError.is(error)) {
    const text = error instanceof Error ? error.message : String(error);
    return new FederationError('STEP_FAILED', `${where} failed: ${text}`, { cause: error });
  }
  if (error.message.startsWith(where)) return error;
  const { code, retryable, details } = error;
  return new FederationError(code, `${where}: ${error.message}`, { cause: error, retryable, details });
}

/** What a journal keeps of an error. */
export function recorded(error: FederationError): Json {
  return { code: error.code, message: error.message };
}

/** The error that {@link recorded} kept. */
export function revived(kept: Json | undefined): FederationError | undefined {
  if (typeof kept !== 'object' || kept === null || !('code' in kept) || !('message' in kept)) return undefined;
  const { code, message } = kept;
  // Journals are written by this package, with codes of its closed union.
  if (typeof code !== 'string' || typeof message !== 'string') return undefined;
  return new FederationError(code as ErrorCode, message);
}
