import { describe, expect, it } from 'vitest';
import { batchOptions, callOptionsIn, checkArgument, checkItem, checkOptions } from '../../../src/modules/options.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';

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

describe('what an option may be', () => {
  const foreign = { addEventListener() {}, removeEventListener() {}, throwIfAborted() {} };
  it.each([
    ['signal', new AbortController().signal],
    ['signal', foreign],
    ['signal', undefined],
    ['timeoutMs', 0.5 + 0.5],
    ['timeoutMs', 2 ** 31 - 1],
    ['retry', false],
    ['retry', {}],
    ['retry', { retries: 0, minDelayMs: 0, maxDelayMs: 0 }],
    ['retry', { retries: Number.POSITIVE_INFINITY }],
    ['journal', memoryJournal()],
    ['onEvent', () => {}],
    ['onProgress', async () => {}],
    ['logger', console],
    ['deadAfterMs', 90_000],
  ])('%s: %o is taken', (option, value) => {
    expect(refused(() => checkOptions({ [option]: value }, { [option]: true }))).toBeUndefined();
  });

  it.each([
    ['signal', new AbortController(), /must be an AbortSignal; it is an object, without addEventListener\(\)/],
    ['signal', null, /must be an AbortSignal; it is null/],
    ['timeoutMs', '1000', /must be milliseconds, from 1 to 2147483647; it is "1000"/],
    ['timeoutMs', Number.NaN, /it is NaN/],
    ['timeoutMs', 0, /it is 0/],
    ['timeoutMs', 2 ** 31, /it is 2147483648/],
    ['timeoutMs', Number.POSITIVE_INFINITY, /it is Infinity/],
    ['deadAfterMs', -1, /must be milliseconds/],
    ['retry', true, /must be an object of fields; it is true/],
    ['journal', './runs', /must be a journal, such as fileJournal makes; it is "\.\/runs", without append\(\)/],
    ['onEvent', {}, /must be a function; it is an object/],
    ['onProgress', 'done', /must be a function; it is "done"/],
    ['logger', { info() {} }, /must be a logger, as console is; it is an object, without debug\(\)/],
  ])('%s: %o is none', (option, value, message) => {
    expect(refused(() => checkOptions({ [option]: value }, { [option]: true }))).toMatchObject(
      invalid(option, message),
    );
  });

  it.each([
    ['retry.retries', { retries: 1.5 }],
    ['retry.retries', { retries: '3' }],
    ['retry.minDelayMs', { minDelayMs: -1 }],
    ['retry.maxDelayMs', { maxDelayMs: Number.POSITIVE_INFINITY }],
    ['retry.attempts', { attempts: 3 }],
  ])('%s of %o is none', (field, retry) => {
    expect(refused(() => checkOptions({ retry }))).toMatchObject(invalid(field));
  });

  it('is not shown where it is an object, for it may hold a secret, or itself', () => {
    const journal: Record<string, unknown> = { password: 'hunter2' };
    journal['itself'] = journal;
    const error = refused(() => checkOptions({ journal }));
    expect(error).toMatchObject(invalid('journal'));
    expect(String(error)).not.toContain('hunter2');
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
