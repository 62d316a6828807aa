import type { ManagedFields } from '../../kube/objects.ts';
import type { Call } from './call.ts';
import { timestamp } from './object.ts';
import { apiVersionOfType } from './registry.ts';

/** An entry as the server writes it. Which fields were written is not tracked. */
interface Entry extends ManagedFields {
  readonly apiVersion: string;
  readonly fieldsType: 'FieldsV1';
  readonly fieldsV1: object;
}

/** Notes who wrote an object now; one entry per writer and subresource, as the real server keeps them. */
export function written(call: Call, before: readonly ManagedFields[]): ManagedFields[] {
  const { manager, subresource, type } = call;
  const entry: Entry = {
    manager,
    operation: 'Update',
    apiVersion: apiVersionOfType(type),
    time: timestamp(call.at),
    fieldsType: 'FieldsV1',
    fieldsV1: {},
    ...(subresource === undefined ? {} : { subresource }),
  };
  const same = (known: ManagedFields): boolean =>
    known.manager === manager && known.operation === 'Update' && known.subresource === subresource;
  return [...before.filter((known) => !same(known)), entry];
}
