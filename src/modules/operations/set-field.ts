import { FederationError } from '../../errors.ts';
import type { KubeObject, NewObject, Resource } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { managedLabel } from '../../kubesphere/names.ts';
import type { Json } from '../../types.ts';
import { madeBy, refOf } from '../changes.ts';
import type { Operation } from '../operation.ts';
import { create, edit, remove, type Work } from '../work.ts';

/** What {@link setField} sets. */
export interface Field<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly at: { readonly namespace: string; readonly name: string };
  /** JSON pointer; `/spec/hard`. */
  readonly pointer: `/spec/${string}`;
  readonly value: Json;
  readonly read: (object: T) => Json | undefined;
  /** Whether two values mean the same: servers write quantities as they like. */
  readonly same: (one: Json | undefined, other: Json | undefined) => boolean;
}

/** What {@link setField} captures; `null` where there was no such object. */
export type FieldBefore = { readonly value: Json } | null;

/**
 * Makes one field of an object's spec what it should be, whole, and creates the object where there is none. Its way back puts the
 * former value there, or deletes what was made, unless somebody changed it meanwhile.
 */
export function setField<T extends KubeObject>(
  cluster: KubeSphereCluster,
  { resource, at, pointer, value, read, same }: Field<T>,
): Operation<FieldBefore, void> {
  const find = ({ signal }: Pick<Work, 'signal'>): Promise<T | undefined> =>
    cluster.connection.find(resource, at, { signal });
  const key = pointer.slice('/spec/'.length);
  const put = (wanted: Json) => ({ type: 'json', operations: [{ op: 'add', path: pointer, value: wanted }] }) as const;
  return {
    async forecast(work) {
      const found = await find(work);
      if (found !== undefined && same(read(found), value))
        return { effect: 'none', why: 'it is so already', out: undefined };
      if (found?.metadata.labels?.[managedLabel] === 'true')
        return {
          effect: 'blocked',
          why: `${cluster.name}: ${resource.kind} ${at.namespace}/${at.name} is the copy of a federated one; its host puts back whatever is changed.`,
          remedy: `Change the Federated${resource.kind} on the host.`,
        };
      const ref = refOf(cluster.name, resource, { ...at, ...(found !== undefined && { uid: found.metadata.uid }) });
      if (found === undefined)
        return {
          effect: 'change',
          changes: [{ verb: 'create', resource: ref, before: null, after: { [pointer]: value } }],
        };
      const before = { [pointer]: read(found) ?? null };
      return { effect: 'change', changes: [{ verb: 'update', resource: ref, before, after: { [pointer]: value } }] };
    },
    async capture(work) {
      const found = await find(work);
      return found === undefined ? null : { value: read(found) ?? null };
    },
    async run(work, before) {
      cluster.dialect;
      if (before === null) {
        const made = { metadata: at, spec: { [key]: value } } as unknown as NewObject<T> & {
          readonly metadata: { readonly name: string };
        };
        await create(work, cluster, resource, made);
        return;
      }
      await edit(work, { cluster, resource, name: at }, (object) =>
        same(read(object), value) ? undefined : put(value),
      );
    },
    async verify(work) {
      const found = await find(work);
      if (found !== undefined && same(read(found), value)) return;
      throw new FederationError(
        'NOT_OBSERVED',
        `${cluster.name}: ${pointer} of ${resource.kind} ${at.namespace}/${at.name} was written, and is otherwise again. Who writes it?`,
        { retryable: true },
      );
    },
    async compensate(work, before) {
      const found = await find(work);
      if (found === undefined || !same(read(found), value)) return;
      const { uid } = found.metadata;
      if (before === null) {
        if (madeBy(work.runId, found))
          await remove(work, { cluster, resource, name: at, uid, propagationPolicy: 'Background' });
        return;
      }
      await edit(work, { cluster, resource, name: at, uid }, (object) =>
        same(read(object), value) ? put(before.value) : undefined,
      );
    },
  };
}
