import { describe, expect, it } from 'vitest';
import { batchOptions, callOptionsIn, checkArgument, checkItem, checkOptions } from '../../../src/modules/options.ts';

const refused = (check: () => void) => {
  try {
    check();
    return undefined;
  } catch (error) {
    return error;
  }
};
const invalid = (field: string, message = /./) => ({
  code: 'INVALID',
  message: expect.stringMatching(message),
  details: { field },
});

describe('options of a write', () => {
  it.each([
    ['nothing', undefined],
    ['none', {}],
    ['an object without a prototype', Object.assign(Object.create(null), { dryRun: true })],
    ['all of them', { signal: AbortSignal.abort(), timeoutMs: 1, retry: false, dryRun: false, onEvent: () => {} }],
  ])('may be %s', (_what, options) => {
    expect(refused(() => checkOptions(options))).toBeUndefined();
  });

  it.each([
    ['a bare true', true],
    ['null', null],
    ['a list', [{ dryRun: true }]],
    ['a signal', AbortSignal.abort()],
    ['an object that inherits them', Object.create({ dryRun: true })],
  ])('are no %s', (_what, options) => {
    expect(refused(() => checkOptions(options))).toMatchObject(invalid('options', /must be an object of fields/));
  });

  it.each(['All', 1, 'true', null, undefined])('a dryRun of %j is neither true nor false', (dryRun) => {
    expect(refused(() => checkOptions({ dryRun }))).toMatchObject(invalid('dryRun', /must be true or false/));
  });

  it.each(['dryrun', 'dry-run', 'apps', 'concurrency', 'constructor'])('%s is none of them', (option) => {
    expect(refused(() => checkOptions({ [option]: true }))).toMatchObject(invalid(option, /is unknown.*dryRun/));
  });

  it.each([0, -1, 1.5, Number.NaN, '2', null])('nobody works on %j items at once', (concurrency) => {
    expect(refused(() => checkOptions({ concurrency }, batchOptions))).toMatchObject(invalid('concurrency'));
    expect(refused(() => checkOptions({ concurrency: 2 }, batchOptions))).toBeUndefined();
  });
});

describe('an argument', () => {
  const known = { projects: true } as const;

  it('takes its fields and no others', () => {
    expect(refused(() => checkArgument('shrink', { projects: 'keep' }, known))).toBeUndefined();
    expect(refused(() => checkArgument('shrink', { project: 'keep' }, known, 'a.'))).toMatchObject(
      invalid('a.project', /is unknown: shrink may have projects/),
    );
  });

  it.each(['dryRun', 'dry-run', 'DRYRUN', 'journal', 'timeoutMs', 'on_event'])('says where %s belongs', (field) => {
    const misplaced = invalid(field, /belongs into the options/);
    expect(refused(() => checkArgument('shrink', { [field]: true }, known))).toMatchObject(misplaced);
    expect(refused(() => checkItem({ name: 'x', [field]: true }))).toMatchObject(misplaced);
  });

  it('that names something may say more about it', () => {
    expect(refused(() => checkItem({ name: 'x', federated: false, apps: [] }))).toBeUndefined();
    expect(refused(() => checkItem(null, '[2].'))).toMatchObject(invalid('[2]'));
  });
});

it('a read is told what a call can be told, and nothing else', () => {
  const { signal } = new AbortController();
  const given = { signal, timeoutMs: 1, retry: false, labelSelector: 'a=b' } as const;
  expect(callOptionsIn(given)).toEqual({ signal, timeoutMs: 1, retry: false });
  expect(callOptionsIn({})).toEqual({});
});
