import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import type { Connection } from '../../src/kube/connection.ts';
import { core } from '../../src/kube/resources.ts';
import { type KubeSphereCluster, openCluster } from '../../src/kubesphere/cluster.ts';
import { deletionClosure } from '../../src/modules/closure.ts';
import { throughKinds } from '../../src/modules/found.ts';
import { othersIn } from '../../src/modules/namespaces/others-in.ts';
import { createSandbox, type Sandbox } from '../../src/testing/index.ts';

const { signal } = new AbortController();
let sandbox: Sandbox<'c'>;
let cluster: KubeSphereCluster;
let owner: string;
beforeAll(async () => {
  sandbox = await createSandbox({ clusters: { c: { role: 'standalone' } } });
  await sandbox.clusters.c.stopControllers();
  cluster = await openCluster(sandbox.clusters.c.connection);
  const { connection } = cluster;
  owner = (await connection.create(core.configMaps, { metadata: { namespace: 'default', name: 'owner' } })).metadata
    .uid;
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner }];
  for (const resource of [core.secrets, core.configMaps])
    await connection.create(resource, { metadata: { namespace: 'default', name: 'owned', ownerReferences } });
}, 60_000);
afterAll(() => sandbox?.close());

/** The cluster, whose server does not let one list that kind. */
function without(plural: string): KubeSphereCluster {
  const { connection } = cluster;
  const listMetadata: Connection['listMetadata'] = (resource, options) => {
    if (resource.plural === plural) throw new FederationError('FORBIDDEN', `${plural} are not for you`);
    return connection.listMetadata(resource, options);
  };
  return { ...cluster, dialect: cluster.dialect, connection: { ...connection, listMetadata } };
}

describe('going through the kinds of a cluster', () => {
  it('finds what is wanted in every kind that is picked, in the order of the kinds', async () => {
    const found = await throughKinds(
      cluster,
      ({ plural }) => ['configmaps', 'secrets'].includes(plural),
      { namespace: 'default', signal },
      ({ plural }, { name }) => (name === 'owned' ? `${plural} ${name}` : undefined),
    );
    const order = (await cluster.connection.resources()).map(({ plural }) => plural);
    expect(found.toSorted()).toEqual(['configmaps owned', 'secrets owned']);
    expect(found.map((one) => order.indexOf(one.split(' ')[0] ?? ''))).toEqual(
      found.map((one) => order.indexOf(one.split(' ')[0] ?? '')).toSorted((one, other) => one - other),
    );
  });

  it('has no gap: where one kind cannot be listed nothing is said of the others', async () => {
    const all = await deletionClosure(cluster, [owner], signal);
    expect(all.objects.map(({ kind, name }) => `${kind} ${name}`).toSorted()).toEqual([
      'ConfigMap owned',
      'Secret owned',
    ]);
    const hidden = {
      code: 'FORBIDDEN',
      message: expect.stringMatching(/^secrets are not for you .*the right to list \*\.\* on c\.$/),
      details: { refused: ['c: list *.*'] },
    };
    await expect(deletionClosure(without('secrets'), [owner], signal)).rejects.toMatchObject(hidden);
    await expect(othersIn(without('secrets'), 'default', undefined, signal)).rejects.toMatchObject(hidden);
  });
});
