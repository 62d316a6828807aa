import { createEngine } from '../../src/workflow/engine.ts';
import type { Outcome } from '../../src/workflow/handle.ts';
import type { JournalStore } from '../../src/workflow/journal.ts';
import type { Approval } from '../../src/workflow/options.ts';
import type { VirtualTime } from '../workflow/virtual-time.ts';
import { type FixtureEnv, fixture } from './fixture.ts';

/** One drive of the fixture. */
export interface Drive {
  readonly verb: 'run' | 'resume' | 'rollback';
  readonly approve?: readonly Approval[];
}
/** Where a drive takes place. */
export interface Place {
  readonly journal: JournalStore;
  readonly time: VirtualTime;
  readonly env: FixtureEnv;
}
type End = Outcome<{ readonly was: string | null; readonly labelled: number }>;

/** The run that every kept journal is of. */
export const runId = 'kept';

/** Drives the fixture's run until it rests, or `until` settles. */
export async function drive(
  { verb, approve = [] }: Drive,
  { journal, time, env }: Place,
  until: Promise<never> = new Promise(() => undefined),
): Promise<End> {
  const engine = createEngine({ clock: time.clock, graceMs: 1_000, groupSize: 2 });
  const options = { env, journal };
  const begin = () => {
    if (verb === 'run') return engine.run(fixture, { host: 'b' }, { ...options, runId });
    return verb === 'resume'
      ? engine.resume(fixture, runId, { ...options, approve })
      : engine.rollback(fixture, runId, options);
  };
  return time.until(Promise.race([begin().then((run) => run.settled()), until]));
}

/** Resumes, and approves whatever a gate shows, until the run is at its end. */
export async function finish(place: Place): Promise<End> {
  let end = await drive({ verb: 'resume' }, place);
  if (end.state === 'paused' && end.gate !== undefined) {
    const { name, fingerprint } = end.gate;
    end = await drive({ verb: 'resume', approve: [{ gate: name, by: 'the test', fingerprint }] }, place);
  }
  return end;
}
