import { FederationError } from '../../errors.ts';
import { some } from '../closure.ts';
import type { FederationEnv } from '../env.ts';
import type { ProjectAt } from './input.ts';
import { obstaclesToLeaving } from './obstacles.ts';
import { called, type Subject } from './subject.ts';
import { type LeavingOptions, type LeavingProjects, refuseSystemNamespaces, surveyLeaving } from './survey.ts';

/** By cluster, name and UID. The host may be called by either of its names. */
const keyOf = ({ cluster, name, uid }: ProjectAt): string => `${cluster}/${name} (UID ${uid})`;

/** What of a list is not in a closure, and what of the closure is not in the list. */
export interface Differences {
  /** Would be deleted, and is not listed. */
  readonly unlisted: readonly string[];
  /** Is listed, and would not be deleted. */
  readonly untaken: readonly string[];
}

/** Compares what a caller agreed to lose with what would be lost. */
export function differences(
  env: FederationEnv,
  { clusters }: LeavingProjects,
  listed: readonly ProjectAt[],
): Differences {
  const closure = new Set(
    clusters.flatMap(({ cluster, closure }) => closure.map((one) => keyOf({ cluster, name: one.name, uid: one.uid }))),
  );
  const host = clusters.find((one) => one.host)?.cluster;
  const agreed = new Set(
    listed.map((one) => keyOf(one.cluster === env.host.name && host !== undefined ? { ...one, cluster: host } : one)),
  );
  return {
    unlisted: [...closure].filter((key) => !agreed.has(key)),
    untaken: [...agreed].filter((key) => !closure.has(key)),
  };
}

/** Both differences in words; `undefined` where there are none. */
export function mismatch({ unlisted, untaken }: Differences): string | undefined {
  const parts = [
    ...(unlisted.length === 0 ? [] : [`it would delete ${some(unlisted)}, which projects.delete does not name`]),
    ...(untaken.length === 0 ? [] : [`projects.delete names ${some(untaken)}, which it would not delete`]),
  ];
  return parts.length === 0 ? undefined : parts.join('; and ');
}

/**
 * Whether exactly what the caller agreed to lose would be lost, read afresh.
 *
 * @throws FederationError `KEPT_AT_RISK` naming both differences, in words and in `details`
 */
export async function assertExactly(
  env: FederationEnv,
  subject: Subject,
  leaving: readonly string[],
  listed: readonly ProjectAt[],
  options: LeavingOptions,
): Promise<void> {
  const now = await surveyLeaving(env, subject, leaving, options);
  refuseSystemNamespaces(now);
  const [against] = obstaclesToLeaving(now, subject.name, 'delete');
  if (against !== undefined)
    throw new FederationError('KEPT_AT_RISK', `${against.why} Nothing was deleted. ${against.remedy}`);
  const found = differences(env, now, listed);
  const why = mismatch(found);
  if (why === undefined) return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `Taking ${called(subject)} off ${leaving.join(', ')} is not what was agreed to: ${why}. Nothing was deleted. Look at each, then call again with a list of exactly those.`,
    { details: { unlisted: found.unlisted, untaken: found.untaken } },
  );
}
