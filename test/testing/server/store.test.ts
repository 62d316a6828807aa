import { expect, it } from 'vitest';
import { Store } from '../../../src/testing/server/store.ts';

const draft = (name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, uid: name, creationTimestamp: '2026-01-01T00:00:00Z', resourceVersion: '' },
});

it('a store that is put back goes on upwards, remembers nothing of the other course of events, and tells who follows', () => {
  const store = new Store();
  const table = store.table('configmaps');
  table.put('one', draft('one'));
  const capture = store.capture();
  table.put('two', draft('two'));
  store.table('secrets').put('three', draft('three'));
  expect(table.all()).toHaveLength(2);
  const last = store.revision;
  let told = 0;
  const forget = store.onRestore(() => {
    told += 1;
  });
  store.restore(capture);
  expect(told).toBe(1);
  expect(table.all().map(({ metadata }) => metadata.name)).toEqual(['one']);
  expect(store.table('secrets').size).toBe(0);
  expect(store.revision).toBeGreaterThan(last);
  expect(table.since(last)).toBeUndefined();
  expect(table.at(last)).toBeUndefined();
  // The oldest state that can be asked for is the one that was put back.
  expect(table.before(1)).toBeGreaterThanOrEqual(table.forgotten);
  expect(table.put('four', draft('four')).metadata.resourceVersion).toBe(String(store.revision));
  expect(table.since(table.forgotten)).toHaveLength(1);
  forget();
  store.restore(capture);
  expect(told).toBe(1);
});
