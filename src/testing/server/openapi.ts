import type { Answer } from './answer.ts';
import type { ServedType } from './catalogue.ts';
import { apiVersionOfType, type Registry } from './registry.ts';

const title = 'Kubernetes';

/**
 * Answers below `/openapi`, as far as kubectl asks before it leaves the validation of what it creates to the server: which
 * resources can be patched, and with which parameters. Schemas are not served, and the document of the older form has nothing
 * in it but its title. `undefined` where nothing is served.
 */
export function openApi(
  registry: Registry,
  { path, accept = '' }: { readonly path: string; readonly accept: string | undefined },
  gitVersion: string,
): Answer | undefined {
  const [root, version, ...rest] = path.split('/').filter((part) => part !== '');
  if (root !== 'openapi') return undefined;
  if (version === 'v2' && rest.length === 0) return oldDocument(accept, gitVersion);
  if (version !== 'v3') return undefined;
  const groups = Map.groupBy(registry.all(), pathOf);
  if (rest.length === 0) {
    const paths = [...groups.keys()].map((group) => [group, { serverRelativeURL: `/openapi/v3/${group}` }]);
    return answer({ paths: Object.fromEntries(paths) });
  }
  const types = groups.get(rest.join('/'));
  if (types === undefined) return undefined;
  const patched = types.filter(({ verbs }) => verbs.includes('patch'));
  return answer({
    openapi: '3.0.0',
    info: { title, version: gitVersion },
    paths: Object.fromEntries(patched.map((type) => [addressOf(type), { patch: patchOf(type) }])),
  });
}

function answer(body: object): Answer {
  return { code: 200, body: JSON.stringify(body) };
}

function oldDocument(accept: string, version: string): Answer {
  if (!accept.includes('protobuf')) return answer({ swagger: '2.0', info: { title, version }, paths: {} });
  const field = (number: number, text: string): string => String.fromCharCode(number * 8 + 2, text.length) + text;
  return {
    code: 200,
    body: field(1, '2.0') + field(2, field(1, title) + field(2, version)) + field(8, ''),
    contentType: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
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
