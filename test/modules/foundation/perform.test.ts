import { describe, expect, it } from 'vitest';
import { type ErrorCode, FederationError } from '../../../src/errors.ts';
import { type Operation, perform } from '../../../src/modules/operation.ts';

/** An operation whose look fails so; `done` tells what was called, in its order. */
function failing(code: ErrorCode, undo: () => Promise<void> = async () => {}) {
  const done: string[] = [];
  const operation: Operation<string, void> = {
    forecast: async () => ({ effect: 'change', changes: [] }),
    capture: async () => 'as it was',
    run: async () => void done.push('run'),
    verify: async () => Promise.reject(new FederationError(code, 'The look failed.')),
    compensate: async (_work, before) => {
      done.push(`undo to ${before}`);
      await undo();
    },
  };
  return { done, operation };
}

describe('a write whose effect may not be looked at', () => {
  it('is taken back to what was captured, and the reason is told', async () => {
    const { done, operation } = failing('FORBIDDEN');
    await expect(perform(operation, 'write')).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: 'The look failed. It was taken back.',
      details: { takenBack: true },
    });
    expect(done).toEqual(['run', 'undo to as it was']);
  });

  it('tells that reason also where it cannot be taken back', async () => {
    const { operation } = failing('FORBIDDEN', async () =>
      Promise.reject(new FederationError('CONFLICT', 'It moved.')),
    );
    await expect(perform(operation, 'write')).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: 'The look failed. It was written, and stands: It moved.',
      details: { takenBack: false },
    });
  });

  it.each(['NOT_OBSERVED', 'UNREACHABLE', 'KEPT_AT_RISK'] as const)('is left alone after %s', async (code) => {
    const { done, operation } = failing(code);
    await expect(perform(operation, 'write')).rejects.toMatchObject({ code });
    expect(done).toEqual(['run']);
  });
});

describe('a dry run', () => {
  const judged = (code: ErrorCode) => {
    const { operation } = failing('FORBIDDEN');
    const forecast = async () => Promise.reject(new FederationError(code, 'Projects would go.'));
    return perform({ ...operation, forecast }, 'write', { dryRun: true });
  };

  it('answers that it must not be done, where a forecast throws that', async () => {
    expect(await judged('KEPT_AT_RISK')).toEqual({
      outcome: 'dry-run',
      forecast: { effect: 'blocked', why: 'Projects would go.', remedy: 'Clear that first.' },
    });
  });

  it('fails where what it asks fails', async () => {
    await expect(judged('UNREACHABLE')).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  it('is the one that answers so: a real call throws what was thrown', async () => {
    const { operation } = failing('FORBIDDEN');
    const forecast = async () => Promise.reject(new FederationError('KEPT_AT_RISK', 'Projects would go.'));
    await expect(perform({ ...operation, forecast }, 'write')).rejects.toMatchObject({ code: 'KEPT_AT_RISK' });
  });
});
