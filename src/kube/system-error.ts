import { isRecord } from './json.ts';

/** The error code of a failed system call, for messages. */
export function codeOf(error: unknown): string {
  return isRecord(error) && typeof error['code'] === 'string' ? error['code'] : 'unknown reason';
}
