import { isDeepStrictEqual } from 'node:util';
import { FederationError } from '../../errors.ts';
import { canonical } from '../../internal/digest.ts';
import type { Connection } from '../../kube/connection.ts';
import {
  apiVersionOf,
  type KubeObject,
  type NewObject,
  type ObjectName,
  type OwnerReference,
  type Resource,
} from '../../kube/objects.ts';
import { managedLabel } from '../../kubesphere/names.ts';

/** Name of an object for the calls of a {@link Connection}. */
export function named({ metadata: { namespace, name } }: KubeObject): ObjectName {
  return namespace === undefined ? { name } : { namespace, name };
}

/** Writes fields of an object as it was read: whatever happened to it since is `CONFLICT`, like a controller's update. */
export function update<T extends KubeObject>(
  connection: Connection,
  resource: Resource<T>,
  object: T,
  fields: object,
): Promise<T> {
  const { uid, resourceVersion } = object.metadata;
  return connection.patch(resource, named(object), { type: 'merge', body: fields }, { uid, resourceVersion });
}

/** Adds a finalizer unless it is there. */
export async function addFinalizer<T extends KubeObject>(
  connection: Connection,
  resource: Resource<T>,
  object: T,
  finalizer: string,
): Promise<T> {
  const present = object.metadata.finalizers ?? [];
  if (present.includes(finalizer)) return object;
  return update(connection, resource, object, { metadata: { finalizers: [...present, finalizer] } });
}

/** Takes finalizers off; that the object is gone then is what it is for. */
export async function dropFinalizers<T extends KubeObject>(
  connection: Connection,
  resource: Resource<T>,
  object: T,
  ...dropped: readonly string[]
): Promise<void> {
  const finalizers = (object.metadata.finalizers ?? []).filter((finalizer) => !dropped.includes(finalizer));
  await ignoring(update(connection, resource, object, { metadata: { finalizers } }), 'NOT_FOUND');
}

/** Creates an object unless one of that name exists. */
export async function createUnlessThere<T extends KubeObject>(
  connection: Connection,
  resource: Resource<T>,
  object: NewObject<T>,
): Promise<void> {
  await ignoring(connection.create(resource, object), 'ALREADY_EXISTS');
}

/** Awaits a call for which these failures mean that nothing is left to do. */
export async function ignoring(
  call: Promise<unknown>,
  ...codes: Parameters<typeof FederationError.is>[1][]
): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!FederationError.is(error, ...codes)) throw error;
  }
}

/** The merge patch that makes a map equal to `wanted`: what is not wanted is taken out. */
export function exactly(
  present: Readonly<Record<string, string>> = {},
  wanted: Readonly<Record<string, string>> = {},
): Record<string, string | null> {
  const gone = Object.keys(present).filter((key) => !(key in wanted));
  return { ...Object.fromEntries(gone.map((key) => [key, null])), ...wanted };
}

/** Whether two pieces of JSON are the same; absent and empty are not told apart at the top. */
export function same(one: unknown, other: unknown): boolean {
  if (one === other || isDeepStrictEqual(one, other)) return true;
  return canonical(one ?? {}) === canonical(other ?? {});
}

/**
 * Whether labels are as wanted, a `managed=false` aside: the real controller takes that off and the next one puts it
 * back at once, which would only be noise here.
 */
export function sameButUnmanaged(
  present: Readonly<Record<string, string>> = {},
  wanted: Readonly<Record<string, string>>,
): boolean {
  const { [managedLabel]: managed, ...others } = present;
  return same(managed === 'false' ? others : present, wanted);
}

/** Whether the very `owner` is the controller of `object`. */
export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  return (object.metadata.ownerReferences ?? []).some(
    (reference) => reference.controller === true && reference.uid === owner.metadata.uid,
  );
}

/** `references` with `owner` as controller. @throws FederationError `CONFLICT` when another controller is there */
export function withController<T extends KubeObject>(
  references: readonly OwnerReference[],
  resource: Resource<T>,
  owner: T,
): OwnerReference[] {
  const other = references.find((reference) => reference.controller === true);
  if (other !== undefined) {
    throw new FederationError(
      'CONFLICT',
      `${resource.kind} ${owner.metadata.name} cannot become the controller of an object that ${other.kind} ${other.name} controls.`,
    );
  }
  const { name, uid } = owner.metadata;
  const reference = { apiVersion: apiVersionOf(resource), kind: resource.kind, name, uid };
  return [...references, { ...reference, controller: true, blockOwnerDeletion: true }];
}

/** Owner references without those to a Workspace or WorkspaceTemplate, told by kind alone (pkg/utils/k8sutil). */
export function withoutWorkspaces(references: readonly OwnerReference[] = []): OwnerReference[] {
  return references.filter(({ kind }) => kind !== 'Workspace' && kind !== 'WorkspaceTemplate');
}
