import { startApiServer } from '../../src/testing/server/server.ts';
import type { Case } from './case.ts';
import { createFixtures } from './fixtures.ts';
import type { Outcome } from './play.ts';
import { playAll } from './playing.ts';
import { Target } from './target.ts';

/** Plays cases on an API server of the sandbox. */
export async function playOnSandbox(cases: readonly Case[]): Promise<Map<string, Outcome>> {
  await using server = await startApiServer({ name: 'sandbox', speed: 10 });
  await using target = new Target(server.kubeconfig, () => server.compact());
  await createFixtures(target);
  return await playAll(target, cases, 16);
}
