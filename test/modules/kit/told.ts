import { expect } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import type { WriteOptions } from '../../../src/modules/operation.ts';
import type { RunEvent } from '../../../src/workflow/events.ts';
import { type AnyMethodSpec, isRead } from './method.ts';
import { leaksIn } from './secrets.ts';
import type { ModuleWorld } from './world.ts';

/**
 * Calls a method, and keeps all that it says: its answer or its error, and every event of its run. Where the answer is the secret that was
 * asked for, that alone is left out.
 */
export async function heard(
  world: ModuleWorld,
  spec: AnyMethodSpec,
  call: (options: WriteOptions) => Promise<unknown>,
  options: WriteOptions = {},
): Promise<unknown> {
  const onEvent = (event: RunEvent): void => world.tell(event);
  const calling = call({ ...(isRead(spec) ? {} : { onEvent }), ...options });
  const [settled] = await Promise.allSettled([calling]);
  if (settled.status === 'rejected' || spec.answerIsSecret === undefined) world.tell(settled);
  // Else its events would be scanned nowhere.
  if (settled.status === 'fulfilled' && isOfRun(settled.value)) {
    const { runId } = settled.value;
    expect(world.told.some((text) => text.includes("'run:completed'") && text.includes(runId))).toBe(true);
  }
  return calling;
}

const isOfRun = (answer: unknown): answer is { readonly runId: string } =>
  typeof answer === 'object' && answer !== null && 'runId' in answer;

/** Sees that no secret was told by `calls` calls or more, or logged, and that none is in a journal on the host. */
export async function expectNothingTold(world: ModuleWorld, calls: number): Promise<void> {
  const { connection } = world.clusters.a;
  const journal = { namespace: 'kubesphere-system', labelSelector: 'kubesphere-federation/journal' };
  for (const { metadata, data } of await connection.list(core.configMaps, journal).toArray())
    world.tell([metadata.name, data]);
  const secrets = await world.secrets();
  expect(leaksIn([`it says ${secrets[0]}`], secrets)).toEqual(['it says <a secret>']);
  expect(world.told.length).toBeGreaterThanOrEqual(calls);
  expect(leaksIn(world.told, secrets)).toEqual([]);
}
