import { deadline } from '../../internal/signal.ts';
import { checkName } from '../../kubesphere/validation.ts';
import type { FederationEnv } from '../env.ts';
import type { WriteOptions, Written } from '../operation.ts';
import { checkOptions } from '../options.ts';
import { refuseUnknown } from '../placement/clusters.ts';
import { type NewPlacement, placementOf, type ShrinkOptions, shrinkIn } from '../placement/input.ts';
import { changePlacement } from '../placement-guard.ts';

/** Places a multi-cluster project. See `Namespaces.setFederatedPlacement`. */
export async function setFederatedPlacement(
  env: FederationEnv,
  name: string,
  placement: NewPlacement,
  given: Partial<ShrinkOptions>,
  options: WriteOptions = {},
): Promise<Written<void>> {
  checkOptions(options);
  checkName('name', name);
  const set = placementOf('placement', placement);
  const shrink = shrinkIn(env, given);
  using limit = deadline(options, `place multi-cluster project "${name}"`);
  const call = { ...options, signal: limit.signal };
  await refuseUnknown(env, { kind: 'project', name }, set, limit.signal);
  return changePlacement(env, { kind: 'project', name }, { set }, shrink, call);
}
