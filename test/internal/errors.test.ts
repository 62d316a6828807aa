import { inspect } from 'node:util';
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
    expect(error.cause).toMatchObject({ name: 'Error', message: 'socket' });
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

  it('keeps of a foreign cause what says where and why, and no secret in text, stack, fields or further causes', () => {
    const secret = 's3cr3t-value';
    const inner = new Error(`refused: Bearer ${secret}`);
    const cause = Object.assign(new TypeError(`401 for token=${secret}`, { cause: inner }), {
      code: 'ECONNRESET',
      status: 401,
      config: { headers: { authorization: secret } },
    });
    const error = new FederationError('STEP_FAILED', 'no', { cause });
    expect(error.cause).toMatchObject({ name: 'TypeError', code: 'ECONNRESET', status: 401 });
    expect((error.cause as Error).stack).toMatch(/^TypeError: 401 for .*\n\s+at .*errors\.test\.ts/s);
    expect((error.cause as Error).cause).toMatchObject({ message: expect.stringContaining('refused: ') });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(secret);
    expect(cause.message).toContain(secret);
  });

  it('keeps an error of its own as the cause, whose cause is redacted already', () => {
    const cause = new FederationError('TIMEOUT', 'slow');
    expect(new FederationError('STEP_FAILED', 'no', { cause }).cause).toBe(cause);
  });

  it.each([
    ['text', 'token=s3cr3t'],
    ['data', { password: 's3cr3t', in: ['Bearer s3cr3t'] }],
    ['several errors', new AggregateError([new Error('token=s3cr3t')], 'password=s3cr3t')],
    [
      'a bag that cannot be read',
      Object.defineProperty({}, 'x', { enumerable: true, get: () => expect.fail('s3cr3t') }),
    ],
    [
      'an error that cannot be read',
      Object.defineProperty(new Error('x'), 'message', { get: () => expect.fail('s3cr3t') }),
    ],
  ])('redacts %s as a cause', (_, cause) => {
    const error = new FederationError('STEP_FAILED', 'no', { cause });
    expect(error.cause).toBeDefined();
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('s3cr3t');
  });

  it('follows neither a ring of causes nor an endless row of them', () => {
    const ring = new Error('a');
    ring.cause = new Error('b', { cause: ring });
    expect(new FederationError('STEP_FAILED', 'no', { cause: ring }).cause).toMatchObject({
      cause: { message: 'b', cause: '[circular]' },
    });
    let row = new Error('end');
    for (let index = 0; index < 50; index += 1) row = new Error('link', { cause: row });
    expect(inspect(new FederationError('STEP_FAILED', 'no', { cause: row }), { depth: 100 })).not.toContain(
      'Error: end',
    );
  });
});
