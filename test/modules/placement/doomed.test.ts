import { describe, expect, test } from 'vitest';
import type { ObjectName, Resource } from '../../../src/kube/objects.ts';
import type { KubeSphereCluster } from '../../../src/kubesphere/cluster.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { type Ownable, toAskDoomed, unlessDoomed } from '../../../src/modules/placement/doomed.ts';

const { signal } = new AbortController();
const here = { spec: { placement: { clusters: [{ name: 'm' }] } } };
const elsewhere = { spec: { placement: { clusters: [{ name: 'n' }] } } };
const bySelector = { spec: { placement: { clusterSelector: { matchLabels: { tier: 'gold' } } } } };
const going = { ...here, metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } };
type Objects = Readonly<Record<string, object>>;

/** A host that has these objects, by `Kind name`, and has let go of the member. */
function hostWith(objects: Objects, asked: string[] = []): KubeSphereCluster {
  const find = async ({ kind }: Resource, { name }: ObjectName) => {
    asked.push(kind);
    const found = objects[`${kind} ${name}`];
    return found === undefined ? undefined : { metadata: {}, ...found };
  };
  const resources = async () => [kubesphere.federatedConfigMaps];
  return { name: 'a', connection: { find, resources } } as unknown as KubeSphereCluster;
}
const seat = (objects: Objects, labels: Readonly<Record<string, string>> = {}) => ({
  host: hostWith(objects),
  cluster: 'm',
  labels,
});

const workspace = { kind: 'Workspace', namespace: null, name: 'w' };
const namespace = { kind: 'Namespace', namespace: null, name: 'p' };
const settings = { kind: 'ConfigMap', namespace: 'p', name: 's' };
const user = { kind: 'User', namespace: null, name: 'u' };
const quota = { kind: 'ResourceQuota', namespace: 'p', name: 'q' };

describe('an object of a member that gets kubefed’s mark back', () => {
  test.each<[string, Ownable, Objects]>([
    ['a Workspace that is placed there', workspace, { 'WorkspaceTemplate w': here, 'FederatedWorkspace w': here }],
    ['a Workspace that the host no longer has: only the mark is taken off', workspace, {}],
    ['a Workspace whose template has not gone on yet', workspace, { 'WorkspaceTemplate w': here }],
    ['a Namespace that is placed there', namespace, { 'FederatedNamespace p': here }],
    ['a Namespace that the host no longer has', namespace, {}],
    [
      'an object that is placed there with its namespace',
      settings,
      { 'FederatedConfigMap s': here, 'FederatedNamespace p': here },
    ],
    ['an object without a counterpart, whatever its namespace', settings, { 'FederatedNamespace p': elsewhere }],
    ['an object of a kind that the host does not federate', quota, { 'FederatedNamespace p': elsewhere }],
    ['what is nobody’s project', user, { 'FederatedUser u': elsewhere }],
  ])('may have it: %s', async (_what, object, objects) => {
    await expect(unlessDoomed(seat(objects), object)('true', signal)).resolves.toBeUndefined();
  });

  test.each<[RegExp, Ownable, Objects]>([
    [
      /WorkspaceTemplate "w" does not place/,
      workspace,
      { 'WorkspaceTemplate w': elsewhere, 'FederatedWorkspace w': here },
    ],
    [/WorkspaceTemplate "w" does not place/, workspace, { 'WorkspaceTemplate w': elsewhere }],
    [
      /FederatedWorkspace "w" does not place/,
      workspace,
      { 'WorkspaceTemplate w': here, 'FederatedWorkspace w': elsewhere },
    ],
    [/FederatedWorkspace "w" is being deleted/, workspace, { 'FederatedWorkspace w': going }],
    [/FederatedNamespace "p" does not place/, namespace, { 'FederatedNamespace p': elsewhere }],
    [/FederatedNamespace "p" is being deleted/, namespace, { 'FederatedNamespace p': going }],
    [
      /FederatedConfigMap "s" does not place/,
      settings,
      { 'FederatedConfigMap s': elsewhere, 'FederatedNamespace p': here },
    ],
    [
      /FederatedNamespace "p" does not place/,
      settings,
      { 'FederatedConfigMap s': here, 'FederatedNamespace p': elsewhere },
    ],
    [/FederatedNamespace "p" is not there/, settings, { 'FederatedConfigMap s': here }],
  ])('may not have it: %s', async (why, object, objects) => {
    await expect(unlessDoomed(seat(objects), object)('true', signal)).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(why),
    });
    await expect(unlessDoomed(seat(objects), object)('false', signal)).resolves.toBeUndefined();
  });

  test('by a selector only where the labels that the cluster will have again are known to match', async () => {
    const ask = (labels?: Readonly<Record<string, string>>) => {
      const { host, cluster } = seat({ 'FederatedNamespace p': bySelector });
      return unlessDoomed({ host, cluster, ...(labels && { labels }) }, namespace)('true', signal);
    };
    await expect(ask({ tier: 'gold' })).resolves.toBeUndefined();
    for (const labels of [{ tier: 'iron' }, {}, undefined])
      await expect(ask(labels)).rejects.toMatchObject({ code: 'KEPT_AT_RISK' });
  });

  test.each([workspace, namespace, settings])('takes the right to look at all that decides: $kind', async (object) => {
    const asked: string[] = [];
    const all = ['WorkspaceTemplate w', 'FederatedWorkspace w', 'FederatedNamespace p', 'FederatedConfigMap s'];
    const host = hostWith(Object.fromEntries(all.map((name) => [name, here])), asked);
    await unlessDoomed({ host, cluster: 'm', labels: {} }, object)('true', signal);
    const rights = await toAskDoomed({ host, cluster: 'm' }, [object, user, quota], signal);
    const kinds = rights.map(({ resource }) => (resource as Resource).kind);
    expect(kinds.toSorted()).toEqual(asked.toSorted());
  });
});
