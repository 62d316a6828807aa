import { given, post, until, untilWithout } from '../case.ts';
import { paths } from './kinds.ts';

export const cm = paths.configMaps;
export const make = (metadata: object, more: object = { data: { a: '1' } }) =>
  post(cm, { metadata: { name: 'a', ...metadata }, ...more });
export const owner = (more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: 'owner',
  uid: '12345678-1234-1234-1234-123456789012',
  ...more,
});

export const setUp = given(post(cm, { metadata: { name: 'owner' } }));
export const finalizer = ['conformance.test/wait'];
export const dependent = (name: string, more: object = {}, about: object = {}) =>
  given(post(cm, { metadata: { name, ownerReferences: [owner({ uid: '{1.metadata.uid}', ...more })], ...about } }));
export const gone = (name: string) => until(`${cm}/${name}`, 404);
export const without = (name: string) => untilWithout(`${cm}/${name}`, 'metadata.ownerReferences');
