import type { PassingRequest } from './fault-proxy.ts';
import type { ClusterName } from './world.ts';

/** Where a write goes. */
export type Addressed = Pick<PassingRequest, 'method' | 'path'> & { readonly cluster: ClusterName };

/** Writes that were made side by side stand in the order of their paths; all others stay where they are. */
export function aligned<T extends Addressed>(writes: readonly T[], isAbreast: (write: T) => boolean): readonly T[] {
  const all: T[] = [];
  let abreast: T[] = [];
  const close = (): void => {
    all.push(...abreast.sort((one, other) => one.path.localeCompare(other.path)));
    abreast = [];
  };
  for (const write of writes)
    if (isAbreast(write)) abreast.push(write);
    else {
      close();
      all.push(write);
    }
  close();
  return all;
}
