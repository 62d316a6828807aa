import { afterAll, beforeAll, expect, test } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { core } from '../../../src/kube/resources.ts';
import { workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import type { BatchProgress } from '../../../src/modules/batch.ts';
import { sandboxGround } from '../../grounds.ts';
import { type ModuleWorld, reader, startWorld } from '../kit/world.ts';
import { projectOnM, strayOnM, workspaceOnM } from './specs/start.ts';

let world: ModuleWorld;
let workspace = '';
beforeAll(async () => {
  world = await startWorld(sandboxGround);
  workspace = await workspaceOnM(world);
}, 120_000);
afterAll(() => world?.[Symbol.asyncDispose](), 60_000);

const m = () => world.clusters.m.connection;
interface Outcome {
  readonly item: { readonly name: string };
  readonly outcome: string;
  readonly error?: { readonly code: string };
}
async function outcomesOf(calling: Promise<unknown>): Promise<{ error: FederationError; items: readonly Outcome[] }> {
  const error = await calling.catch((reason: unknown) => reason);
  if (!FederationError.is(error, 'BATCH_FAILED')) throw new Error(`It should have failed for some: ${String(error)}`);
  return { error, items: (error.details as unknown as { readonly items: readonly Outcome[] }).items };
}

test('300 projects are bound in one call; two that cannot be are named, and the others are done', {
  timeout: 300_000,
}, async () => {
  const other = await workspaceOnM(world);
  const { name: taken } = await projectOnM(world, other);
  const names = Array.from({ length: 298 }, (_, index) => `many-${index}`);
  await Promise.all(names.map((name) => m().create(core.namespaces, { metadata: { name } })));
  const told: BatchProgress[] = [];
  const { error, items } = await outcomesOf(
    world.federation.namespaces.bind(
      { cluster: 'm', names: [...names, taken, 'ghost'], workspace },
      { concurrency: 16, onProgress: (progress) => told.push(progress) },
    ),
  );
  expect(error.message).toMatch(/2 of 300 failed.*Unbind it there first.*ghost/);
  expect(items.map(({ item }) => item.name)).toEqual([...names, taken, 'ghost']);
  expect(items.slice(0, 298).every(({ outcome }) => outcome === 'changed')).toBe(true);
  expect(items.slice(298).map(({ outcome, error: why }) => [outcome, why?.code])).toEqual([
    ['failed', 'PLAN_BLOCKED'],
    ['failed', 'NOT_FOUND'],
  ]);
  expect(told).toHaveLength(300);
  expect(told.at(-1)).toEqual({ done: 298, failed: 2, total: 300 });
  const owner = await m().get(kubesphere.workspaces, { name: workspace });
  const bound = await m()
    .list(core.namespaces, { labelSelector: `${workspaceLabel}=${workspace}` })
    .toArray();
  const owned = bound.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid));
  expect(owned).toHaveLength(298);
});

test('without rights, without a way there, without time: each item says why, and nothing is changed', {
  timeout: 60_000,
}, async () => {
  const names = [(await strayOnM(world)).name, (await strayOnM(world)).name];
  const call = (options: object) => world.federation.namespaces.bind({ cluster: 'm', names, workspace }, options);
  const codes = async (calling: Promise<unknown>) => (await outcomesOf(calling)).items.map(({ error }) => error?.code);
  for (const each of Object.values(world.proxies)) each.actAs(reader);
  expect(await codes(call({}))).toEqual(['FORBIDDEN', 'FORBIDDEN']);
  world.calm();
  world.proxies.m.hinder(() => 'refused');
  expect(await codes(call({ retry: false }))).toEqual(['UNREACHABLE', 'UNREACHABLE']);
  world.calm();
  expect(await codes(call({ signal: AbortSignal.abort() }))).toEqual(['ABORTED', 'ABORTED']);
  for (const name of names)
    expect((await m().get(core.namespaces, { name })).metadata.labels ?? {}).not.toHaveProperty([workspaceLabel]);
});

test('an empty list is nothing to do', async () => {
  expect(await world.federation.namespaces.bind({ cluster: 'm', names: [], workspace })).toEqual([]);
});
