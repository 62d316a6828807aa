import { describe, expect, test } from 'vitest';
import type { Connection } from '../../../src/kube/connection.ts';
import { core } from '../../../src/kube/resources.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { protectProjects, unprotectProjects } from '../../../src/modules/operations/protect-projects.ts';
import { unfindable } from '../../../src/modules/shield.ts';
import { parts } from '../../../src/modules/shield-forms.ts';
import { background, cluster, given, work } from './kit.ts';

const shielded = { id: 'kept', namespaces: ['n1'], workspaces: ['w'] };

/** All objects of the shield; its bindings only warn where `actions` says so. */
async function objectsOfShield(actions: readonly string[]): Promise<void> {
  await given(core.namespaces, { name: 'n1' });
  await given(kubesphere.workspaces, { name: 'w' });
  for (const { resource, name, body } of parts('policy', shielded)) {
    const changed = 'policyName' in (body.spec ?? {}) ? { spec: { ...body.spec, validationActions: actions } } : body;
    await given(resource, { name }, changed);
  }
}
const deletion = () =>
  cluster.connection.delete(core.namespaces, { name: 'n1' }, { ...background, dryRun: true }).then(
    () => 'accepted',
    () => 'refused',
  );

describe('what is protected already', () => {
  test('is what a shield refuses to delete', async () => {
    await objectsOfShield(['Deny']);
    await expect.poll(deletion).toBe('refused');
    expect(await protectProjects(cluster, shielded).forecast(work)).toMatchObject({ effect: 'none' });
  });

  test('is not what its objects are there for and keep nothing: it is proven once more, and fails', async () => {
    await objectsOfShield(['Warn']);
    const protecting = protectProjects(cluster, shielded);
    expect(await protecting.forecast(work)).toMatchObject({ effect: 'unknown', touches: [] });
    const before = await protecting.capture(work);
    const out = await protecting.run(work, before);
    const soon = { ...work, signal: AbortSignal.timeout(500) };
    await expect(protecting.verify(soon, before, out)).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

test('a namespace that no shield can find is not protected, and nothing is written', async () => {
  const without: readonly object[] = [{ metadata: { name: 'n1', uid: 'u', labels: {} } }];
  const old = {
    ...cluster,
    connection: {
      find: async () => without[0],
      resources: async () => [],
      listMetadata: async function* () {
        yield* without;
      },
    } as unknown as Connection,
  };
  const why = /n1 lack label kubernetes\.io\/metadata\.name/;
  expect(await unfindable(old, ['n1'], work.signal)).toMatchObject({ why: expect.stringMatching(why) });
  expect(await protectProjects(old, shielded).forecast(work)).toMatchObject({
    effect: 'blocked',
    why: expect.stringMatching(why),
  });
  expect(await unfindable(cluster, ['default'], work.signal)).toBeUndefined();
});

test('whoever takes a protection of other names down is told which there is, of Workspaces, too', async () => {
  await objectsOfShield(['Deny']);
  const forecast = await unprotectProjects(cluster, { id: 'other', namespaces: [], workspaces: ['w'] }).forecast(work);
  expect(forecast).toMatchObject({ effect: 'blocked', why: expect.stringMatching(/kept: n1, Workspace w/) });
});
