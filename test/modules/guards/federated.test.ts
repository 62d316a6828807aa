import { describe, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import type { KubeSphereCluster } from '../../../src/kubesphere/cluster.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { deleteProject } from '../../../src/modules/operations/delete-project.ts';
import {
  createFederatedNamespace,
  createHostNamespace,
  deleteHostNamespace,
} from '../../../src/modules/operations/federated-namespace.ts';
import { cluster, given, onceAnswered, ours, refusal, there, work } from './kit.ts';

const name = 'multi';
const at = { namespace: name, name };
const resource = kubesphere.federatedNamespaces;
const nowhere = { spec: { template: {}, placement: { clusters: [] } } };
/** Somebody makes a multi-cluster project of it: kubefed would adopt what has its name on members. */
const federate = () => given(resource, at, nowhere);

/** While the closure is read, which takes seconds. */
const duringClosure = (act: () => Promise<unknown>) => onceAnswered('resources', () => true, act);
const stays = async () => {
  expect((await cluster.connection.get(core.namespaces, { name })).metadata.deletionTimestamp).toBeUndefined();
};

/** The namespace, and its deletion as a plain project, through that way to its cluster; `kept` says what protects it. */
async function plainProject(kept: () => readonly string[] = () => []) {
  const { uid } = await given(core.namespaces, { name });
  const contents = { objects: {}, claims: [], apps: [] };
  return (host: KubeSphereCluster) =>
    deleteProject(
      host,
      { name, uid },
      {
        assertMayGo: () => {},
        keptBy: async () => kept(),
        madeAgainBy: async () => undefined,
        contents: async () => contents,
      },
    ).run(work, contents);
}
const federated = refusal('KEPT_AT_RISK', /holds FederatedNamespace "multi".*every member/);

describe('what comes at the last moment', () => {
  test('keeps a namespace that is deleted as a plain one: a FederatedNamespace, a protection', async () => {
    let kept: readonly string[] = [];
    const deleting = await plainProject(() => kept);
    const protect = async () => {
      kept = ['shield x'];
    };
    await expect(deleting(duringClosure(protect))).rejects.toMatchObject(refusal('KEPT_AT_RISK', /protected/));
    kept = [];
    await expect(deleting(duringClosure(federate))).rejects.toMatchObject(federated);
    await stays();
  });

  test('keeps it, too, where the FederatedNamespace comes once the state to delete was read', async () => {
    const deleting = await plainProject();
    const asRead = onceAnswered('find', ({ plural }) => plural === core.namespaces.plural, federate);
    await expect(deleting(asRead)).rejects.toMatchObject(federated);
    await stays();
  });

  test("keeps the host's own namespace of one that was deleted", async () => {
    const { uid } = await given(core.namespaces, { name });
    await expect(deleteHostNamespace(duringClosure(federate), { name, uid }).run(work, null)).rejects.toMatchObject(
      refusal('WORLD_MOVED', /there is a FederatedNamespace "multi" again.*was not deleted/),
    );
    await stays();
  });

  test('keeps the one that this run made, and takes back', async () => {
    await given(core.namespaces, { name, annotations: ours } as never);
    const last = onceAnswered(
      'listMetadata',
      ({ plural }, options) => plural === resource.plural && options?.namespace === name,
      federate,
    );
    const making = createHostNamespace(last, { name, workspace: 'w' });
    await expect(making.compensate(work, null, undefined)).rejects.toMatchObject(
      refusal('WORLD_MOVED', /there is a FederatedNamespace "multi" again/),
    );
    await stays();
  });
});

describe('a multi-cluster project that is taken back', () => {
  test.each([
    ['by name', { clusters: [{ name: 'm' }] }, /placed on m by now/],
    ['by a selector', { clusters: null, clusterSelector: {} }, /placed by a selector by now/],
  ])('stays where somebody places it at the last moment, %s', async (_how, placement, message) => {
    await given(core.namespaces, { name });
    await given(resource, { ...at, annotations: ours } as never, nowhere);
    const place = () => cluster.connection.patch(resource, at, { type: 'merge', body: { spec: { placement } } });
    const placed = onceAnswered('find', ({ plural }) => plural === resource.plural, place);
    const making = createFederatedNamespace(placed, { name, workspace: 'w' });
    await expect(making.compensate(work, null, undefined)).rejects.toMatchObject(refusal('KEPT_AT_RISK', message));
    expect((await cluster.connection.get(resource, at)).metadata.deletionTimestamp).toBeUndefined();
  });

  test('goes while it is placed nowhere', async () => {
    await given(core.namespaces, { name });
    await given(resource, { ...at, annotations: ours } as never, nowhere);
    await createFederatedNamespace(cluster, { name, workspace: 'w' }).compensate(work, null, undefined);
    expect(await there(resource, name, name)).toBe(false);
  });
});
