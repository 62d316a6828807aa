import { createEngine } from '../../../src/workflow/engine.ts';
import type { Outcome } from '../../../src/workflow/handle.ts';
import type { JournalStore } from '../../../src/workflow/journal.ts';
import { systemClock } from '../../../src/workflow/time.ts';
import { FileWorld } from './file-world.ts';
import { settingAll } from './workflow.ts';

/** What a driver is to do. */
export interface Drive {
  readonly verb: 'run' | 'resume' | 'rollback';
  /** Directory of the world. */
  readonly world: string;
  readonly journal: JournalStore;
  /** Told before and after every write to world and journal. */
  readonly moment?: () => Promise<void>;
}

/** Drives run "r" until it rests. */
export async function drive({
  verb,
  world,
  journal,
  moment = async () => undefined,
}: Drive): Promise<Outcome<unknown>> {
  const engine = createEngine({ clock: systemClock, graceMs: 5_000, groupSize: 3 });
  const watched: JournalStore = {
    ...journal,
    async append(...args) {
      await moment();
      await journal.append(...args);
      await moment();
    },
  };
  const options = { env: { world: new FileWorld(world), tell: moment }, journal: watched };
  const handle =
    verb === 'run'
      ? await engine.run(settingAll, null, { ...options, runId: 'r' })
      : await engine[verb](settingAll, 'r', options);
  return handle.settled();
}
