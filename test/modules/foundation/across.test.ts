import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import type { KubeSphereCluster } from '../../../src/kubesphere/cluster.ts';
import { askClusters, askEveryCluster, clusterNames } from '../../../src/modules/across.ts';
import type { CallOptions } from '../../../src/types.ts';
import { sandboxGround } from '../../grounds.ts';
import { type ModuleWorld, startWorld } from '../kit/world.ts';

let world: ModuleWorld;
beforeAll(async () => {
  world = await startWorld(sandboxGround);
}, 120_000);
afterEach(() => world.calm());
afterAll(() => world[Symbol.asyncDispose]());

const uid = async ({ connection }: KubeSphereCluster, options: CallOptions): Promise<string> =>
  (await connection.get(core.namespaces, { name: 'kube-system' }, options)).metadata.uid;

describe('a question to all clusters', () => {
  it('is asked of the host and of every member, by the names that they go by', async () => {
    expect([...(await clusterNames(world.federation))].sort()).toEqual(['a', 'm', 'n']);
    const answers = await askClusters(world.federation, uid);
    expect(new Set(answers.map((one) => one.answered && one.value)).size).toBe(3);
  });

  it('is asked of all of them: what would select among them is refused, or is nothing to it', async () => {
    const { namespaces, users, workspaces } = world.federation;
    const select = { labelSelector: 'no=cluster', fieldSelector: 'metadata.name=none' } as CallOptions;
    expect([...(await clusterNames(world.federation, select))].sort()).toEqual(['a', 'm', 'n']);
    const answers = await askClusters(world.federation, uid, select);
    expect(answers.map(({ answered }) => answered)).toEqual([true, true, true]);
    const refused = { code: 'INVALID', details: { field: 'labelSelector' } };
    for (const asking of [
      async () => namespaces.listAcross({}, select),
      () => workspaces.drift(select),
      () => users.syncStatus('ann', select),
      () => world.federation.overview(select),
    ])
      await expect(asking()).rejects.toMatchObject(refused);
  });

  it('names the one that does not answer, and has the answers of the others', async () => {
    world.proxies.n.hinder(() => 'refused');
    const answers = await askClusters(world.federation, uid, { retry: false });
    expect(answers.map(({ cluster, answered }) => `${cluster} ${answered}`).sort()).toEqual([
      'a true',
      'm true',
      'n false',
    ]);
    expect(answers.find(({ cluster }) => cluster === 'n')).toMatchObject({ error: { code: 'UNREACHABLE' } });
  });

  it('has no answer for a guard while one cluster is silent', async () => {
    expect((await askEveryCluster(world.federation, 'Shrinking', uid)).size).toBe(3);
    world.proxies.n.hinder(() => 'refused');
    await expect(askEveryCluster(world.federation, 'Shrinking', uid, { retry: false })).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(/^Shrinking needs an answer of every cluster, and n gave none/),
      details: { clusters: ['n'] },
    });
    expect((await askEveryCluster(world.federation, 'Shrinking', uid, { clusters: ['m'] })).size).toBe(1);
  });

  it('ends as a whole when it is aborted', async () => {
    const signal = AbortSignal.abort();
    await expect(askClusters(world.federation, uid, { signal })).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
