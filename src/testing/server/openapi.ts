import type { ServedType } from './catalogue.ts';
import { apiVersionOfType, type Registry } from './registry.ts';

/**
 * Answers below `/openapi/v3`: which resources can be patched, and with which parameters. kubectl asks for no more before it
 * leaves the validation of what it creates to the server. Schemas are not served. `undefined` where nothing is served.
 */
export function openApi(registry: Registry, path: string, gitVersion: string): object | undefined {
  const [root, version, ...rest] = path.split('/').filter((part) => part !== '');
  if (root !== 'openapi' || version !== 'v3') return undefined;
  const groups = Map.groupBy(registry.all(), pathOf);
  if (rest.length === 0) {
    const paths = [...groups.keys()].map((group) => [group, { serverRelativeURL: `/openapi/v3/${group}` }]);
    return { paths: Object.fromEntries(paths) };
  }
  const types = groups.get(rest.join('/'));
  if (types === undefined) return undefined;
  const patched = types.filter(({ verbs }) => verbs.includes('patch'));
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: gitVersion },
    paths: Object.fromEntries(patched.map((type) => [addressOf(type), { patch: patchOf(type) }])),
  };
}

function pathOf(type: ServedType): string {
  return `${type.group === '' ? 'api' : 'apis'}/${apiVersionOfType(type)}`;
}

function addressOf(type: ServedType): string {
  return `/${pathOf(type)}/${type.namespaced ? 'namespaces/{namespace}/' : ''}${type.plural}/{name}`;
}

const parameters = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({
  name,
  in: 'query',
  schema: { type: 'string', uniqueItems: true },
}));

function patchOf({ group, version, kind }: ServedType): object {
  return {
    'x-kubernetes-action': 'patch',
    'x-kubernetes-group-version-kind': { group, version, kind },
    parameters,
    responses: { 200: { description: 'OK' } },
  };
}
