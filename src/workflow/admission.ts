import { FederationError } from '../errors.ts';
import { canonical } from '../internal/digest.ts';
import type { Json } from '../types.ts';
import type { Element } from './definition.ts';
import { hasCaptured, isPastPivot, type RunState } from './state.ts';

/** What of a workflow a journal is compared with. */
interface Candidate {
  readonly name: string;
  readonly version: string;
  readonly steps: readonly string[];
  readonly elements: readonly Element[];
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
  if (canonical(opened.steps) !== canonical(workflow.steps)) throw changed(runId, state, 'its steps were others');
}

/**
 * Rule 5: `rollback` works with every version of the same major that still has each captured step.
 * @throws FederationError WORKFLOW_CHANGED, or PAST_PIVOT where the run only goes forward
 */
export function admitRollback(runId: string, state: RunState, workflow: Candidate): void {
  const { opened } = state;
  if (opened.workflow !== workflow.name)
    throw changed(runId, state, `it is of workflow "${opened.workflow}", not "${workflow.name}"`);
  if (major(opened.version) !== major(workflow.version))
    throw changed(runId, state, `it was begun with version ${opened.version}, and this is ${workflow.version}`);
  const kinds = new Map(workflow.elements.map(({ name, kind }) => [name, kind]));
  for (const [name, record] of state.steps)
    if (hasCaptured(record) && kinds.get(name) !== (record.items === undefined ? 'step' : 'items'))
      throw changed(runId, state, `this version has no step "${name}" of the same kind`);
  if (state.closed === 'completed')
    throw new FederationError(
      'PAST_PIVOT',
      `Run "${runId}" is completed; there is no way back. Undo it with a run of its own.`,
    );
  if (isPastPivot(state))
    throw new FederationError(
      'PAST_PIVOT',
      `Run "${runId}" has passed its pivot "${opened.pivot}" and only goes forward. Call resume() to finish it.`,
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

function changed(runId: string, { opened }: RunState, why: string): FederationError {
  return new FederationError(
    'WORKFLOW_CHANGED',
    `Run "${runId}" cannot be driven by this workflow: ${why}. Finish it with release ${opened.release} of this package and version ${opened.version} of workflow "${opened.workflow}".`,
  );
}

function major(version: string): string {
  return version.split('.')[0] ?? version;
}
