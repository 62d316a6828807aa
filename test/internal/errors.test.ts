import { describe, expect, it } from 'vitest';
import { ApiError, FederationError } from '../../src/errors.ts';

describe('FederationError', () => {
  it('is recognised across two copies of the package', () => {
    const foreign = Object.assign(new Error('from another copy'), { code: 'CONFLICT' });
    Object.defineProperty(foreign, Symbol.for('kubesphere-federation.error'), { value: true });
    expect(FederationError.is(foreign)).toBe(true);
    expect(FederationError.is(foreign, 'CONFLICT')).toBe(true);
    expect(FederationError.is(foreign, 'NOT_FOUND')).toBe(false);
  });

  it('takes nothing else for its own', () => {
    for (const other of [null, undefined, 'CONFLICT', 7, { code: 'CONFLICT' }, new Error('x')])
      expect(FederationError.is(other)).toBe(false);
  });

  it('keeps cause and retryable, and gives plain data', () => {
    const cause = new Error('socket');
    const error = new ApiError('UNREACHABLE', 'm did not answer.', { cluster: 'm', cause, retryable: true });
    expect(error.cause).toBe(cause);
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'ApiError',
      code: 'UNREACHABLE',
      message: 'm did not answer.',
      retryable: true,
      details: null,
      status: null,
      reason: null,
      cluster: 'm',
      resource: null,
    });
  });

  it('lets no secret into message or details', () => {
    const error = new FederationError('INVALID', 'refused: Bearer abc.def', {
      details: { kubeconfig: 'a2V5', note: 'token: t0psecret' },
    });
    expect(JSON.stringify(error)).not.toMatch(/abc\.def|a2V5|t0psecret/);
  });
});
