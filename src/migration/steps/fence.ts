import { sweepEpochs, toSweepEpochs } from '../../modules/marks.ts';
import { runAndVerify } from '../../modules/operation.ts';
import { removeStayed } from '../../modules/operations/host-copies.ts';
import { discardParked } from '../../modules/parking.ts';
import { defineStep, type StepContext } from '../../workflow/step.ts';
import { parkedAs } from '../credentials.ts';
import { clustersOf, type MigrationEnv } from '../env.ts';
import { assertFence, lowerFence, markPivot, raiseFence } from '../fence.ts';
import { foreseeAllowed, looks, type Surveyed, tellLost, touching } from '../writing.ts';
import { everyWrite } from './shield.ts';

/** The marks of drivers go from every cluster, and last of all the fence. */
async function endOfRun(ctx: StepContext<Surveyed, MigrationEnv>): Promise<void> {
  for (const cluster of clustersOf(ctx.env)) await sweepEpochs(ctx, cluster);
  await lowerFence(ctx, ctx.env.member);
}

/** What {@link endOfRun} reads. */
const toEnd = async ({ env, signal }: Pick<StepContext<unknown, MigrationEnv>, 'env' | 'signal'>) =>
  (await Promise.all(clustersOf(env).map((cluster) => toSweepEpochs(cluster, signal)))).flat();

/** One run at a time moves a member. */
export const fence = defineStep<Surveyed, MigrationEnv>()({
  name: 'fence',
  title: 'Fence: this run alone moves the member',
  ...looks,
  forecast: async (ctx) =>
    foreseeAllowed({ ...raiseFence(ctx.env), needs: async () => ({ compensate: await toEnd(ctx) }) }, ctx),
  run: async (ctx) => {
    await runAndVerify(raiseFence(ctx.env), ctx, null);
    await assertFence(ctx, ctx.env);
  },
  compensate: async (ctx) => {
    await tellLost(ctx);
    // Last, for nobody undoes a shield a second time: what it takes is asked for with the arrivals.
    await removeStayed({ ...ctx, assertHeld: () => assertFence(ctx, ctx.env) }, ctx.env.member);
    await endOfRun(ctx);
  },
  remedy: 'Clear the residue of the other steps first, then roll back once more.',
  // Undo stands on all of them; 'tidy', which is never undone, is named so that no composition leaves it out.
  undoNeeds: ['shield-up', ...everyWrite, 'tidy'],
});

/** From here on there is no way back: the member is the new host's. */
export const pivot = defineStep<Surveyed, MigrationEnv>()({
  name: 'pivot',
  title: 'Pivot: from here on the member belongs to the new host',
  pivot: true,
  irreversible: 'everything was verified; what follows only cleans up',
  ...looks,
  // A driver that died in between has marked the fence already.
  touch: touching(true),
  forecast: (ctx) => markPivot(ctx.env).forecast(ctx),
  // Everything was looked at just before; from here on a project may join again.
  run: async (ctx) => {
    await assertFence(ctx, ctx.env, true);
    await runAndVerify(markPivot(ctx.env), ctx, null);
  },
});

/** Takes away what only the run needed: parked secrets, the fence. */
export const tidy = defineStep<Surveyed, MigrationEnv>()({
  name: 'tidy',
  title: 'Tidy up: parked secrets and fence go',
  irreversible: 'the run is over',
  ...looks,
  forecast: async () => ({
    effect: 'unknown',
    why: 'what this run parked, its fence, and the annotations of its drivers go',
    touches: [
      { verb: 'delete', kind: 'Secret' },
      { verb: 'delete', kind: 'ConfigMap' },
    ],
  }),
  run: async (ctx) => {
    const { source, member } = ctx.env;
    if (source !== undefined) await discardParked(ctx, source.host, parkedAs(ctx.env));
    await discardParked(ctx, member, parkedAs(ctx.env));
    await endOfRun(ctx);
  },
});
