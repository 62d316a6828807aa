import { setTimeout as delay } from 'node:timers/promises';
import type { Target } from './target.ts';

/** The group of the custom resources that cases use. */
export const customGroup = 'conformance.test';

const open = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
const version = (name: string, storage: boolean, subresources?: object) => ({
  name,
  served: true,
  storage,
  schema: open,
  ...(subresources === undefined ? {} : { subresources }),
});
const definition = (kind: string, plural: string, scope: string, versions: readonly object[], more: object = {}) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${customGroup}` },
  spec: {
    group: customGroup,
    scope,
    names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List`, ...more },
    versions,
  },
});

const status = { status: {} };
const definitions = [
  definition('Widget', 'widgets', 'Namespaced', [version('v1', true, status), version('v1beta1', false, status)], {
    shortNames: ['wd'],
    categories: ['all'],
  }),
  definition('Gadget', 'gadgets', 'Cluster', [version('v1', true, status)]),
  definition('Plain', 'plains', 'Namespaced', [version('v1', true)]),
];

/** Creates the custom resources of the cases and waits until they are served. Before controllers start, or they notice late. */
export async function createFixtures(target: Target): Promise<void> {
  for (const body of definitions) {
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    await target.send({ method: 'POST', path, body });
  }
  for (const { spec } of definitions) {
    for (let attempt = 0; attempt < 600; attempt++) {
      const { status: code } = await target.send({
        method: 'GET',
        path: `/apis/${customGroup}/v1/${spec.names.plural}`,
      });
      if (code === 200) break;
      await delay(50);
    }
  }
}
