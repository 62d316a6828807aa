import { describe, expect, test } from 'vitest';
import type { MigrationEnv } from '../../../src/migration/env.ts';
import type { MigrationInput } from '../../../src/migration/input.ts';
import { memberMigration } from '../../../src/migration/member-migration.ts';
import { plan } from '../../../src/workflow/run.ts';
import { refused, scene } from './kit.ts';

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
    ['a field that there is not', { retain: 'all', leaves: ['team-a-001'] }, 'INVALID', /leaves is unknown: input may/],
    ['an option of the run', { retain: 'all', journal: 'x' }, 'INVALID', /journal belongs into the options/],
    ['a kept kind that there is not', { retain: { projects: ['x'] } }, 'INVALID', /retain\.projects is unknown/],
    ['a name where a list belongs', { retain: 'all', leave: 'team-a-001' }, 'INVALID', /leave must be a list of names/],
    ['moves that are a list', { retain: 'all', workspaces: ['team-a'] }, 'INVALID', /workspaces must be an object/],
    [
      'a move with a field that there is not',
      { retain: 'all', workspaces: { 'team-a': { mod: 'rebind' } } },
      'INVALID',
      /workspaces\.team-a\.mod is unknown: workspaces\.team-a may have mode/,
    ],
    [
      'a move that is none',
      { retain: 'all', workspaces: { 'team-a': 'rebind' } },
      'INVALID',
      /team-a must be an object/,
    ],
    [
      'a mode that there is not',
      { retain: 'all', workspaces: { 'team-a': { mode: 'rebnd' } } },
      'INVALID',
      /workspaces\.team-a\.mode must be one of adopt, rebind; it is "rebnd"/,
    ],
    [
      'a way to join that there is not',
      { retain: 'all', workspaces: { 'team-a': { existing: 'merge' } } },
      'INVALID',
      /team-a\.existing must be one of join/,
    ],
    [
      'a manager without a name',
      { retain: 'all', workspaces: { 'team-a': { manager: '' } } },
      'INVALID',
      /team-a\.manager must be a text/,
    ],
    ['an old host that is not gone', { retain: 'all', sourceGone: 'no' }, 'INVALID', /sourceGone can only be true/],
    ['a shield by word', { retain: 'all', shield: 'false' }, 'INVALID', /shield can only be false/],
  ];
  test.for(cases)('%s', async ([, input, code, message]) => {
    const error = await refused(input as MigrationInput);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe('an env that is not understood is refused before anything is asked', () => {
  const cases: readonly (readonly [string, object, RegExp])[] = [
    ['a field that there is not', { sorce: {} }, /env\.sorce is unknown: env may have target, source/],
    ['an old host that nobody set', { source: undefined }, /env\.source is undefined/],
    ['a new host that is none', { target: { kubeconfig: 'x' } }, /env\.target must be a Federation/],
    ['an old host that is none', { source: 'a' }, /env\.source must be a Federation/],
    ['a member that is none', { member: 'm' }, /env\.member must be a MemberCluster/],
    ['a way to the member of another name', { connection: { config: 'x' } }, /env\.connection\.config is unknown/],
    ['a way to the member that nobody set', { connection: { kubeconfig: undefined } }, /kubeconfig must be a text/],
    ['a time of another name', { timing: { resync: 1 } }, /env\.timing\.resync is unknown/],
    ['a time that is none', { timing: { resyncMs: Number.NaN } }, /env\.timing\.resyncMs must be a number/],
  ];
  test.for(cases)('%s', async ([, changes, message]) => {
    const error = await refused({ retain: 'all' }, changes as Partial<MigrationEnv>);
    const said = { code: 'INVALID', message: expect.stringMatching(message) };
    expect(error).toMatchObject(said);
    const env = scene.env(changes as Partial<MigrationEnv>);
    await expect(plan(memberMigration, { retain: 'all' }, { env })).rejects.toMatchObject(said);
  });
});
