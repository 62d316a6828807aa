import type { CallOptions, Logger } from '../types.ts';
import type { JournalStore } from './journal.ts';
import type { Plan } from './planned.ts';

/** How a workflow is planned. */
export interface PlanOptions<Env> extends Pick<CallOptions, 'signal'> {
  /** Of what fails while planning, for steps that do not say it themselves. @defaultValue four repeats */
  readonly retry?: CallOptions['retry'];
  readonly env: Env;
  readonly logger?: Logger;
}

/** How a run is driven. */
export interface DriveOptions<Env> {
  readonly env: Env;
  readonly journal: JournalStore;
  readonly logger?: Logger;
  /** Aborting pauses. Undo runs under its own signal. */
  readonly signal?: AbortSignal;
}

/** How a run is begun. */
export interface RunOptions<Env> extends DriveOptions<Env> {
  /** Up to 63 lower-case letters, digits and "-". @defaultValue a random one */
  readonly runId?: string;
  /** Held to at every step: `PLAN_STALE` where the world has moved since. */
  readonly plan?: Plan;
  /**
   * What a failure before the pivot leads to; kept in the journal. A time limit or an unreachable cluster always pauses.
   * @defaultValue 'rollback'
   */
  readonly onFailure?: 'rollback' | 'pause';
}

/** What somebody agrees to: `fingerprint` is that of what the gate showed; where it shows something else now, that is `PLAN_STALE`. */
export interface Approval {
  readonly gate: string;
  readonly by: string;
  readonly fingerprint: string;
}

/** How a run is driven on. */
export interface ResumeOptions<Env> extends DriveOptions<Env> {
  readonly approve?: readonly Approval[];
}
