import { expect, it } from 'vitest';
import { Ownership } from '../../../src/testing/server/manager/ownership.ts';
import type { ApiObject } from '../../../src/testing/server/object.ts';
import { Store } from '../../../src/testing/server/store.ts';

const storage = 'configmaps';
const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: 'the owner' };

it('who owns whom is forgotten with the reference, and where an object lies with the object', () => {
  const ownership = new Ownership(new Store());
  const metadata = { name: 'one', uid: 'one', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
  const free: ApiObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata };
  const owned: ApiObject = { ...free, metadata: { ...metadata, ownerReferences: [owner] } };
  const note = (before: ApiObject | undefined, after: ApiObject | undefined): void =>
    ownership.note(storage, { revision: 1, key: 'one', before, after });
  note(undefined, owned);
  expect(ownership.dependents(owner.uid)).toEqual(['one']);
  note(owned, free);
  expect(ownership.dependents(owner.uid)).toEqual([]);
  expect(ownership.storage('one')).toBe(storage);
  note(free, undefined);
  expect(ownership.storage('one')).toBeUndefined();
});
