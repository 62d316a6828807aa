import { describe, expect, test } from 'vitest';
import { checkEmail, checkPassword, checkUserName } from '../../src/kubesphere/people-input.ts';

const refused = (check: () => void): string => {
  try {
    check();
  } catch (error) {
    return (error as Error).message;
  }
  return 'taken';
};

describe('passwords', () => {
  test.each([
    ['Abcdef1', 'taken'],
    ['1aA456', 'taken'],
    [`aA1${'x'.repeat(61)}`, 'taken'],
    [`$2a$10$${'a'.repeat(53)}`, 'taken'],
    ['Abc1e', '6 to 64 characters'],
    [`aA1${'x'.repeat(62)}`, '6 to 64 characters'],
    ['ABCDEF1', 'a lower-case letter'],
    ['abcdef1', 'an upper-case letter'],
    ['Abcdefg', 'a digit'],
    ['Abcde1\n', 'no line break'],
    [`$2a$10$${'b'.repeat(52)}`, 'an upper-case letter'],
  ])('%j is %s', (value, says) => {
    const message = refused(() => checkPassword('password', value));
    expect(message).toContain(says);
    if (says !== 'taken') expect(message).not.toContain(value);
  });
});

test('names fit into a label, whole', () => {
  expect(refused(() => checkUserName('name', `a${'b'.repeat(62)}`))).toBe('taken');
  expect(refused(() => checkUserName('name', `a${'b'.repeat(63)}`))).toContain('63');
  expect(refused(() => checkUserName('name', 'jane.doe'))).toBe('taken');
  expect(refused(() => checkUserName('name', 'Jane'))).toContain('lower-case');
});

test.each([
  ['jane@example.com', true],
  ['jane', false],
  ['a@b@c', false],
  ['jane <jane@example.com>', false],
  ['', false],
])('e-mail address %j: %s', (value, good) => {
  expect(refused(() => checkEmail('email', value)) === 'taken').toBe(good);
});
