import { FederationError } from '../errors.ts';
import type { ResourceRef } from '../types.ts';
import { apiVersionOf, type ObjectName, type Resource } from './objects.ts';

/** What a request is about: what messages and errors name. */
export interface Operation {
  readonly cluster: string;
  readonly verb: 'GET' | 'LIST' | 'WATCH' | 'CREATE' | 'PATCH' | 'DELETE';
  /** Absent for a path outside the resource API. */
  readonly resource?: Resource;
  readonly namespace?: string | undefined;
  /** Absent for a collection; of a path outside the resource API, the path. */
  readonly name?: string | undefined;
  readonly uid?: string | undefined;
  /** A JSON patch that holds a `test`. */
  readonly tests?: boolean;
  /** What whoever makes a role or binds one needs the right to, who does not hold all that it gives. */
  readonly handsOn?: string | undefined;
}

/** The operation in a few words: `m: DELETE namespaces "p1"`. */
export function describe({ cluster, verb, resource, namespace, name }: Operation): string {
  const kind = resource === undefined ? '' : ` ${resource.plural}${resource.group === '' ? '' : `.${resource.group}`}`;
  const object = name === undefined ? '' : ` "${namespace === undefined ? '' : `${namespace}/`}${name}"`;
  const of = name === undefined && namespace !== undefined ? ` of "${namespace}"` : '';
  return `${cluster}: ${verb}${kind}${object}${of}`;
}

/** The object that an operation is about, where it is about one. */
export function refOf({ cluster, resource, namespace, name, uid }: Operation): ResourceRef | undefined {
  if (resource === undefined || name === undefined) return undefined;
  return {
    cluster,
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
  };
}

/** {@link Operation.handsOn} of an object that is made: the server's refusal names what the role gives, and not this right. */
export function rightToHandOn({ group, plural }: Resource, object: object): string | undefined {
  if (group !== 'rbac.authorization.k8s.io') return undefined;
  if (!plural.endsWith('bindings')) return `escalate ${plural}.${group}`;
  const { roleRef } = object as { readonly roleRef?: { readonly kind?: string } };
  return `bind ${roleRef?.kind === 'Role' ? 'roles' : 'clusterroles'}.${group}`;
}

/** Path of a collection. @throws FederationError `INVALID` for a namespace where the kind has none, or an impossible one. */
export function collectionPath(resource: Resource, namespace: string | undefined): string {
  const { group, version, plural, namespaced } = resource;
  if (namespace !== undefined && !namespaced)
    throw new FederationError(
      'INVALID',
      `${plural} belong to no namespace, but "${namespace}" was given. Leave it out.`,
    );
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespace === undefined
    ? `${root}/${plural}`
    : `${root}/namespaces/${segment(namespace, 'namespace')}/${plural}`;
}

/** Path of one object. @throws FederationError `INVALID` for a missing or impossible name: such a path would be another one's. */
export function objectPath(resource: Resource, { name, namespace }: ObjectName): string {
  if (resource.namespaced && namespace === undefined)
    throw new FederationError('INVALID', `${resource.plural} "${name}" needs a namespace. Say in which it is.`);
  return `${collectionPath(resource, namespace)}/${segment(name, 'name')}`;
}

/** The API server's own rule for names in paths (IsValidPathSegmentName). */
function segment(value: string, what: string): string {
  if (value === '' || value === '.' || value === '..' || /[/%]/.test(value))
    throw new FederationError(
      'INVALID',
      `"${value}" cannot be the ${what} of an object. Give one without "/" and "%".`,
    );
  return encodeURIComponent(value);
}

/** `?a=1&b=2`, without what is undefined; empty for nothing. */
export function query(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) given.set(name, String(value));
  return given.size === 0 ? '' : `?${given}`;
}

/** Whether the operation changes something. */
export const isWrite = ({ verb }: Operation): boolean => verb === 'CREATE' || verb === 'PATCH' || verb === 'DELETE';
