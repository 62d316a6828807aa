import { FederationError } from '../../errors.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { madeBy } from '../changes.ts';
import type { Operation } from '../operation.ts';
import type { Work } from '../work.ts';
import { otherHosts } from './checks/controllers.ts';
import type { ClusterFinding } from './checks/finding.ts';
import type { AcceptableFinding } from './info.ts';
import { type Candidate, examine } from './preflight.ts';

/** What an import is held to. */
export interface ImportGuard {
  readonly accept: readonly AcceptableFinding[];
  readonly formerHostGone: boolean;
}

/** What tells of a former host. */
const ofFormerHost = ['HOST_MARKS', 'OTHER_HOST'];
/** What is found of the Cluster that this very run made. */
const ofOwnCluster = ['CLUSTER_NAME', 'CLUSTER_TWICE'];
/** What an import sees by itself, as it waits for something to arrive. */
const seenAnyway = ['FRONT_DOOR', 'CONTROLLERS'];

/** Which findings of preflight stand against an import. */
export function standing(
  findings: readonly ClusterFinding[],
  { accept, formerHostGone }: ImportGuard,
): readonly ClusterFinding[] {
  const lifted = [...seenAnyway, ...accept, ...(formerHostGone ? ofFormerHost : [])];
  return findings.filter(({ code, severity }) => severity === 'blocks' && !lifted.includes(code));
}

/**
 * Holds an import to what preflight finds, when it is planned and once more before it is done: what a former host left there a new one
 * would delete (H5), and equal names would be taken over.
 */
export function guardImport<Before, Out>(
  operation: Operation<Before, Out>,
  host: KubeSphereCluster,
  member: KubeSphereCluster,
  candidate: Candidate,
  guard: ImportGuard,
): Operation<Before, Out> {
  /** What stands against it; nothing more once this run's own Cluster has joined, and the cluster itself is none to be taken for another. */
  const against = async ({ signal, runId }: Pick<Work, 'signal' | 'runId'>) => {
    const own = await host.connection.find(kubesphere.clusters, { name: candidate.name }, { signal });
    const ours = own !== undefined && madeBy(runId, own);
    if (ours && own.spec.joinFederation === true) return [];
    const findings = standing((await examine(host, candidate, signal)).findings, guard);
    return ours ? findings.filter(({ code }) => !ofOwnCluster.includes(code)) : findings;
  };
  const why = (findings: readonly ClusterFinding[]): string =>
    findings.map(({ code, what }) => `[${code}] ${what}`).join(' ');
  const remedies = (findings: readonly ClusterFinding[]): string =>
    [...new Set(findings.map(({ remedy }) => remedy))].join(' ');
  return {
    ...operation,
    async forecast(work) {
      const forecast = await operation.forecast(work);
      if (forecast.effect !== 'change') return forecast;
      const findings = await against(work);
      return findings.length === 0 ? forecast : { effect: 'blocked', why: why(findings), remedy: remedies(findings) };
    },
    async run(work, before) {
      const findings = await against(work);
      if (findings.length > 0)
        throw new FederationError('WORLD_MOVED', `${why(findings)} Nothing was joined. ${remedies(findings)}`);
      return operation.run(work, before);
    },
    async verify(work, before, out) {
      await operation.verify(work, before, out);
      const others = await otherHosts(member, work.signal);
      if (others.length === 0 || guard.formerHostGone) return;
      throw new FederationError(
        'KEPT_AT_RISK',
        `${why(others)} It joined at the same time. Unbind the member from one of the two at once, and see which projects are left.`,
      );
    },
  };
}
