import { afterAll, beforeAll, expect, test } from 'vitest';
import { managedLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { createProjects, until } from '../../../src/testing/index.ts';
import { watchOver } from '../placement/scene.ts';
import { type Scene, startScene } from '../users/scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
}, 120_000);
afterAll(() => scene?.[Symbol.asyncDispose](), 60_000);

test('a workspace that the host has no more and a member has is not deleted already, and its projects stay in it', async () => {
  const { m } = scene.sandbox.clusters;
  // It would soon let go of what has no counterpart on its host.
  const still = await scene.sandbox.faults.add({ cluster: 'a', fault: { controller: 'kubefed', down: true } });
  const labels = { [managedLabel]: 'true' };
  await m.connection.create(kubesphere.workspaces, { metadata: { name: 'left', labels }, spec: { manager: 'ann' } });
  await createProjects(m.connection, { workspace: 'left', names: ['left-web'], creator: 'ann' });
  const watch = await watchOver(scene.sandbox.clusters, ['left-web']);
  const { workspaces } = scene.federation;
  const keep = { projects: 'keep', apps: 'keep', lookBackMs: 150 } as const;
  const why = /on m still, with its projects/;
  expect(await workspaces.delete('left', keep, { dryRun: true })).toMatchObject({
    forecast: { effect: 'blocked', why: expect.stringMatching(why) },
  });
  await expect(workspaces.delete('left', keep)).rejects.toMatchObject({
    code: 'PLAN_BLOCKED',
    message: expect.stringMatching(/workspaces\.adopt/),
  });
  expect(await m.connection.find(kubesphere.workspaces, { name: 'left' })).toBeDefined();
  await still[Symbol.asyncDispose]();
  await until('kubefed let go of it', async () => {
    const { metadata } = await m.connection.get(kubesphere.workspaces, { name: 'left' });
    return metadata.labels?.[managedLabel] === undefined;
  });
  expect(await workspaces.delete('left', keep)).toMatchObject({
    outcome: 'already',
    why: expect.stringMatching(/m has one of its own, which stays with its projects/),
  });
  // What the message said is done about it.
  expect(await workspaces.adopt({ cluster: 'm', name: 'left' })).toMatchObject({ outcome: 'changed' });
  expect(await workspaces.delete('left', keep)).toMatchObject({ outcome: 'changed' });
  expect(await m.connection.find(kubesphere.workspaces, { name: 'left' })).toBeUndefined();
  expect(await watch()).toEqual({ lost: [], kept: 1, contents: [] });
  expect(await workspaces.delete('left', keep)).toMatchObject({ outcome: 'already' });
});
