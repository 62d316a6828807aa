import { describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/kube/connection.ts';
import type { Resource } from '../../../src/kube/objects.ts';
import type { KubeSphereCluster } from '../../../src/kubesphere/cluster.ts';
import { managedLabel } from '../../../src/kubesphere/names.ts';
import { type Needs, needsOf, type Operation } from '../../../src/modules/operation.ts';
import { detachCluster } from '../../../src/modules/operations/detach-cluster.ts';
import { deleteFederatedNamespace } from '../../../src/modules/operations/federated-namespace.ts';
import { expectCopies } from '../../../src/modules/operations/host-copies.ts';
import { importCluster } from '../../../src/modules/operations/import-cluster.ts';
import { placeWorkspace } from '../../../src/modules/operations/place-workspace.ts';
import { unbindFrom } from '../../../src/modules/placement/unbind-from.ts';
import type { Work } from '../../../src/modules/work.ts';

const work: Work = {
  signal: new AbortController().signal,
  log: { debug() {}, info() {}, warn() {}, error() {} },
  runId: 'run-1',
  confirmDriver: async () => {},
};

/** A cluster that answers every look at an object with `found`, and notes what was looked at. */
function lookedAt(name: string, looks: string[], found?: object): KubeSphereCluster {
  const find = async ({ plural }: Resource): Promise<unknown> => {
    looks.push(`${name}: get ${plural}`);
    return found;
  };
  const list = () => ({ toArray: async () => [] });
  const watch = async function* () {
    yield { type: 'synced', objects: [] };
  };
  const get = async (): Promise<unknown> => found;
  const connection = { find, get, list, listMetadata: list, watch } as unknown as Connection;
  return { name, uid: name, connection, dialect: {} } as unknown as KubeSphereCluster;
}

describe('what an operation needs besides its write', () => {
  it('has every look of the way back of a project that left with its workspace', async () => {
    const looks: string[] = [];
    const host = lookedAt('host', looks, { metadata: { uid: 'w' }, spec: { placement: {} } });
    const member = lookedAt('m', looks, { metadata: { uid: 'u', labels: { [managedLabel]: 'true' } } });
    const project = { cluster: 'm', name: 'p', uid: 'u', workspace: { name: 'w', uid: 'u' } };
    const unbinding = unbindFrom(host, member, project);
    await expect(unbinding.compensate(work, { workspace: 'w' }, undefined)).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
    });
    const { compensate = [] } = await needsOf(unbinding, work);
    const needed = compensate.map(({ cluster, verb, resource }) => `${cluster.name}: ${verb} ${resource.plural}`);
    expect(looks.toSorted()).toEqual([
      'host: get clusters',
      'host: get federatedworkspaces',
      'host: get kubefedclusters',
      'host: get workspacetemplates',
      'm: get namespaces',
      'm: get workspaces',
      'm: get workspaces',
    ]);
    // The project was read by the forecast: whoever may not do that comes to no write.
    expect(needed).toEqual(expect.arrayContaining(looks.filter((look) => look !== 'm: get namespaces')));
  });
});

describe('the way back of a placement on a member that nobody has opened', () => {
  it('needs to see whether kubefed has the member', async () => {
    const looks: string[] = [];
    const spec = { placement: { clusters: [{ name: 'm' }] } };
    const host = lookedAt('host', looks, { metadata: { uid: 'm' }, spec });
    const placing = placeWorkspace(host, 'w', 'm');
    await expect(placing.compensate(work, { clusters: [] }, undefined)).rejects.toMatchObject({ code: 'KEPT_AT_RISK' });
    expect(looks).toEqual(['host: get kubefedclusters']);
    const { compensate } = await needsOf(placing, work);
    expect(compensate).toMatchObject([{ verb: 'get', name: 'm', resource: { plural: 'kubefedclusters' } }]);
  });
});

/** What tells whether a host has a member. */
const held = ['get clusters', 'get kubefedclusters'];

describe('a member that two hosts must not have at once', () => {
  const seen = (name: string) => held.map((look) => `${name}: ${look}`);
  const kubeconfig = async (): Promise<string> => Promise.reject(new Error('nobody asks for it'));
  const refused = { code: 'KEPT_AT_RISK', message: expect.stringContaining('other holds cluster "m"') };
  const rightsOf = async <Before, Out>(operation: Operation<Before, Out>, of: keyof Needs): Promise<string[]> =>
    ((await needsOf(operation, work))[of] ?? [])
      .filter(({ name, verb }) => verb === 'get' && name === 'm')
      .map(({ cluster, verb, resource }) => `${cluster.name}: ${verb} ${resource.plural}`);

  it('is imported by whoever may see that the other has let go of it', async () => {
    const looks: string[] = [];
    const other = lookedAt('other', looks, {});
    const settings = { name: 'm', member: lookedAt('m', []), kubeconfig, proof: [], unlessHeldBy: other };
    const importing = importCluster(lookedAt('host', []), settings);
    await expect(importing.run(work, null)).rejects.toMatchObject(refused);
    expect(looks).toEqual(seen('other'));
    expect(await rightsOf(importing, 'verify')).toEqual(seen('other'));
  });

  it('is detached by whoever may see that it is, and that the other does not have it when it is taken back', async () => {
    const looks: string[] = [];
    const other = lookedAt('other', looks, {});
    const settings = { secrets: async () => Promise.reject(new Error('nobody asks for them')), unlessHeldBy: other };
    const detaching = detachCluster(lookedAt('host', looks, {}), 'm', 'uid', settings);
    await expect(detaching.verify(work, {} as never, null)).rejects.toMatchObject({ code: 'NOT_OBSERVED' });
    expect(looks.splice(0)).toEqual(seen('host'));
    expect(await rightsOf(detaching, 'verify')).toEqual(seen('host'));
    await expect(detaching.compensate(work, {} as never, undefined)).rejects.toMatchObject(refused);
    expect(looks).toEqual(seen('other'));
    expect(await rightsOf(detaching, 'compensate')).toEqual(seen('other'));
  });
});

describe('what a host sent to a member, and its account there', () => {
  it('are taken off again by whoever may find the account, and delete it', async () => {
    const looks: string[] = [];
    const arriving = expectCopies(lookedAt('m', looks), 'm', [lookedAt('host', looks)]);
    await arriving.compensate(work, { present: [] }, undefined);
    const { compensate = [] } = await needsOf(arriving, work);
    const asked = compensate
      .filter(({ name }) => name !== undefined)
      .map(({ cluster, verb, resource: { plural } }) => `${cluster.name}: ${verb} ${plural}`);
    const account = ['clusterrolebindings', 'clusterroles', 'serviceaccounts'];
    const seen = [...held.map((look) => `host: ${look}`), ...account.map((plural) => `m: get ${plural}`)];
    expect([...new Set(looks)].toSorted()).toEqual(seen);
    expect(asked.toSorted()).toEqual([...seen, ...account.map((plural) => `m: delete ${plural}`)].toSorted());
  });
});

describe('the deletion of a multi-cluster project', () => {
  it('is proven only once what was to go is gone everywhere', async () => {
    const wait = async (): Promise<void> => Promise.reject(new Error('a copy is left'));
    const left = { needs: async () => [], wait };
    const host = lookedAt('host', []);
    const deletion = deleteFederatedNamespace(host, { name: 'p', uid: 'p' }, async () => {}, left);
    await expect(deletion.verify(work, null, undefined)).rejects.toThrow('a copy is left');
  });
});
