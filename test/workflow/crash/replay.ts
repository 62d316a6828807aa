import type { Scenario } from './scenario.ts';
import { Case, surviveAs } from './survive.ts';

/** Runs one scenario and prints what the journal and the world saw of it. */
export async function replay(scenario: Scenario): Promise<void> {
  const it = new Case(scenario);
  try {
    console.log(await surviveAs(it));
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
  for (const [index, text] of it.durable.records.entries()) {
    const { at: _at, driver, plan: _plan, ...rest } = JSON.parse(text);
    console.log(`${index + 1}`.padStart(4), String(driver).slice(0, 4), JSON.stringify(rest).slice(0, 240));
  }
  for (const { by, name, from, to } of it.durable.writes)
    console.log(`process ${by.process}, ${by.role} ${by.step}: ${name} ${from} -> ${to}`);
}
