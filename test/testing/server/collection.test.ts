import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Body, type Client, custom, define, definitions, isAlive, startClient, until } from './client.ts';

let client: Client;
beforeAll(async () => {
  client = await startClient();
  await define(client, 'Owner');
  await define(client, 'Room', { namespaced: true });
});
afterAll(() => client[Symbol.asyncDispose]());

const owners = '/apis/example.com/v1/owners';
const namespaces = '/api/v1/namespaces';

async function owner(name: string): Promise<Body> {
  return client.created(owners, custom('Owner', { name }));
}
const reference = (object: Body, extra: object = {}): object => ({
  apiVersion: 'example.com/v1',
  kind: 'Owner',
  name: object.metadata.name,
  uid: object.metadata.uid,
  ...extra,
});
const owned = (name: string, ...refs: object[]): Promise<Body> =>
  client.created(namespaces, { metadata: { name, ownerReferences: refs } });
const gone = (path: string): Promise<boolean> =>
  until(`${path} is gone`, async () => (await client.get(path)).code === 404);

describe('the garbage collector', () => {
  it('deletes a namespace with its contents when its cluster-scoped owner goes', async () => {
    const one = await owner('w1');
    await owned('p1', reference(one));
    await client.created(`${namespaces}/p1/configmaps`, { metadata: { name: 'c' } });
    await client.delete(`${owners}/w1`);
    await gone(`${namespaces}/p1`);
    expect((await client.get(`${namespaces}/p1/configmaps/c`)).code).toBe(404);
  });

  it('deletes what names a UID that is nobody, even under the name of a living owner', async () => {
    const live = await owner('w2');
    await owned('p2', reference(live, { uid: 'b7a1f0f8-0000-4000-8000-000000000000' }));
    await gone(`${namespaces}/p2`);
    expect((await client.get(`${owners}/w2`)).code).toBe(200);
  });

  it('keeps what another owner still owns, and takes only the dead reference away', async () => {
    const [a, b] = [await owner('w3a'), await owner('w3b')];
    const before = await owned('p3', reference(a), reference(b));
    await client.delete(`${owners}/w3a`);
    const after = await until('one reference is left', async () => {
      const { body } = await client.get(`${namespaces}/p3`);
      return body.metadata.ownerReferences.length === 1 && body;
    });
    expect(after.metadata.ownerReferences[0].name).toBe('w3b');
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(after.metadata.deletionTimestamp).toBeUndefined();
  });

  it('orphans: strips the references from the dependents, then lets the owner go', async () => {
    const one = await owner('w4');
    const before = await owned('p4', reference(one));
    const answer = await client.delete(`${owners}/w4`, { propagationPolicy: 'Orphan' });
    expect(answer.body.metadata.finalizers).toEqual(['orphan']);
    await gone(`${owners}/w4`);
    const { body } = await client.get(`${namespaces}/p4`);
    expect(body.metadata.ownerReferences).toBeUndefined();
    expect(body.metadata.uid).toBe(before.metadata.uid);
    expect(body.metadata.deletionTimestamp).toBeUndefined();
  });

  it('in the foreground, lets the owner go only after what blocks it', async () => {
    const one = await owner('w5');
    const path = `${namespaces}/default/configmaps/held`;
    await client.created(`${namespaces}/default/configmaps`, {
      metadata: {
        name: 'held',
        finalizers: ['example.com/hold'],
        ownerReferences: [reference(one, { blockOwnerDeletion: true })],
      },
    });
    await client.delete(`${owners}/w5`, { propagationPolicy: 'Foreground' });
    await until('the dependent is being deleted', async () => (await client.get(path)).body.metadata.deletionTimestamp);
    expect((await client.get(`${owners}/w5`)).body.metadata.finalizers).toEqual(['foregroundDeletion']);
    await client.merge(path, { metadata: { finalizers: null } });
    await gone(`${owners}/w5`);
  });

  it('deletes nothing for an owner that cannot be: a namespaced one of a cluster-scoped object', async () => {
    const inside = await client.created(`${namespaces}/default/configmaps`, { metadata: { name: 'small' } });
    const { name, uid } = inside.metadata;
    await owned('large', { apiVersion: 'v1', kind: 'ConfigMap', name, uid });
    await client.delete(`${namespaces}/default/configmaps/small`);
    const one = await owner('w7');
    await owned('p7', reference(one));
    await client.delete(`${owners}/w7`);
    await gone(`${namespaces}/p7`);
    expect(await isAlive(client, `${namespaces}/large`)).toBe(true);
  });

  it('deletes nothing while the kind of an owner is not served', async () => {
    await client.created(`${namespaces}/default/configmaps`, {
      metadata: {
        name: 'riddle',
        ownerReferences: [{ apiVersion: 'no.where/v1', kind: 'Nothing', name: 'x', uid: 'y' }],
      },
    });
    // Another orphaned object that came later is gone: the collector had its chance at this one.
    const one = await owner('w6');
    await owned('p6', reference(one));
    await client.delete(`${owners}/w6`);
    await gone(`${namespaces}/p6`);
    expect((await client.get(`${namespaces}/default/configmaps/riddle`)).code).toBe(200);
  });
});

describe('a namespace that is deleted', () => {
  it('stays, Terminating, until the finalizers of its contents are gone, and says why', async () => {
    await client.created(namespaces, { metadata: { name: 'slow' } });
    const room = `/apis/example.com/v1/namespaces/slow/rooms`;
    await client.created(room, custom('Room', { name: 'r', finalizers: ['example.com/hold'] }));
    const deleted = await client.delete(`${namespaces}/slow`);
    expect(deleted.code).toBe(200);
    expect(deleted.body.status.phase).toBe('Terminating');
    const waiting = await until('the condition tells of the finalizer', async () => {
      const { body } = await client.get(`${namespaces}/slow`);
      return body.status.conditions?.find(
        (each: Body) => each.type === 'NamespaceFinalizersRemaining' && each.status === 'True',
      );
    });
    expect(waiting.message).toContain('example.com/hold in 1 resource instances');
    await client.merge(`${room}/r`, { metadata: { finalizers: [] } });
    await gone(`${namespaces}/slow`);
  });

  it('takes in nothing new', async () => {
    await client.created(namespaces, { metadata: { name: 'closing', finalizers: ['example.com/hold'] } });
    await client.delete(`${namespaces}/closing`);
    const refused = await client.post(`${namespaces}/closing/configmaps`, { metadata: { name: 'late' } });
    expect(refused.code).toBe(403);
    expect(refused.body).toMatchObject({
      reason: 'Forbidden',
      message:
        'configmaps "late" is forbidden: unable to create new content in namespace closing because it is being terminated',
      details: {
        name: 'late',
        kind: 'configmaps',
        causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }],
      },
    });
  });

  it('goes again when another one of its name is deleted', async () => {
    for (let round = 0; round < 2; round++) {
      await client.created('/api/v1/namespaces', { metadata: { name: 'again' } });
      await client.delete('/api/v1/namespaces/again');
      await gone('/api/v1/namespaces/again');
    }
    expect((await client.get('/api/v1/namespaces/again')).code).toBe(404);
  });

  it('is not one of those that no cluster can do without', async () => {
    const refused = await client.delete(`${namespaces}/kube-system`);
    expect(refused.code).toBe(403);
    expect(refused.body.message).toBe('namespaces "kube-system" is forbidden: this namespace may not be deleted');
  });
});

describe('a definition that is deleted', () => {
  it('takes in nothing new while its objects are held', async () => {
    await define(client, 'Closing');
    const path = '/apis/example.com/v1/closings';
    await client.created(path, custom('Closing', { name: 'x', finalizers: ['example.com/hold'] }));
    await client.delete(`${definitions}/closings.example.com`);
    const refused = await client.post(path, custom('Closing', { name: 'y' }));
    expect(refused.code).toBe(403);
    expect(refused.body.message).toBe(
      'closings.example.com "y" is forbidden: create not allowed while custom resource definition is terminating',
    );
    await until(
      'the object is asked to go',
      async () => (await client.get(`${path}/x`)).body.metadata.deletionTimestamp,
    );
    await client.merge(`${path}/x`, { metadata: { finalizers: null } });
    await gone(`${definitions}/closings.example.com`);
  });

  it('takes its objects along, then is served no more', async () => {
    await define(client, 'Passing');
    await client.created('/apis/example.com/v1/passings', custom('Passing', { name: 'x' }));
    await client.delete(`${definitions}/passings.example.com`);
    await gone(`${definitions}/passings.example.com`);
    expect((await client.get('/apis/example.com/v1/passings')).code).toBe(404);
  });
});
