import { FederationError } from '../errors.ts';
import { traced, tracing } from '../internal/tracing.ts';
import type { CallOptions, Json, Logger } from '../types.ts';
import { attempted } from './attempts.ts';
import type { Forecast } from './change.ts';
import type { Workflow } from './compose.ts';
import { fingerprintOf } from './deciding.ts';
import type { Element } from './definition.ts';
import type { Context, Tuning } from './drive.ts';
import { explain } from './failure.ts';
import { forecastOf, listedItems, together } from './foresee.ts';
import type { Plan, PlannedGate, PlannedStep } from './planned.ts';
import { addResult, beginResults, type Results } from './results.ts';

/** What planning works with. */
interface Planning {
  readonly input: Json;
  readonly identity: Json;
  readonly env: unknown;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly tuning: Tuning;
  readonly retry: CallOptions['retry'];
}

/** Asks every step in turn what it would do, giving each what the earlier ones expect to yield. Reads only. */
export async function makePlan<I, E, O>(workflow: Workflow<I, E, O>, planning: Planning): Promise<Plan> {
  const { name, version } = workflow;
  const { elements } = workflow['~definition'];
  const state = beginResults(planning.input);
  const steps: PlannedStep[] = [];
  const gates: PlannedGate[] = [];
  let forwardOnly = false;
  for (const element of elements) {
    if (element.kind === 'gate') {
      gates.push({ name: element.name, title: element.title, after: steps.at(-1)?.name ?? null });
      continue;
    }
    const { step } = element;
    const pivot = 'pivot' in step && step.pivot === true;
    forwardOnly ||= pivot;
    const seen = await foresee(element, state, planning);
    addResult(state, element.name, expected(seen.forecast));
    steps.push({
      name: element.name,
      title: step.title,
      ...seen,
      undo: undoOf(step, seen.forecast, forwardOnly),
      pivot,
    });
  }
  const fingerprint = fingerprintOf(
    { workflow: name, version, input: planning.input, identity: planning.identity },
    steps,
  );
  const blocked = steps.filter(({ forecast }) => forecast.effect === 'blocked');
  return { workflow: name, version, fingerprint, steps, gates, blocked };
}

/**
 * Refuses a plan that cannot be carried out, naming every blocker at once.
 * @throws FederationError PLAN_BLOCKED
 */
export function refuseBlocked({ workflow, blocked }: Plan): void {
  if (blocked.length === 0) return;
  const all = blocked.flatMap(({ name, forecast }) =>
    forecast.effect === 'blocked' ? [{ step: name, why: forecast.why, remedy: forecast.remedy }] : [],
  );
  const text = all.map(({ step, why, remedy }) => `- ${step}: ${why} ${remedy}`).join('\n');
  throw new FederationError(
    'PLAN_BLOCKED',
    `Workflow "${workflow}" cannot run now; nothing was touched. Clear these first:\n${text}`,
    { details: { blocked: all } },
  );
}

async function foresee(
  element: Exclude<Element, { readonly kind: 'gate' }>,
  state: Results,
  { env, log, signal, tuning, retry }: Planning,
): Promise<Pick<PlannedStep, 'forecast' | 'items'>> {
  const { name, step } = element;
  const { clock, graceMs } = tuning;
  const limits = { signal, clock, graceMs, timeoutMs: step.timeoutMs, retry: step.retry ?? retry };
  const { runId, epoch } = idle;
  const ask = <T>(call: 'forecast' | 'items', what: string, work: (ctx: Context) => Promise<T>): Promise<T> =>
    attempted(
      (own, attempt) =>
        traced(
          tracing.step,
          () => ({ runId, step: name, call, attempt, epoch }),
          () => work({ ...idle, state, env, log, signal: own, attempt }),
        ),
      { what, ...limits },
    );
  try {
    if (element.kind === 'step')
      return { forecast: await ask('forecast', 'The forecast', (ctx) => forecastOf(element.step, ctx)) };
    const listed = await ask('items', 'The list of items', (ctx) => listedItems(element.step, ctx));
    const items = listed.map(({ key, forecast }) => ({ key, forecast }));
    return { forecast: together(items), items };
  } catch (error) {
    throw explain(error, `Step "${name}" while planning`);
  }
}

/** Nobody drives while planning. */
const idle = {
  runId: 'plan',
  epoch: 0,
  confirmDriver: async (): Promise<void> => undefined,
  progress: (): void => undefined,
};

function expected(forecast: Forecast<unknown>): unknown {
  if (forecast.effect === 'none') return forecast.out;
  return forecast.effect === 'change' ? forecast.expects : undefined;
}

function undoOf(
  step: Exclude<Element, { readonly kind: 'gate' }>['step'],
  forecast: Forecast<unknown>,
  forwardOnly: boolean,
): PlannedStep['undo'] {
  if ('readOnly' in step) return 'reads only';
  if ('irreversible' in step) return { irreversible: step.irreversible };
  if (forwardOnly) return { irreversible: 'From the pivot on the run only goes forward.' };
  if ('unseen' in step) return { unseen: step.unseen };
  return forecast.effect === 'unknown' ? { unseen: forecast.why } : 'restores';
}
