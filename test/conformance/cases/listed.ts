import { given, post } from '../case.ts';
import { paths } from './kinds.ts';

export const cm = paths.configMaps;
export const configMap = (name: string, labels: Record<string, string> = {}, data: object = { a: '1' }) => ({
  metadata: { name, labels },
  data,
});
export const three = [
  given(post(cm, configMap('a', { tier: 'front', size: '1' }))),
  given(post(cm, configMap('b', { tier: 'back', size: '5' }))),
  given(post(cm, configMap('c', { size: '9' }))),
];
