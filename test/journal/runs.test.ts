import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/workflow/journal.ts';
import { resume, rollback, run } from '../../src/workflow/run.ts';
import { setItems, setStep, World, workflowOf } from '../workflow/world.ts';
import { all, type Bench, bench } from './kit.ts';

let on: Bench;
beforeEach(async () => {
  on = await bench();
});
afterEach(() => on[Symbol.asyncDispose]());

const steps = [setStep('one', 'a', '1'), setItems('many', { k1: '1', k2: '1', k3: '1' }), setStep('two', 'b', '1')];
const workflow = workflowOf(steps);
const isAppend = ({ verb, resource }: { readonly verb: string; readonly resource: string }): boolean =>
  verb === 'create' && resource === 'configmaps';
const typesOf = (entries: readonly JournalEntry[]): string[] => entries.map(({ type }) => type);

describe('a run in a journal on a cluster', () => {
  it('is recorded once, though now and then the answer to an append is lost', async () => {
    let appends = 0;
    on.server.intercept((request) => {
      if (!isAppend(request)) return undefined;
      appends += 1;
      return appends % 4 === 0 ? 'reset-after' : undefined;
    });
    const world = new World();
    const handle = await run(workflow, {}, { env: { world }, journal: on.open(), runId: 'r' });
    expect(await handle.settled()).toMatchObject({ state: 'completed' });
    const quiet = await run(
      workflow,
      {},
      { env: { world: new World() }, journal: on.open(undefined, 'default'), runId: 'r' },
    );
    await quiet.settled();
    expect(typesOf(await all(on.open().read('r')))).toEqual(
      typesOf(await all(on.open(undefined, 'default').read('r'))),
    );
    expect(world.writes).toHaveLength(5);
  });

  it('pauses where the API server no longer takes records, and is driven on when it does', async () => {
    let refuse = false;
    on.server.intercept((request) =>
      refuse && isAppend(request)
        ? { status: 403, body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', code: 403 } }
        : undefined,
    );
    const world = new World();
    const handle = await run(workflow, {}, { env: { world }, journal: on.open(), runId: 'r' });
    handle.on('step:completed', ({ step }) => {
      refuse = step === 'one';
    });
    expect(await handle.settled()).toMatchObject({ state: 'paused', error: { code: 'FORBIDDEN' } });
    expect(world.values()).toEqual({ a: '1' });
    refuse = false;
    const again = await resume(workflow, 'r', { env: { world }, journal: on.open() });
    expect(await again.settled()).toMatchObject({ state: 'completed' });
  });

  it('is rolled back by another', async () => {
    const world = new World();
    const broken = workflowOf([
      ...steps.slice(0, 2),
      setStep('two', 'b', '1', { run: async () => Promise.reject(new Error('no')) }),
    ]);
    const options = { env: { world }, runId: 'r', onFailure: 'pause' } as const;
    const handle = await run(broken, {}, { ...options, journal: on.open() });
    expect(await handle.settled()).toMatchObject({ state: 'paused' });
    const back = await rollback(workflow, 'r', { env: { world }, journal: on.open() });
    expect(await back.settled()).toMatchObject({ state: 'rolled-back' });
    expect(world.values()).toEqual({});
  });
});
