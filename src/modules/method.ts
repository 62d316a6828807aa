import { FederationError } from '../errors.ts';
import { deadline } from '../internal/signal.ts';
import { clusterJournal } from '../journal/cluster-journal.ts';
import { kubesphereNamespace } from '../kubesphere/names.ts';
import type { Change, Forecast, Touch } from '../workflow/change.ts';
import { compose, type Workflow } from '../workflow/compose.ts';
import type { Plan } from '../workflow/planned.ts';
import { release as version } from '../workflow/release.ts';
import { plan, run } from '../workflow/run.ts';
import { clusterByName, type FederationEnv } from './env.ts';
import { blockedBy, type WriteOptions, type Written } from './operation.ts';
import { assertRights, type ChangesToAllow, toMake } from './rights.ts';

/** Begins the workflow of a method of more than one write. Its world is the host; everything else is pinned by UID as it is captured. */
export function composeMethod<Input>(name: string) {
  return compose<Input, FederationEnv>({ name, version, identity: async ({ host }) => host.uid });
}

/**
 * Performs a method of more than one write: its workflow, from plan to end, under a journal. Where nothing is to be done nothing is
 * recorded. A dry run answers with the forecasts of all steps as one.
 *
 * @throws FederationError `PLAN_BLOCKED` where a step must not be done; `TIMEOUT` where `timeoutMs` is over; else the code of what failed, and `details.runId` names the run
 * that `resume` or `rollback` goes on with
 */
export async function performAll<Input, Out>(
  workflow: Workflow<Input, FederationEnv, Out>,
  input: Input,
  env: FederationEnv,
  what: string,
  options: WriteOptions = {},
): Promise<Written<Out | undefined>> {
  using limit = deadline(options, what);
  const { signal } = limit;
  // Asking for the dialect is what refuses a version that cannot be written.
  env.host.dialect;
  const planning = { env, signal, ...(options.retry !== undefined && { retry: options.retry }) };
  const foreseeing = plan(workflow, input, planning).catch((error: unknown) => {
    // Whoever called a method knows of no steps.
    throw FederationError.is(error) && FederationError.is(error.cause) ? error.cause : error;
  });
  if (options.dryRun === true)
    return { outcome: 'dry-run', forecast: await foreseeing.then((one) => wholeOf<Out>(one)).catch(blockedBy) };
  const planned = await foreseeing;
  const forecast = wholeOf<Out>(planned);
  if (forecast.effect === 'blocked')
    throw new FederationError('PLAN_BLOCKED', `${what}: ${forecast.why} ${forecast.remedy}`);
  if (forecast.effect === 'none') return { outcome: 'already', result: undefined, why: forecast.why };
  await assertRights(await toMake(clusterByName(env), writtenOf(planned), signal), signal, 'Nothing was written. ');
  const journal = options.journal ?? clusterJournal(env.host.connection, { namespace: kubesphereNamespace });
  const driving = await run(workflow, input, { env, journal, signal });
  if (options.onEvent !== undefined) driving.on('*', options.onEvent);
  try {
    return { outcome: 'changed', result: await driving.result(), runId: driving.id };
  } catch (error) {
    // The engine was asked to pause; that the call's time was over is known here alone.
    if (!FederationError.is(error, 'ABORTED') || !FederationError.is(signal.reason, 'TIMEOUT')) throw error;
    throw new FederationError('TIMEOUT', `${signal.reason.message} ${error.message}`, {
      cause: error,
      details: error.details ?? {},
    });
  }
}

const changesOf = ({ steps }: Plan): readonly Change[] =>
  steps.flatMap(({ forecast }) => (forecast.effect === 'change' ? forecast.changes : []));

/** What is written by the run itself: a step that cannot be undone also tells what controllers will do because of its first change. */
const writtenOf = ({ steps }: Plan): ChangesToAllow => ({
  undoable: steps.flatMap(({ forecast, undo }) =>
    forecast.effect === 'change' && undo === 'restores' ? forecast.changes : [],
  ),
  final: steps.flatMap(({ forecast, undo }) =>
    forecast.effect === 'change' && undo !== 'restores' ? forecast.changes.slice(0, 1) : [],
  ),
});

/** One forecast for a whole plan: blocked where any step is, every change otherwise, nothing only where no step has anything to do. */
function wholeOf<Out>(planned: Plan): Forecast<Out | undefined> {
  const { blocked, steps } = planned;
  const forecasts = steps.map(({ forecast }) => forecast);
  const reasons = blocked.flatMap(({ forecast }) => (forecast.effect === 'blocked' ? [forecast] : []));
  if (reasons.length > 0)
    return {
      effect: 'blocked',
      why: reasons.map(({ why }) => why).join(' '),
      remedy: [...new Set(reasons.map(({ remedy }) => remedy))].join(' '),
    };
  const changes = changesOf(planned);
  const touches = forecasts.flatMap((one): readonly Touch[] => (one.effect === 'unknown' ? one.touches : []));
  if (touches.length > 0)
    return {
      effect: 'unknown',
      why: 'What later steps do depends on what earlier ones find.',
      touches: [...changes.map(({ verb, resource: { kind } }) => ({ verb, kind })), ...touches],
    };
  if (changes.length > 0) return { effect: 'change', changes };
  // What item steps say of their lists is nothing that a caller asked about.
  const why = steps.flatMap(({ forecast, items }) =>
    forecast.effect === 'none' && items === undefined ? [forecast.why] : [],
  );
  return { effect: 'none', why: why.at(-1) ?? 'There is nothing to do.', out: undefined };
}
