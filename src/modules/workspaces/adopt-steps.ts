import { managedLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { federatedKinds } from '../../kubesphere/resources.ts';
import { defineItemStep, defineStep } from '../../workflow/step.ts';
import { appResource, type WorkspaceApp } from '../apps.ts';
import type { FederationEnv } from '../env.ts';
import { needsOf } from '../operation.ts';
import { type AdoptedBefore, adoptWorkspace, holdAdopted, waitForgotten } from '../operations/adopt-workspace.ts';
import { type Label, setLabel } from '../operations/set-label.ts';
import { createWorkspace } from '../operations/workspace-template.ts';
import { toAskDoomed, unlessDoomed } from '../placement/doomed.ts';
import { type Right, toPatch, toWatch } from '../rights.ts';
import { type Raised, raiseShield } from '../shield.ts';
import { operates, operatesOnEach } from '../steps.ts';
import { type Begun, type Known, memberOf, nothing, type Surveyed, shieldedBy } from './adopt-known.ts';
import { type AdoptSurvey, type FoundManaged, managedResource, surveyAdoption } from './adopt-survey.ts';

/** Reads the workspace where it lives; blocked while something is in the way. */
export const survey = defineStep<Begun, FederationEnv>()({
  name: 'survey',
  title: 'Read the workspace on the member and on the host',
  readOnly: true,
  forecast: async ({ state: { input }, env, signal }) => {
    const { found, obstacles } = await surveyAdoption(env, input, signal);
    if (obstacles.length > 0)
      return {
        effect: 'blocked',
        why: obstacles.map(({ why }) => why).join(' '),
        remedy: obstacles.map(({ remedy }) => remedy).join(' '),
      };
    return {
      effect: 'none',
      why: `${env.host.name} has workspace "${input.name}" of ${input.cluster} already`,
      out: found,
    };
  },
  run: async ({ state: { input }, env, signal }): Promise<AdoptSurvey> =>
    (await surveyAdoption(env, input, signal)).found,
});

/** From here on the member refuses to delete the Workspace or any of its projects, whoever asks. */
export const shieldUp = defineStep<Surveyed, FederationEnv>()({
  name: 'shield-up',
  title: 'Shield up: the member refuses to delete the Workspace and its projects',
  ...operates<Surveyed, Raised, Raised>(async (known) => {
    if (known.state.survey === undefined) return undefined;
    if (known.state.survey.already) return nothing<Raised, Raised>({ form: null }, { form: null });
    return raiseShield(await memberOf(known), shieldedBy(known.state));
  }),
  remedy:
    'Clear the residue of the other steps first; then delete the ValidatingAdmissionPolicies and bindings named kubesphere-federation-adopt-… on the member.',
  undoNeeds: ['labels', 'create', 'place', 'detach-apps'],
});

/** What says that no kubefed may touch it (`managed=false`, of a former host) keeps the new host's copies out, too. */
export const labels = defineItemStep<Surveyed, FederationEnv>()({
  name: 'labels',
  title: "Take a former host's mark off the Workspace and its roles",
  ...operatesOnEach<Surveyed, FoundManaged, Label>(
    async ({ state: { survey } }) =>
      survey?.already === false ? survey.objects.map((item) => ({ key: `${item.kind}/${item.name}`, item })) : [],
    async (known, one) => {
      const seat = { host: known.env.host, cluster: known.state.input.cluster };
      const ownable = { ...one, namespace: null };
      const dropping = setLabel(await memberOf(known), managedResource(one.kind), one, {
        label: managedLabel,
        to: null,
        heirs: true,
        mayReturn: unlessDoomed(seat, ownable),
      });
      return {
        ...dropping,
        needs: async ({ signal }) => ({ compensate: await toAskDoomed(seat, [ownable], signal) }),
        // Those without it are listed as well: what the host's copies write on them is taken off again by the way back.
        forecast: async (work) =>
          one.managed === 'true' || (await dropping.forecast(work)).effect === 'none'
            ? { effect: 'unknown', why: 'it is noted, so that the way back can tell', touches: [] }
            : dropping.forecast(work),
        run: async (work, before) => (before.value === 'false' ? dropping.run(work, before) : undefined),
        verify: async () => {},
      };
    },
  ),
  remedy: `Clear the cause, then roll back once more. Put label ${managedLabel} back by hand only where the host places that object on the member: elsewhere ${managedLabel}=true has it deleted.`,
});

const adoptable = ({ objects }: AdoptSurvey) =>
  objects.map(({ kind, name, uid }) => ({ resource: managedResource(kind), name, uid }));

/** What it takes to hold them against kubefed. */
const toHold = async (known: Known, survey: AdoptSurvey): Promise<readonly Right[]> => {
  const kinds = new Set(adoptable(survey).map(({ resource }) => resource));
  return toPatch(await memberOf(known), ...kinds);
};
/** What it takes to see that the host has nothing of them any more. */
const toForget = ({ env }: Known, survey: AdoptSurvey): readonly Right[] => {
  const kinds = new Set<string>(survey.objects.map(({ kind }) => kind));
  return toWatch(
    env.host,
    ...federatedKinds.filter(({ target }) => kinds.has(target.kind)).map((one) => one.federated),
  );
};

/** The host gets a template of that name, placed nowhere yet. */
export const create = defineStep<Surveyed, FederationEnv>()({
  name: 'create',
  title: 'The host gets a workspace of that name, placed nowhere yet',
  ...operates<Surveyed, null, void>(async (known) => {
    const { input, survey } = known.state;
    if (survey === undefined) return undefined;
    const { manager, networkIsolation, annotations } = survey;
    const creating = createWorkspace(known.env.host, {
      ...{ name: input.name, manager, annotations },
      ...(networkIsolation !== null && { networkIsolation }),
      ...(survey.onHost && { existing: 'join' as const }),
    });
    const needs = await needsOf(creating, known);
    return {
      ...creating,
      needs: {
        ...needs,
        compensate: [...(needs.compensate ?? []), ...(await toHold(known, survey)), ...toForget(known, survey)],
      },
      async compensate(work, before, out) {
        // Else the roles that the host's copies took over would go with them.
        const member = await memberOf(known);
        await holdAdopted(work, member, adoptable(survey));
        await creating.compensate(work, before, out);
        await waitForgotten(work, known.env.host, input.name, adoptable(survey));
      },
    };
  }),
});

/** kubefed takes the Workspace over in place. */
export const place = defineStep<Surveyed, FederationEnv>()({
  name: 'place',
  title: 'Placed on the member: kubefed takes the Workspace over in place',
  ...operates<Surveyed, AdoptedBefore, void>(async (known) => {
    const { input, survey } = known.state;
    if (survey === undefined) return undefined;
    if (survey.already)
      return nothing<AdoptedBefore, void>({ clusters: [], spec: { manager: null, networkIsolation: null } }, undefined);
    const member = await memberOf(known);
    const adopting = adoptWorkspace(known.env.host, member, input.name, survey.uid);
    const needs = await needsOf(adopting, known);
    return {
      ...adopting,
      needs: { ...needs, compensate: [...(needs.compensate ?? []), ...(await toHold(known, survey))] },
      async compensate(work, before, out) {
        // Its roles and their bindings are placed wherever the Workspace is: what kubefed has of them would go as that shrinks.
        await holdAdopted(work, member, adoptable(survey));
        await adopting.compensate(work, before, out);
      },
    };
  }),
});

/** Deleting the member's own template would uninstall them (H1). */
export const detachApps = defineItemStep<Surveyed, FederationEnv>()({
  name: 'detach-apps',
  title: "Take the member's apps out of reach of its own template",
  ...operatesOnEach<Surveyed, WorkspaceApp, Label>(
    async ({ state: { survey } }) =>
      survey?.ownTemplate === true ? survey.apps.map((item) => ({ key: `${item.kind}/${item.name}`, item })) : [],
    async (known, app) =>
      setLabel(await memberOf(known), appResource(app.kind), app, { label: workspaceLabel, to: null, heirs: true }),
  ),
  remedy: `Put label ${workspaceLabel} back on that HelmRelease, HelmRepo or HelmApplication.`,
});
