import { compose, piece } from '../workflow/compose.ts';
import { release as version } from '../workflow/release.ts';
import { checkClusters } from './checks/clusters.ts';
import { checkCredentials } from './checks/credentials.ts';
import { checkPeople } from './checks/people.ts';
import { checkProjects } from './checks/projects.ts';
import { checkShield } from './checks/shield.ts';
import { checkTarget } from './checks/target.ts';
import { checkJournal, identityOf, type MigrationEnv, reachNeeded } from './env.ts';
import type { MigrationInput } from './input.ts';
import { reportOf } from './report.ts';
import { snapshot } from './snapshot.ts';
import { detach, memberSettings, parkMember, parkSource, shutOutSource } from './steps/detach.ts';
import { fence, pivot, tidy } from './steps/fence.ts';
import { arrivals, importMember } from './steps/import.ts';
import { createWorkspaces, placeAdopted, placeRebound } from './steps/prepare-target.ts';
import { bind, clear, lookBack, unbind } from './steps/rebind.ts';
import { detachApps, release } from './steps/release.ts';
import { retire } from './steps/retire.ts';
import { shieldDown, shieldUp } from './steps/shield.ts';
import { verify } from './steps/verify.ts';
import type { Surveyed } from './writing.ts';

/** What a migration starts from. */
export interface Begun {
  readonly input: MigrationInput;
}

/** Reads everything and writes nothing; blocked while something is in the way, and says all of it at once. */
export const checks = piece<Begun, MigrationEnv>()
  .step(snapshot)
  .step(checkClusters)
  .step(checkProjects)
  .step(checkTarget)
  .step(checkCredentials)
  .step(checkShield)
  .step(checkPeople);

/** The new host has the workspaces, and nothing has happened yet. */
export const prepareTarget = piece<Surveyed, MigrationEnv>().each(createWorkspaces).each(placeAdopted);

/** The old host lets go of the member, and its account there goes; the kubeconfig that it stored stays valid until it is rotated. */
export const leaveSource = piece<Surveyed, MigrationEnv>()
  .step(parkSource)
  .step(detach)
  .step(shutOutSource)
  .each(release);

/** Projects of workspaces to rebind leave them; the emptied workspaces go. */
export const emptyWorkspaces = piece<Surveyed, MigrationEnv>().each(unbind).step(lookBack).each(clear);

/** Projects of workspaces to rebind enter the new host's. */
export const fillWorkspaces = piece<Surveyed, MigrationEnv>().each(placeRebound).each(bind);

/**
 * Moves a member cluster with its projects from one host to another. Every workspace of the member goes one of two ways:
 * adopted in place, so that no project is written, or rebound, the v3.3 page's three steps made safe.
 *
 * @example
 * ```ts
 * import { fileJournal, type MigrationEnv, memberMigration, plan, run } from 'kubesphere-federation';
 *
 * export async function move(env: MigrationEnv): Promise<number> {
 *   const planned = await plan(memberMigration, { retain: 'all' }, { env });
 *   for (const { title, forecast } of planned.steps) console.log(forecast.effect, title);
 *   const moving = await run(memberMigration, { retain: 'all' }, { env, plan: planned, journal: fileJournal('./runs') });
 *   moving.on('step:completed', ({ step }) => console.log(`${step} done`));
 *   return (await moving.result()).projects.retained.length;
 * }
 * ```
 */
export const memberMigration = compose<MigrationInput, MigrationEnv>({
  name: 'member-migration',
  version,
  identity: identityOf,
  reach: reachNeeded,
  checkJournal,
})
  .include(checks)
  .step(fence)
  .step(shieldUp)
  .include(prepareTarget)
  .include(leaveSource)
  .step(parkMember)
  .step(memberSettings)
  .each(detachApps)
  .include(emptyWorkspaces)
  .step(arrivals)
  .step(importMember)
  .include(fillWorkspaces)
  .step(verify)
  .step(pivot)
  .each(retire)
  .step(shieldDown)
  .step(tidy)
  .returns(reportOf);
