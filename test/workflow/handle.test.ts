import { describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import { createEmitter } from '../../src/internal/emitter.ts';
import { EventLog } from '../../src/workflow/event-log.ts';
import type { RunEvent } from '../../src/workflow/events.ts';
import { createHandle, type Outcome } from '../../src/workflow/handle.ts';
import { failureOf } from './harness.ts';

const gate = { name: 'approve', title: 'Go on?', shown: null, fingerprint: 'f' };
const error = new FederationError('STEP_FAILED', 'no luck');
const residue = [{ step: 'one', code: 'FORBIDDEN', why: 'it may not', remedy: 'Ask.' }];

/** What `result()` of a run that ended so rejects with. */
const rejection = (outcome: Outcome<null>): Promise<FederationError> => {
  const source = {
    id: 'd-1',
    workflow: 'upgrade',
    events: new EventLog(),
    emitter: createEmitter<RunEvent>(undefined),
  };
  const settled = Promise.resolve(outcome);
  return failureOf(createHandle({ ...source, requestPause: () => undefined, settled }).result());
};

describe('what result() says of a run that did not complete', () => {
  const goOn = 'Call resume() with this run id to go on, or rollback() to undo it.';
  const approve = 'Resume it with an approval of what it shows, or roll it back.';
  it.each<[Outcome<null>, string]>([
    [{ state: 'paused', why: 'approval', gate }, `is paused at gate "approve". ${approve}`],
    [{ state: 'paused', why: 'approval', gate, error }, `is paused at gate "approve": no luck. ${approve}`],
    [{ state: 'paused', why: 'requested' }, `is paused as it was asked to. ${goOn}`],
    [{ state: 'paused', why: 'failed', error }, `is paused by a failure: no luck. ${goOn}`],
    [
      { state: 'paused', why: 'failed', error, pastPivot: true },
      'is paused by a failure: no luck. It is past its pivot and only goes forward: call resume() with this run id.',
    ],
    [{ state: 'paused', why: 'unreachable', error }, `is paused because something does not answer: no luck. ${goOn}`],
    [{ state: 'paused', why: 'time-limit', error }, `is paused by a time limit: no luck. ${goOn}`],
    [{ state: 'paused', why: 'stuck', error }, `is paused with an attempt that does not end: no luck. ${goOn}`],
    [{ state: 'rolled-back' }, 'was rolled back; everything is as before.'],
    [{ state: 'rolled-back', error }, 'was rolled back; everything is as before: no luck.'],
    [
      { state: 'rollback-incomplete', residue },
      'was rolled back, but not wholly. Left: one: it may not. Ask. Then call rollback() with this run id once more.',
    ],
    [{ state: 'driver-lost' }, 'was taken over by another driver; follow it there.'],
  ])('%o', async (outcome, text) => {
    expect((await rejection(outcome)).message).toBe(`Run "d-1" of workflow "upgrade" ${text}`);
  });
});
