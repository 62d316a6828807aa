import { del, get, given, play, post, topic } from '../case.ts';
import { cm, finalizer, make, setUp } from './config-maps.ts';
import { paths } from './kinds.ts';

export const collections = topic('deletion', [
  play('a whole collection with a finalizer in it', given(make({ finalizers: finalizer })), setUp, del(cm), get(cm)),
  play('a whole collection with a precondition', setUp, del(cm, { preconditions: { uid: '{1.metadata.uid}' } })),
  play('a whole collection with a limit', given(make({})), setUp, del(`${cm}?limit=1`), get(cm)),
  play('a whole collection with an unknown policy', setUp, del(cm, { propagationPolicy: 'Sideways' })),
  play('a whole collection with an invalid dryRun', setUp, del(`${cm}?dryRun=no`)),
  play(
    'a whole collection of custom resources',
    given(post(paths.widgets, { apiVersion: 'conformance.test/v1', kind: 'Widget', metadata: { name: 'a' } })),
    del(paths.widgets),
    get(paths.widgets),
  ),
  play(
    'answered as metadata only',
    given(make({ finalizers: finalizer })),
    del(`${cm}/a`, undefined, { headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' } }),
  ),
  play(
    'of a ServiceAccount answers with it',
    given(post(paths.serviceAccounts, { metadata: { name: 'a' } })),
    del(`${paths.serviceAccounts}/a`),
  ),
  play(
    'of a Deployment orphans nothing by default',
    given(
      post('/apis/apps/v1/namespaces/{ns}/deployments', {
        metadata: { name: 'a' },
        spec: {
          selector: { matchLabels: { x: 'y' } },
          template: { metadata: { labels: { x: 'y' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
        },
      }),
    ),
    given(del('/apis/apps/v1/namespaces/{ns}/deployments/a')),
  ),
]);
