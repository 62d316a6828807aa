import type { JournalStore } from '../../src/workflow/journal.ts';
import { type Env, World } from './world.ts';

/** A process that dies at one of its appends or effects, before or after it takes effect: from then on nothing it waits for ever ends. */
export interface MortalProcess {
  readonly journal: JournalStore;
  readonly env: Env;
  /** Resolves when it dies. */
  readonly death: Promise<'died'>;
}

/** A process over `journal` and `world` that dies at its point number `dieAt`, counted from 1. */
export function mortalProcess(journal: JournalStore, world: World, dieAt: number): MortalProcess {
  const death = Promise.withResolvers<'died'>();
  let points = 0;
  const isDead = (): boolean => points >= dieAt;
  const alive = async <T>(work: () => Promise<T>): Promise<T> => (isDead() ? new Promise<T>(() => undefined) : work());
  const point = async (): Promise<void> => {
    if (!isDead()) points += 1;
    if (!isDead()) return;
    death.resolve('died');
    await new Promise(() => undefined);
  };
  const own = new World({}, world);
  own.around = point;
  return {
    death: death.promise,
    env: { world: own },
    journal: {
      ...journal,
      append: async (runId, seq, entry) => {
        await point();
        await journal.append(runId, seq, entry);
        await point();
      },
      claim: async (...args) => {
        const claim = await alive(() => journal.claim(...args));
        return {
          ...claim,
          renew: (options) => alive(() => claim.renew(options)),
          [Symbol.asyncDispose]: () => alive(async () => claim[Symbol.asyncDispose]()),
        };
      },
    },
  };
}
