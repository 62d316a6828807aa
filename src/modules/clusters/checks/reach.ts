import type { Placement } from '../../../kubesphere/resources.ts';
import { resolve } from '../../placement/clusters.ts';

/** A cluster that a host does not have yet, as placements will mean it. */
export interface Newcomer {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Whether a placement will reach it: `possibly` where a selector is not understood, too. */
export function reaches(
  placement: Placement | undefined,
  { name, labels }: Newcomer,
  how: 'possibly' | 'surely',
): boolean {
  const one = { name, host: false, uid: undefined, joined: true, ready: true, labels: [labels] };
  return resolve(placement ?? {}, new Map([[name, one]]), how).length > 0;
}
