import { describe, expect, it } from 'vitest';
import {
  checkName,
  checkNames,
  checkObject,
  checkObjectName,
  checkOneOf,
  checkText,
} from '../../src/kubesphere/validation.ts';

const refused = (check: () => void) => {
  try {
    check();
    return undefined;
  } catch (error) {
    return error;
  }
};

describe('bad input', () => {
  it.each([
    ['an upper-case name', () => checkName('name', 'Team')],
    ['a name of 64 characters', () => checkName('name', 'a'.repeat(64))],
    ['a name with a dot', () => checkName('name', 'a.b')],
    ['a name that ends with "-"', () => checkName('name', 'a-')],
    ['a number', () => checkName('name', 7)],
    ['nothing', () => checkName('name', undefined)],
    ['an empty text', () => checkText('name', '')],
    ['an object name of two dots', () => checkObjectName('name', 'a..b')],
    ['another word', () => checkOneOf('name', 'maybe', ['yes', 'no'])],
    ['no list', () => checkNames('name', 'a')],
    ['an empty list', () => checkNames('name', [])],
    ['a name twice', () => checkNames('name', ['a', 'a'])],
  ])('%s is INVALID, and the field is named', (_what, check) => {
    expect(refused(check)).toMatchObject({
      code: 'INVALID',
      message: expect.stringMatching(/^name .*Nothing was sent\.$/),
      details: { field: 'name' },
    });
  });

  it('names the place in a list', () => {
    expect(refused(() => checkNames('clusters', ['m', 'N']))).toMatchObject({ details: { field: 'clusters[1]' } });
  });

  it('shows no text that stands where an object belongs: it may be a password', () => {
    const error = refused(() => checkObject('options', 'hunter2'));
    expect(error).toMatchObject({ code: 'INVALID', message: expect.stringContaining('it is a text') });
    expect(String(error)).not.toContain('hunter2');
  });

  it('shows little of what it was given', () => {
    const error = refused(() => checkName('name', 'X'.repeat(5_000)));
    expect(String(error).length).toBeLessThan(400);
  });

  it.each([
    ['names', () => checkName('name', 'team-1')],
    ['the longest name', () => checkName('name', 'a'.repeat(63))],
    ['dotted names', () => checkObjectName('name', 'cluster.kubesphere.io')],
    ['an empty list where one may be', () => checkNames('names', [], { emptyToo: true })],
    ['a word', () => checkOneOf('name', 'yes', ['yes', 'no'])],
  ])('%s are taken', (_what, check) => {
    expect(refused(check)).toBeUndefined();
  });
});
