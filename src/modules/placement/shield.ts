import type { Forecast } from '../../workflow/change.ts';
import { piece } from '../../workflow/compose.ts';
import { defineItemStep, defineStep } from '../../workflow/step.ts';
import { refOf } from '../changes.ts';
import type { FederationEnv } from '../env.ts';
import type { Operation } from '../operation.ts';
import { assertSafeToLift, type Form, lowerShield, type Shielded, shieldForm, shieldId, toLower } from '../shield.ts';
import { parts } from '../shield-forms.ts';
import { operatesOnEach } from '../steps.ts';
import { assertAlive } from './last-look.ts';
import type { LeavingProjects } from './survey.ts';

/** What is kept on a cluster. */
export interface Kept {
  readonly cluster: string;
  readonly names: readonly string[];
}

/** Kept namespaces, cluster by cluster; clusters without any are left out. */
export function keptOn(survey: LeavingProjects | undefined): readonly { readonly key: string; readonly item: Kept }[] {
  return (survey?.clusters ?? []).flatMap(({ cluster, plain, federated }) => {
    const names = [...plain, ...federated].map(({ name }) => name);
    return names.length === 0 ? [] : [{ key: cluster, item: { cluster, names } }];
  });
}

/** The shield of a run over what it keeps on a cluster: no other run's. */
export function shieldOf(runId: string, { names }: Kept): Shielded {
  return { id: `keep-${shieldId([runId])}`, namespaces: names, workspaces: [] };
}

/** What {@link lowerShields} needs: `releaseProjects` came before. */
export interface Guarded {
  readonly input: unknown;
  readonly survey: LeavingProjects;
  readonly 'shield-up': unknown;
}

/** From here on the run only goes forward: what is left is to lower the shield. */
const settled = defineStep<Guarded, FederationEnv>()({
  name: 'settled',
  title: 'Everything that is kept lives',
  pivot: true,
  irreversible: 'the clusters have let go of it',
  forecast: async () => ({ effect: 'unknown', why: 'everything that is kept is looked at', touches: [] }),
  run: async ({ state, env, signal }) => assertAlive(env, state.survey, signal),
});

const form = async (
  env: FederationEnv,
  cluster: string,
  signal: AbortSignal,
): Promise<{ readonly form: Form; readonly at: Awaited<ReturnType<FederationEnv['member']>> }> => {
  const at = await env.member(cluster, { signal });
  return { at, form: await shieldForm(at, signal) };
};

/** Takes the run's own shield down, once no kept namespace has an owner that is gone or going. */
function lowering(env: FederationEnv, runId: string, kept: Kept): Operation<null, void> {
  const shielded = shieldOf(runId, kept);
  return {
    async forecast({ signal }): Promise<Forecast<void>> {
      const { at, form: made } = await form(env, kept.cluster, signal);
      return {
        effect: 'change',
        changes: parts(made, shielded).map(({ resource, name }) => ({
          verb: 'delete',
          resource: refOf(at.name, resource, { name }),
          before: {},
          after: null,
        })),
      };
    },
    capture: async () => null,
    async run(work) {
      const { at, form: made } = await form(env, kept.cluster, work.signal);
      await assertSafeToLift(work, at, shielded.namespaces);
      await lowerShield(work, at, { ...shielded, form: made }, work.runId);
    },
    async needs({ signal }) {
      const { at, form: made } = await form(env, kept.cluster, signal);
      return { verify: await toLower(at, made, shielded, signal) };
    },
    verify: async () => {},
    compensate: async () => {},
  };
}

/** The last step: the shield goes. After a pivot, whatever that is. */
export const shieldDown = defineItemStep<Guarded, FederationEnv>()({
  name: 'shield-down',
  title: 'Shield down',
  irreversible: 'the clusters have let go of it',
  ...operatesOnEach<Guarded, Kept, null>(
    async ({ state }) => keptOn(state.survey),
    async ({ env, runId }, kept) => lowering(env, runId, kept),
  ),
  retry: { retries: 5, minDelayMs: 1_000 },
});

/** What has to come after `releaseProjects`, once the clusters were left: a last look at everything kept, and the shield goes. */
export const lowerShields = piece<Guarded, FederationEnv>().step(settled).each(shieldDown);
