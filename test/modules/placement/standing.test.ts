import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { managedLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { until } from '../../../src/testing/index.ts';
import { type Scene, startScene } from '../users/scene.ts';
import { isThere, listOf, team, watchOver } from './scene.ts';

let scene: Scene;
const clusters = () => scene.sandbox.clusters;
beforeAll(async () => {
  scene = await startScene();
}, 120_000);
afterEach(() => scene.sandbox.faults.clear());
afterAll(() => scene?.[Symbol.asyncDispose](), 60_000);

const lookBackMs = 150;
const keep = { projects: 'keep', lookBackMs } as const;
const nothingLost = (kept: number) => ({ lost: [], kept, contents: [] });

/** Host A's controllers do nothing about a placement, as if M were away: until this is lifted. */
const holdStill = () =>
  scene.sandbox.faults.add({ cluster: 'a', fault: { controller: ['kubefed', 'workspacetemplate'], down: true } });
/** Takes a workspace off M as a console does. */
const takenOff = (workspace: string) =>
  clusters().a.connection.patch(
    kubesphere.workspaceTemplates,
    { name: workspace },
    { type: 'merge', body: { spec: { placement: { clusters: [] } } } },
  );
const labelsOf = async (name: string) =>
  (await clusters().m.connection.get(core.namespaces, { name })).metadata.labels ?? {};
const released = (names: readonly string[]) => () =>
  Promise.all(names.map(labelsOf)).then((all) => all.every((labels) => labels[workspaceLabel] === undefined));

/** A workspace with projects on M, which somebody took off M while nobody could follow. */
async function takenOffMeanwhile(name: string, counts: { readonly plain?: number; readonly federated?: number } = {}) {
  const made = await team(clusters(), name, counts);
  const names = [...made.plain, ...made.federated];
  const watch = await watchOver(clusters(), names);
  const still = await holdStill();
  await takenOff(name);
  const goOn = async () => {
    await until('its projects are out of reach', released(names));
    await still[Symbol.asyncDispose]();
  };
  return { ...made, names, watch, still, goOn };
}

describe('a cluster that still has what is not placed there any more', { timeout: 60_000 }, () => {
  test.each([
    ['revoke', (name: string) => scene.federation.clusters.revoke('m', [name], keep)],
    ['setPlacement', (name: string) => scene.federation.workspaces.setPlacement(name, { clusters: [] }, keep)],
  ] as const)('leaves by %s: its projects are kept before kubefed follows', async (method, call) => {
    const name = `kept-by-${method.toLowerCase()}`;
    const { names, watch, goOn } = await takenOffMeanwhile(name, { plain: 2, federated: 1 });
    const [answer] = await Promise.all([call(name), goOn()]);
    expect([answer].flat()).toMatchObject([{ outcome: 'changed' }]);
    expect(await isThere(clusters().m, name)).toBe(false);
    await scene.sandbox.clock.rest();
    expect(await watch()).toEqual(nothingLost(names.length));
    expect([await call(name)].flat()).toMatchObject([{ outcome: 'already' }]);
  });

  test('needs a word on its projects, whatever else the placement becomes; a cluster that merely comes needs none', async () => {
    const { watch } = await takenOffMeanwhile('no-word');
    for (const there of [[], ['n']])
      await expect(scene.federation.workspaces.setPlacement('no-word', { clusters: there })).rejects.toMatchObject({
        code: 'INVALID',
        details: { field: 'projects' },
        message: expect.stringMatching(/leave m \(where it still is\)/),
      });
    const adding = scene.federation.clusters.authorize('n', ['no-word'], { dryRun: true });
    expect(await adding).toMatchObject([{ forecast: { effect: 'change' } }]);
    expect(await watch()).toEqual(nothingLost(1));
  });

  test('loses exactly what was named', async () => {
    const { plain, still } = await takenOffMeanwhile('lost', { plain: 2 });
    const { clusters: all } = scene.federation;
    const [first, second] = await listOf(clusters(), plain);
    if (first === undefined || second === undefined) throw new Error('two projects');
    const losing = (list: (typeof first)[]) => ({ projects: { delete: list }, lookBackMs });
    await expect(all.revoke('m', ['lost'], losing([first]))).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      details: { unlisted: [expect.stringContaining(second.name)], untaken: [] },
    });
    const onEvent = () => void still[Symbol.asyncDispose]();
    const answer = await all.revoke('m', ['lost'], losing([first, second]), { onEvent });
    expect(answer).toMatchObject([{ outcome: 'changed' }]);
    expect(await clusters().m.connection.find(core.namespaces, { name: first.name })).toBeUndefined();
  });

  test('is never taken for one that has nothing while it is silent; one that only comes elsewhere does not wait for it', async () => {
    await takenOffMeanwhile('silent');
    await scene.sandbox.faults.add({ cluster: 'm', fault: 'unreachable' });
    const options = { retry: false } as const;
    const { clusters: all, workspaces } = scene.federation;
    await expect(all.revoke('m', ['silent'], keep, options)).rejects.toMatchObject({
      cause: { code: 'UNREACHABLE', details: { clusters: ['m'] } },
    });
    for (const shrink of [keep, {}])
      await expect(workspaces.setPlacement('silent', { clusters: [] }, shrink, options)).rejects.toMatchObject({
        code: 'UNREACHABLE',
        details: { clusters: ['m'] },
      });
    const coming = await workspaces.setPlacement('silent', { clusters: ['n'] }, {}, { ...options, dryRun: true });
    expect(coming).toMatchObject({ forecast: { effect: 'change' } });
  });

  test('keeps the copy of a multi-cluster project, too', async () => {
    const { federated } = await team(clusters(), 'copies', { plain: 0, federated: 1 });
    const [name = ''] = federated;
    const watch = await watchOver(clusters(), federated);
    const still = await holdStill();
    const body = { spec: { placement: { clusters: [] } } };
    const at = { namespace: name, name };
    await clusters().a.connection.patch(kubesphere.federatedNamespaces, at, { type: 'merge', body });
    const { namespaces } = scene.federation;
    await expect(namespaces.setFederatedPlacement(name, { clusters: [] })).rejects.toMatchObject({ code: 'INVALID' });
    const keeping = namespaces.setFederatedPlacement(name, { clusters: [] }, keep);
    await until('the copy is released', async () => (await labelsOf(name))[managedLabel] === 'false');
    await still[Symbol.asyncDispose]();
    expect(await keeping).toMatchObject({ outcome: 'changed' });
    expect(await watch()).toEqual(nothingLost(1));
  });
});

describe('a call that is made again because what it wrote was not seen to come true', { timeout: 60_000 }, () => {
  test.each([
    ['authorize', (name: string, options: object) => scene.federation.clusters.authorize('m', [name], options)],
    [
      'setPlacement',
      (name: string, options: object) =>
        scene.federation.workspaces.setPlacement(name, { clusters: ['m'] }, {}, options),
    ],
  ] as const)('%s waits for the workspace once more', async (method, call) => {
    const name = `comes-by-${method.toLowerCase()}`;
    await team(clusters(), name, { clusters: [], plain: 0 });
    const still = await holdStill();
    const code = { code: expect.stringMatching(/TIMEOUT|BATCH_FAILED/) };
    for (const _ of ['written', 'written already'])
      await expect(call(name, { timeoutMs: 1_000 })).rejects.toMatchObject(code);
    const { spec } = await clusters().a.connection.get(kubesphere.workspaceTemplates, { name });
    expect(spec.placement).toEqual({ clusters: [{ name: 'm' }] });
    expect([await call(name, { dryRun: true })].flat()).toMatchObject([
      { forecast: { effect: 'unknown', why: expect.stringMatching(/yet to follow on m/) } },
    ]);
    const coming = call(name, {});
    await still[Symbol.asyncDispose]();
    await coming;
    expect(await isThere(clusters().m, name)).toBe(true);
    expect([await call(name, {})].flat()).toMatchObject([{ outcome: 'already' }]);
  });
});
