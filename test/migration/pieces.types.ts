/** Never run: `tsc` holds the migration's pieces to their order. Every line under an expect-error comment must stay an error. */
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
const begun = composeMigration({ name: 'own', version: '1' });
const secured = begun.include(checks).include(secureMember);

secured
  .step(own)
  .include(prepareTarget)
  .include(leaveSource)
  .include(prepareMember)
  .include(emptyWorkspaces)
  .include(joinTarget)
  .include(fillWorkspaces)
  .include(concludeMove)
  .returns(migrationReport);

// @ts-expect-error nothing is fenced before it was looked at
begun.include(secureMember);
// @ts-expect-error nothing is written before fence and shield
begun.include(checks).include(prepareTarget);
// @ts-expect-error a step of one's own that writes, neither
begun.include(checks).step(own);
// @ts-expect-error the workspaces have to be on the new host first
secured.include(leaveSource);
// @ts-expect-error the old host has to let go first
secured.include(prepareTarget).include(prepareMember);
// @ts-expect-error the new host comes last
secured.include(prepareTarget).include(leaveSource).include(prepareMember).include(joinTarget);
// @ts-expect-error nothing is concluded before the new host came
secured.include(concludeMove);
// @ts-expect-error a report needs what concludeMove verified
secured.returns(migrationReport);
