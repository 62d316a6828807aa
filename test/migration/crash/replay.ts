import { newTally } from '../../workflow/crash/hunt.ts';
import type { Scenario } from './scenario.ts';
import { tried } from './search.ts';
import { startWorld } from './world.ts';

/** Plays one scenario by itself and prints its journal; what is found wrong is an exit code of 1. */
export async function replayMigration(scenario: Scenario): Promise<void> {
  await using world = await startWorld(1);
  const found = await tried(world, scenario, newTally(), ({ outcome, records }) => {
    for (const [index, { at: _at, driver: _driver, ...rest }] of records.entries())
      console.log(`${index + 1}`.padStart(4), JSON.stringify(rest).slice(0, 200));
    console.log(outcome.state);
  });
  if (found === undefined) return;
  console.error(found);
  process.exitCode = 1;
}
