import { FederationError } from '../../../errors.ts';

/** Something that {@link Clusters.preflight} found. */
export interface ClusterFinding {
  /** Stable name of the rule. */
  readonly code: string;
  /** `blocks`: do not import it like this; `warns`: know this before you do. */
  readonly severity: 'blocks' | 'warns';
  /** The cluster that it was found on: the name of the host, or the one that the member is to get. */
  readonly where: string;
  readonly what: string;
  /** What a person does about it. */
  readonly remedy: string;
}

/** A finding that stands against an import. */
export const blocks = (code: string, where: string, what: string, remedy: string): ClusterFinding => ({
  code,
  severity: 'blocks',
  where,
  what,
  remedy,
});

/** A finding to know of. */
export const warns = (code: string, where: string, what: string, remedy: string): ClusterFinding => ({
  code,
  severity: 'warns',
  where,
  what,
  remedy,
});

/** What one check of a member finds; that it cannot be read is a finding, too, for an unread cluster is not a good one. */
export async function unlessUnread(
  where: string,
  check: () => Promise<readonly ClusterFinding[]>,
): Promise<readonly ClusterFinding[]> {
  try {
    return await check();
  } catch (error) {
    if (!FederationError.is(error) || FederationError.is(error, 'ABORTED')) throw error;
    return [
      blocks(
        'UNREAD',
        where,
        `It could not be read whole: ${error.message}`,
        'Give a kubeconfig that may read everything there, and ask again when the cluster answers.',
      ),
    ];
  }
}
