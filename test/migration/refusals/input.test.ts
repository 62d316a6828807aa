import { describe, expect, test } from 'vitest';
import type { MigrationInput } from '../../../src/migration/input.ts';
import { refused } from './kit.ts';

describe('input that contradicts itself is refused before anything is written', () => {
  const cases: readonly (readonly [string, unknown, string, RegExp])[] = [
    ['nothing', { retain: {} }, 'INVALID', /retain names nothing/],
    ['no input at all', null as never, 'INVALID', /must be an object/],
    ['something else', { retain: 'some' }, 'INVALID', /retain must be/],
    [
      'a namespace twice',
      { retain: { namespaces: ['team-a-001', 'team-a-001'] } },
      'INVALID',
      /team-a-001 more than once/,
    ],
    [
      'a namespace both kept and discarded',
      { retain: { namespaces: ['team-a-001'] }, discard: ['team-a-001'] },
      'INVALID',
      /team-a-001 stand\(s\) in both retain.namespaces and discard/,
    ],
    [
      'a namespace both left and discarded',
      { retain: 'all', leave: ['x'], discard: ['x'] },
      'INVALID',
      /both leave and discard/,
    ],
    ['a discard', { retain: 'all', discard: ['team-a-001'] }, 'UNSUPPORTED', /deletes no project/],
    ['a name that is none', { retain: 'all', leave: ['Team_A'] }, 'INVALID', /Team_A/],
    ['a project that does not exist', { retain: 'all', leave: ['ghost'] }, 'INVALID', /m: ghost is no project/],
    ['a kept project that does not exist', { retain: { namespaces: ['ghost'] } }, 'INVALID', /ghost is no project/],
    [
      'an unknown workspace',
      { retain: { workspaces: ['ghosts'] } },
      'INVALID',
      /m has no workspace ghosts; it has team-a, team-b/,
    ],
    [
      'settings of an unknown workspace',
      { retain: 'all', workspaces: { ghosts: {} } },
      'INVALID',
      /no workspace ghosts/,
    ],
    [
      'adoption under another name',
      { retain: 'all', workspaces: { 'team-a': { mode: 'adopt', to: 'x' } } },
      'INVALID',
      /keeps the name/,
    ],
    [
      'two workspaces that become one',
      { retain: 'all', workspaces: { 'team-a': { to: 'x' }, 'team-b': { to: 'x' } } },
      'INVALID',
      /would both become "x"/,
    ],
    [
      'a workspace that becomes the system one',
      { retain: 'all', workspaces: { 'team-a': { to: 'system-workspace' } } },
      'INVALID',
      /system-workspace/,
    ],
  ];
  test.for(cases)('%s', async ([, input, code, message]) => {
    const error = await refused(input as MigrationInput);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});
