/** Kubernetes' own object shapes, as far as every floor above needs them. */

/** An owner of an object, identified by `uid`; the garbage collector deletes the object when its last owner is gone. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Who wrote which fields, and when. */
export interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly time?: string;
}

/** `metadata` of an object as the API server returns it. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
  readonly managedFields?: readonly ManagedFields[];
}

/** Any object as the API server returns it. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** `metadata` as a caller writes it in a create. */
export type NewMeta = Partial<
  Pick<ObjectMeta, 'labels' | 'annotations' | 'finalizers' | 'ownerReferences' | 'namespace'>
> &
  ({ readonly name: string } | { readonly generateName: string });

/** What a create takes: the object without what the server adds. `apiVersion` and `kind` come from the {@link Resource}. */
export type NewObject<T extends KubeObject> = Omit<T, 'apiVersion' | 'kind' | 'metadata' | 'status'> & {
  readonly metadata: NewMeta;
};

/** One kind as an API server serves it. `T` is the shape of its objects. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Never there at run time: carries `T`. */
  readonly '~object'?: T;
}

/** Names an object of a {@link Resource}. */
export interface ObjectName {
  readonly name: string;
  readonly namespace?: string;
}

/** One very object of a kind: its identity is the UID, not the name. */
export interface ObjectRef extends ObjectName {
  readonly uid: string;
}

/** `apiVersion` of a resource: `v1`, `apps/v1`. */
export function apiVersionOf(resource: Pick<Resource, 'group' | 'version'>): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}
