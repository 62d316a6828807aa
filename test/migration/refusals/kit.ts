import { afterAll, beforeAll, expect, vi } from 'vitest';
import type { MigrationEnv } from '../../../src/migration/env.ts';
import type { MigrationInput } from '../../../src/migration/input.ts';
import { memberMigration } from '../../../src/migration/member-migration.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { run } from '../../../src/workflow/run.ts';
import { type FaultyCluster, recordWrites, type Scene, sandboxScene } from '../kit.ts';

export const background = { propagationPolicy: 'Background' } as const;
export const all: MigrationInput = { retain: 'all' };

vi.setConfig({ testTimeout: 120_000 });
export let scene: Scene<FaultyCluster>;
beforeAll(async () => {
  scene = await sandboxScene({ workspaces: { 'team-a': 2, 'team-b': 1 } });
}, 120_000);
afterAll(() => scene[Symbol.asyncDispose]());

/** The error of a run that must not begin; proves that nothing was written and nothing journalled. */
export async function refused(input: MigrationInput, changes: Partial<MigrationEnv> = {}) {
  using recorder = recordWrites(scene);
  const journal = memoryJournal();
  const outcome = await run(memberMigration, input, { env: scene.env(changes), journal }).catch(
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(Error);
  expect(recorder.writes).toEqual([]);
  for await (const id of journal.runs()) expect.fail(`run ${id} was begun`);
  return outcome;
}

/** Runs `work` while an object exists that should not. */
export async function during(
  create: () => Promise<unknown>,
  remove: () => Promise<unknown>,
  work: () => Promise<void>,
) {
  await create();
  try {
    await work();
  } finally {
    await remove();
  }
}

/** Asserts that the plan is blocked for this reason, with a remedy. */
export async function blocked(
  code: string,
  message: RegExp,
  input: MigrationInput = all,
  changes: Partial<MigrationEnv> = {},
) {
  const error = await refused(input, changes);
  expect(error).toMatchObject({ code: 'PLAN_BLOCKED', message: expect.stringMatching(message) });
  expect(String(error)).toContain(`[${code}]`);
}
