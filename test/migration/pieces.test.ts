import { describe, expect, it } from 'vitest';
import {
  checks,
  composeMigration,
  concludeMove,
  defineStep,
  emptyWorkspaces,
  fillWorkspaces,
  joinTarget,
  leaveSource,
  type MemberSecured,
  type MigrationEnv,
  memberMigration,
  migrationReport,
  prepareMember,
  prepareTarget,
  secureMember,
} from '../../src/index.ts';

const own = defineStep<MemberSecured, MigrationEnv>()({
  name: 'own',
  title: 'Own',
  forecast: async () => ({ effect: 'unknown', why: 'x', touches: [] }),
  run: async () => null,
  unseen: 'It changes nothing.',
  compensate: async () => undefined,
});
const unfinished = composeMigration({ name: 'own', version: '1' })
  .include(checks)
  .include(secureMember)
  .step(own)
  .include(prepareTarget)
  .include(leaveSource)
  .include(prepareMember)
  .include(emptyWorkspaces)
  .include(joinTarget)
  .include(fillWorkspaces);
const whole = unfinished.include(concludeMove).returns(migrationReport);

describe('a migration composed of the pieces', () => {
  it('has every step of the migration in its order, and those put in between', () => {
    expect(whole.steps.filter((name) => name !== 'own')).toEqual(memberMigration.steps);
    expect(whole.steps).toContain('own');
  });

  it('is refused where its end is left out: fence and shield would stay', () => {
    expect(() => unfinished.returns(() => null)).toThrow(
      expect.objectContaining({ code: 'WORKFLOW_INVALID', message: expect.stringContaining('"tidy" in undoNeeds') }),
    );
  });

  it('brings the guards of the migration: identity, reach, and the refusal of a journal that dies with its process', () => {
    const { identity, reach, checkJournal } = memberMigration['~definition'];
    expect(whole['~definition']).toMatchObject({ identity, reach, checkJournal });
    expect([typeof identity, typeof reach, typeof checkJournal]).toEqual(['function', 'function', 'function']);
  });
});
