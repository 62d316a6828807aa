import type { Forecast } from '../../workflow/change.ts';
import { defineStep } from '../../workflow/step.ts';
import type { FederationEnv } from '../env.ts';
import { assertNotKept, keptFromDeletion } from '../kept-from-deletion.ts';
import { composeMethod } from '../method.ts';
import { editPlacement, type PlacementBefore } from '../operations/edit-placement.ts';
import { operates } from '../steps.ts';
import { assertExactly, differences, mismatch } from './agreed.ts';
import type { ProjectAt } from './input.ts';
import { assertNothingGoes } from './last-look.ts';
import { seeLeft } from './left.ts';
import { blockedOn, obstaclesToLeaving } from './obstacles.ts';
import { type Released, type ReleaseInput, releaseProjects } from './release.ts';
import { lowerShields } from './shield.ts';
import type { PlacementEdit } from './subject.ts';
import { type LeavingProjects, refuseSystemNamespaces, surveyLeaving } from './survey.ts';

/** What a workflow that makes a placement smaller starts from. */
export interface ShrinkInput extends ReleaseInput {
  readonly edit: PlacementEdit;
}

interface Keeping extends Released {
  readonly input: ShrinkInput;
}

const shrinkKeeping = defineStep<Keeping, FederationEnv>()({
  name: 'place',
  title: 'Take it off the clusters',
  ...operates<Keeping, PlacementBefore, void>(async ({ state: { input, survey: found }, env }) =>
    found === undefined
      ? undefined
      : editPlacement(env, {
          subject: input.subject,
          edit: input.edit,
          mayLeave: input.leaving,
          lastLook: ({ signal }) => assertNothingGoes(env, input.subject, found, signal),
          left: seeLeft(env, input.subject, found, 'keep'),
        }),
  ),
  remedy: 'Look at the placement, and set it with workspaces.setPlacement or namespaces.setFederatedPlacement.',
});

/** Makes a placement smaller, and nothing is lost. */
export const shrinkKeep = composeMethod<ShrinkInput>('shrink-placement-keep')
  .include(releaseProjects)
  .step(shrinkKeeping)
  .include(lowerShields)
  .returns(() => undefined);

/** A deletion that was agreed to. */
export interface AgreedInput extends ReleaseInput {
  /** Exactly what goes. */
  readonly delete: readonly ProjectAt[];
}

/** What {@link shrinkDelete} starts from. */
export interface ShrinkDeleteInput extends AgreedInput {
  readonly edit: PlacementEdit;
}

interface Deleting {
  readonly input: AgreedInput;
}

/** Refuses a list that is not exactly what would be deleted. */
export const agree = defineStep<Deleting, FederationEnv>()({
  name: 'agree',
  title: 'What would be deleted is exactly what was agreed to',
  readOnly: true,
  forecast: async ({ state: { input }, env, signal }): Promise<Forecast<LeavingProjects>> => {
    const found = await surveyLeaving(env, input.subject, input.leaving, { ...input, signal });
    refuseSystemNamespaces(found);
    const wrong = mismatch(differences(env, found, input.delete));
    const against = [
      ...obstaclesToLeaving(found, input.subject.name, 'delete'),
      ...(wrong === undefined
        ? []
        : [
            {
              why: `The list is not exactly what would be deleted: ${wrong}.`,
              remedy: 'Look at each of them, then call again with a list of exactly those.',
            },
          ]),
    ];
    if (against.length > 0) return blockedOn(against);
    const kept = await keptFromDeletion(env, input.delete, signal);
    if (kept.length > 0) return blockedOn(kept);
    return { effect: 'none', why: `${input.delete.length} project(s) go, as agreed`, out: found };
  },
  run: async ({ state: { input }, env, signal }): Promise<LeavingProjects> =>
    surveyLeaving(env, input.subject, input.leaving, { ...input, signal }),
});

interface Agreed {
  readonly input: ShrinkDeleteInput;
  readonly agree: LeavingProjects;
}

const shrinkDeleting = defineStep<Agreed, FederationEnv>()({
  name: 'place',
  title: 'Take it off the clusters; what is there is deleted',
  pivot: true,
  irreversible: 'nobody brings back what is deleted',
  ...operates<Agreed, PlacementBefore, void>(
    async ({ state: { input, agree: found }, env }) =>
      found === undefined
        ? undefined
        : editPlacement(env, {
            subject: input.subject,
            edit: input.edit,
            mayLeave: input.leaving,
            lastLook: async ({ signal }) => {
              await assertNotKept(env, input.delete, signal);
              await assertExactly(env, input.subject, input.leaving, input.delete, { ...input, signal });
            },
            left: seeLeft(env, input.subject, found, 'delete'),
          }),
    { undone: false },
  ),
});

/** Makes a placement smaller, and exactly what was agreed to is lost. */
export const shrinkDelete = composeMethod<ShrinkDeleteInput>('shrink-placement-delete')
  .step(agree)
  .step(shrinkDeleting)
  .returns(() => undefined);
