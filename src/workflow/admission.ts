import { FederationError } from '../errors.ts';
import { canonical } from '../internal/digest.ts';
import type { Json } from '../types.ts';
import type { Outline } from './outline.ts';
import { release } from './release.ts';
import { hasCaptured, isPastPivot, type RunState } from './state.ts';

/** What of a workflow a journal is compared with. */
interface Candidate {
  readonly name: string;
  readonly version: string;
  readonly steps: readonly Outline[];
}

/**
 * Rule 5: `resume` goes on with the very same workflow only.
 * @throws FederationError WORKFLOW_CHANGED
 */
export function admitResume(runId: string, state: RunState, workflow: Candidate): void {
  const { opened } = state;
  if (state.undoing !== undefined) {
    admitRollback(runId, state, workflow);
    return;
  }
  if (opened.workflow !== workflow.name)
    throw changed(runId, state, `it is of workflow "${opened.workflow}", not "${workflow.name}"`);
  if (opened.version !== workflow.version)
    throw changed(runId, state, `it was begun with version ${opened.version}, and this is ${workflow.version}`);
  const others = Math.max(opened.steps.length, workflow.steps.length);
  for (let index = 0; index < others; index += 1) {
    const [was, is] = [opened.steps[index], workflow.steps[index]];
    if (deciding(was) !== deciding(is))
      throw changed(runId, state, `its step ${index + 1} was ${words(was)}, and here it is ${words(is)}`);
  }
}

/**
 * Rule 5: `rollback` works with every version of the same major that still has each captured step and can undo it as it was to be.
 * @throws FederationError WORKFLOW_CHANGED, or PAST_PIVOT where the run only goes forward
 */
export function admitRollback(runId: string, state: RunState, workflow: Candidate): void {
  const { opened } = state;
  if (opened.workflow !== workflow.name)
    throw changed(runId, state, `it is of workflow "${opened.workflow}", not "${workflow.name}"`);
  if (major(opened.version) !== major(workflow.version))
    throw changed(runId, state, `it was begun with version ${opened.version}, and this is ${workflow.version}`);
  const now = new Map(workflow.steps.map((step) => [step.name, step]));
  for (const { name, kind, undo } of opened.steps) {
    if (!hasCaptured(state.steps.get(name))) continue;
    const is = now.get(name);
    if (is?.kind !== kind) throw changed(runId, state, `this version has no step "${name}" of the same kind`);
    if (undo === 'restores' && is.undo !== undo) throw changed(runId, state, `this version cannot undo step "${name}"`);
  }
  if (state.closed === 'completed')
    throw new FederationError(
      'PAST_PIVOT',
      `Run "${runId}" is completed; there is no way back. Undo it with a run of its own.`,
    );
  if (isPastPivot(state))
    throw new FederationError(
      'PAST_PIVOT',
      `Run "${runId}" has passed its pivot "${opened.steps.find((step) => step.pivot)?.name}" and only goes forward. Call resume() to finish it.`,
    );
}

/**
 * Rule 5: a run is driven on only in the world it was begun in.
 * @throws FederationError ENV_CHANGED
 */
export function admitWorld(runId: string, state: RunState, identity: Json): void {
  if (canonical(state.opened.identity) === canonical(identity)) return;
  throw new FederationError(
    'ENV_CHANGED',
    `Run "${runId}" was begun in another world (${canonical(state.opened.identity)}, here it is ${canonical(identity)}). Give it the connections it was begun with.`,
  );
}

/** What of a step a run was decided by; its title may change. */
function deciding(step: Outline | undefined): string {
  if (step === undefined) return '';
  const { title: _, ...rest } = step;
  return canonical(rest);
}

function words(step: Outline | undefined): string {
  if (step === undefined) return 'none';
  const { kind, name, undo, undoNeeds, pivot } = step;
  const what = { step: 'a single step', items: 'a step over items', gate: 'a gate' }[kind];
  const needs = undoNeeds.length > 0 ? `, undo needs ${undoNeeds.join(', ')}` : '';
  return `"${name}" (${what}${kind === 'gate' ? '' : `, ${undo}`}${needs}${pivot ? ', pivot' : ''})`;
}

function changed(runId: string, { opened }: RunState, why: string): FederationError {
  const ours = opened.release === release ? '' : `release ${opened.release} of this package and `;
  return new FederationError(
    'WORKFLOW_CHANGED',
    `Run "${runId}" cannot be driven by this workflow: ${why}. Finish it with ${ours}version ${opened.version} of workflow "${opened.workflow}", as it was when the run was begun.`,
  );
}

function major(version: string): string {
  return version.split('.')[0] ?? version;
}
