import type { WriteOptions } from '../../../src/modules/operation.ts';

type BadOptions = readonly (readonly [string, WriteOptions])[];

/** What no method takes: each by the field that the error names. */
export const badOptions = [
  ['timeoutMS', { timeoutMS: 1_000 }],
  ['timeoutMs', { timeoutMs: '1000' }],
  ['timeoutMs', { timeoutMs: 0 }],
  ['timeoutMs', { timeoutMs: Number.POSITIVE_INFINITY }],
  ['signal', { signal: {} }],
  ['retry', { retry: true }],
  ['retry.retries', { retry: { retries: -1 } }],
  ['retry.minDelayMs', { retry: { minDelayMs: Number.NaN } }],
  ['retry.attempts', { retry: { attempts: 3 } }],
] as unknown as BadOptions;

/** What no write takes, such as what somebody who wants a dry run may write, and is none. */
export const badWriteOptions = [
  ['dryRun', { dryRun: 'All' }],
  ['dryRun', { dryRun: undefined }],
  ['dryrun', { dryrun: true }],
  ['journal', { journal: './runs' }],
  ['onEvent', { onEvent: 'changed' }],
] as unknown as BadOptions;
