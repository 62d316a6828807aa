import { FederationError } from '../../errors.ts';
import { workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { defineStep } from '../../workflow/step.ts';
import type { WorkspaceApp } from '../apps.ts';
import { namespacesOf, some } from '../closure.ts';
import type { FederationEnv } from '../env.ts';
import { retireTemplate } from '../operations/remove-workspace.ts';
import { assertSafeToLift, lowerShield, shieldForm, toLower } from '../shield.ts';
import { operates } from '../steps.ts';
import type { Work } from '../work.ts';
import { type Known, memberOf, nothing, type Surveyed, shieldedBy } from './adopt-known.ts';
import type { MembersOwn } from './members-own.ts';

/** @throws FederationError `KEPT_AT_RISK` where the Workspace or a project is not what it was */
async function assertAdopted(known: Known & { readonly state: Surveyed }): Promise<void> {
  const { input, survey } = known.state;
  const { signal } = known;
  const member = await memberOf(known);
  const workspace = await member.connection.find(kubesphere.workspaces, { name: input.name }, { signal });
  if (workspace?.metadata.uid !== survey.uid || workspace.metadata.deletionTimestamp !== undefined)
    throw new FederationError(
      'KEPT_AT_RISK',
      `${member.name}: Workspace "${input.name}" is no longer the one that was there, or is being deleted. The shield stays up. Find out who did that.`,
    );
  const now = await namespacesOf(member, signal);
  const lost = survey.projects.filter(({ name, uid }) => {
    const project = now.get(name);
    return (
      project?.uid !== uid || project.deletionTimestamp !== undefined || project.labels?.[workspaceLabel] !== input.name
    );
  });
  if (lost.length === 0) return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `${member.name}: projects of workspace "${input.name}" are gone, going, or in it no longer: ${some(lost.map(({ name }) => name))}. The shield stays up. Find out who did that.`,
  );
}

/** The Workspace and every project are the very ones. */
export const confirm = defineStep<Surveyed, FederationEnv>()({
  name: 'confirm',
  title: 'See that the Workspace and its projects are the very ones',
  readOnly: true,
  forecast: async () => ({ effect: 'unknown', why: 'it reads them again', touches: [] }),
  run: async (ctx) => {
    await assertAdopted(ctx);
    return null;
  },
});

/** The member must refuse to delete this very Workspace, or its template's deletion would take it along. */
const refusal = (known: Known, name: string, uid: string) => async (work: Work) => {
  const member = await memberOf(known);
  const { signal } = work;
  try {
    const dryRun = { uid, propagationPolicy: 'Orphan', dryRun: true, signal } as const;
    await member.connection.delete(kubesphere.workspaces, { name }, dryRun);
  } catch (error) {
    if (FederationError.is(error, 'REJECTED')) return;
    throw error;
  }
  throw new FederationError(
    'KEPT_AT_RISK',
    `${member.name}: the shield does not hold Workspace "${name}"; its template was not deleted. Put one up (federation.namespaces.protect({ cluster: '${member.name}', names: […], workspaces: ['${name}'] })), then resume.`,
  );
};

/** The pivot. Left there, the member's own template would fight the host over the Workspace (2.3). */
export const retire = defineStep<Surveyed, FederationEnv>()({
  name: 'retire',
  title: "The member's own template goes; the workspace is the host's from here on",
  pivot: true,
  irreversible: 'the host has the workspace',
  ...operates<Surveyed, null, void>(async (known) => {
    const { input, survey } = known.state;
    if (survey === undefined) return undefined;
    if (survey.already) return nothing<null, void>(null, undefined);
    const retiring = retireTemplate(
      await memberOf(known),
      input.name,
      survey.uid,
      refusal(known, input.name, survey.uid),
    );
    if (survey.ownTemplate) return retiring;
    return {
      ...nothing<null, void>(null, undefined),
      forecast: async () => ({ effect: 'unknown', why: 'it has none', touches: [] }),
    };
  }),
});

/** The shield comes down only while no project has an owner that is gone or going. */
export const shieldDown = defineStep<Surveyed, FederationEnv>()({
  name: 'shield-down',
  title: 'Shield down',
  irreversible: 'the host has the workspace',
  ...operates<Surveyed, null, void>(async (known) => {
    const { survey } = known.state;
    if (survey === undefined) return undefined;
    if (survey.already) return nothing<null, void>(null, undefined);
    const state = { ...known.state, survey };
    const [member, shielded] = [await memberOf(known), shieldedBy(state)];
    return {
      forecast: async () => ({ effect: 'unknown', why: 'the objects of the shield go', touches: [] }),
      capture: async () => null,
      async run(work) {
        await assertAdopted({ ...known, state });
        await assertSafeToLift(work, member, shielded.namespaces);
        await lowerShield(work, member, { ...shielded, form: await shieldForm(member, work.signal) }, work.runId);
      },
      needs: async ({ signal }) => ({
        verify: await toLower(member, await shieldForm(member, signal), shielded, signal),
      }),
      verify: async () => {},
      compensate: async () => {},
    };
  }),
  retry: { retries: 5, minDelayMs: 1_000 },
});

/**
 * What {@link Workspaces.adopt} did. The host knows nothing of `people` and `roles`: with a template of the member's own retired they
 * are in the workspace no more. Equal names need not mean the same person: invite them with {@link Workspaces.inviteUser}.
 */
export interface AdoptedWorkspace extends MembersOwn {
  /** UID of the Workspace on the member: the one that it had. */
  readonly uid: string;
  readonly manager: string;
  readonly projects: readonly { readonly name: string; readonly uid: string }[];
  /** The member's own apps: they stay installed; with a template of its own retired, they are in no workspace any more. */
  readonly apps: readonly WorkspaceApp[];
}
