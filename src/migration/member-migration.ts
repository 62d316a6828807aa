import type { Parked } from '../modules/parking.ts';
import type { Raised } from '../modules/shield.ts';
import { compose, piece, type WorkflowIdentity } from '../workflow/compose.ts';
import { release as version } from '../workflow/release.ts';
import { checkClusters } from './checks/clusters.ts';
import { checkCredentials } from './checks/credentials.ts';
import { checkPeople } from './checks/people.ts';
import { checkProjects } from './checks/projects.ts';
import { checkShield } from './checks/shield.ts';
import { checkTarget } from './checks/target.ts';
import { checkJournal, identityOf, lateMsOf, type MigrationEnv, reachNeeded } from './env.ts';
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

/** This run alone moves the member, and the member refuses to delete what is kept. */
export const secureMember = piece<Surveyed, MigrationEnv>().step(fence).step(shieldUp);

/** What every piece that writes needs: {@link secureMember} came before. */
export interface Secured extends Surveyed {
  readonly fence: unknown;
  readonly 'shield-up': Raised;
}

/** The new host has the workspaces, and nothing has happened yet. */
export const prepareTarget = piece<Secured, MigrationEnv>().each(createWorkspaces).each(placeAdopted);

/** What {@link leaveSource} needs: {@link prepareTarget} came before. */
export interface TargetPrepared extends Secured {
  readonly 'create-workspaces': unknown;
  readonly 'place-adopted': unknown;
}

/** The old host lets go of the member, and its account there goes; the kubeconfig that it stored stays valid until it is rotated. */
export const leaveSource = piece<TargetPrepared, MigrationEnv>()
  .step(parkSource)
  .step(detach)
  .step(shutOutSource)
  .each(release);

/** What {@link prepareMember} needs: {@link leaveSource} came before. */
export interface SourceLeft extends TargetPrepared {
  readonly 'park-source': Parked | null;
  readonly 'shut-out': unknown;
  readonly release: unknown;
}

/** The member gets its role and the new host's jwtSecret. */
export const prepareMember = piece<SourceLeft, MigrationEnv>().step(parkMember).step(memberSettings).each(detachApps);

/** What {@link emptyWorkspaces} needs: {@link prepareMember} came before. */
export interface MemberPrepared extends SourceLeft {
  readonly 'member-settings': unknown;
  readonly 'detach-apps': unknown;
}

/** Projects of workspaces to rebind leave them; the emptied workspaces go. */
export const emptyWorkspaces = piece<MemberPrepared, MigrationEnv>().each(unbind).step(lookBack).each(clear);

/** What {@link joinTarget} needs: {@link emptyWorkspaces} came before. */
export interface WorkspacesEmptied extends MemberPrepared {
  readonly 'look-back': unknown;
  readonly clear: unknown;
}

/** The new host takes the member in. */
export const joinTarget = piece<WorkspacesEmptied, MigrationEnv>().step(arrivals).step(importMember);

/** What {@link fillWorkspaces} needs: {@link joinTarget} came before. */
export interface TargetJoined extends WorkspacesEmptied {
  readonly import: unknown;
}

/** Projects of workspaces to rebind enter the new host's. */
export const fillWorkspaces = piece<TargetJoined, MigrationEnv>().each(placeRebound).each(bind);

/** What {@link concludeMove} needs: {@link fillWorkspaces} came before. */
export interface WorkspacesFilled extends TargetJoined {
  readonly 'place-rebound': unknown;
  readonly bind: unknown;
}

/** Everything is verified, twice; then there is no way back, and what only the move needed goes: old templates, shield, fence. */
export const concludeMove = piece<WorkspacesFilled, MigrationEnv>()
  .step(verify)
  .step(pivot)
  .each(retire)
  .step(shieldDown)
  .step(tidy);

/**
 * Begins a migration of one's own: with the identity of its clusters, the question whether they answer, and the refusal of a journal
 * that dies with its process. Its own name and version tell its journals from others.
 */
export function composeMigration({ name, version }: Pick<WorkflowIdentity<MigrationEnv>, 'name' | 'version'>) {
  return compose<MigrationInput, MigrationEnv>({
    name,
    version,
    identity: identityOf,
    reach: reachNeeded,
    checkJournal,
    lateMs: lateMsOf,
  });
}

/**
 * Moves a member cluster with its projects from one host to another. Every workspace of the member goes one of two ways:
 * adopted in place, so that no project is written, or rebound, the v3.3 page's three steps made safe.
 *
 * Its pieces are exported. Each needs the one before it, so that a composition of one's own can put steps between them, and leave
 * nothing out: `examples/own-step.ts` in the repository.
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
export const memberMigration = composeMigration({ name: 'member-migration', version })
  .include(checks)
  .include(secureMember)
  .include(prepareTarget)
  .include(leaveSource)
  .include(prepareMember)
  .include(emptyWorkspaces)
  .include(joinTarget)
  .include(fillWorkspaces)
  .include(concludeMove)
  .returns(reportOf);
