import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Resource } from '../../../src/kube/objects.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { team, watchOver } from '../placement/scene.ts';
import { type Scene, startScene } from '../users/scene.ts';

let scene: Scene;
let still: AsyncDisposable;
const clusters = () => scene.sandbox.clusters;
const names = ['selected', 'shrunk', 'sound'] as const;
beforeAll(async () => {
  scene = await startScene();
  for (const name of names) await team(clusters(), name);
  // As if M were away: what is taken off it is on it still.
  still = await scene.sandbox.faults.add({
    cluster: 'a',
    fault: { controller: ['kubefed', 'workspacetemplate'], down: true },
  });
  const place = (kind: Resource, name: string, placement: object) =>
    clusters().a.connection.patch(kind, { name }, { type: 'merge', body: { spec: { placement } } });
  const none = { clusters: null, clusterSelector: { matchLabels: { tier: 'none' } } };
  await place(kubesphere.workspaceTemplates as Resource, 'selected', none);
  for (const kind of [kubesphere.workspaceTemplates, kubesphere.federatedWorkspaces])
    await place(kind as Resource, 'shrunk', { clusters: [] });
}, 120_000);
afterAll(() => scene?.[Symbol.asyncDispose](), 60_000);

describe('a Workspace of a member that its host does not place there', { timeout: 60_000 }, () => {
  test('is drift, and says why it is about to be deleted', async () => {
    const [m] = (await scene.federation.workspaces.drift()).filter(({ cluster }) => cluster === 'm');
    expect(m).toMatchObject({
      answered: true,
      value: [
        {
          name: 'selected',
          sameNameOnHost: true,
          managed: true,
          projects: [{ name: 'selected-p-1' }],
          unplaced: expect.stringMatching(/"selected" does not place it on m/),
        },
        { name: 'shrunk', unplaced: expect.stringMatching(/"shrunk" does not place it on m/) },
      ],
    });
  });

  test('is not adopted already: by a selector that does not take the member it cannot be', async () => {
    const { workspaces } = scene.federation;
    await expect(workspaces.adopt({ cluster: 'm', name: 'selected', existing: 'join' })).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/placed by a selector/),
    });
    expect(await workspaces.adopt({ cluster: 'm', name: 'sound' })).toMatchObject({ outcome: 'already' });
  });

  test('is adopted by placing it there, under a shield until kubefed was told', async () => {
    const { workspaces } = scene.federation;
    const adoption = { cluster: 'm', name: 'shrunk', existing: 'join' } as const;
    const watch = await watchOver(clusters(), ['shrunk-p-1']);
    await expect(workspaces.adopt(adoption, { timeoutMs: 3_000 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    const again = workspaces.adopt(adoption, {});
    await still[Symbol.asyncDispose]();
    await again;
    expect(await workspaces.adopt(adoption)).toMatchObject({ outcome: 'already' });
    await scene.sandbox.clock.rest();
    expect(await watch()).toEqual({ lost: [], kept: 1, contents: [] });
  });
});
