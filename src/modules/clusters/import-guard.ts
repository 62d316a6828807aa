import { FederationError } from '../../errors.ts';
import { sleep } from '../../internal/signal.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { madeBy } from '../changes.ts';
import type { Operation } from '../operation.ts';
import type { Work } from '../work.ts';
import { joinedSince, joinedUnderAnotherName, type MemberBefore } from './another-host.ts';
import type { ClusterFinding } from './checks/finding.ts';
import type { AcceptableFinding } from './info.ts';
import { type Candidate, examine } from './preflight.ts';

/** What an import is held to. */
export interface ImportGuard {
  readonly accept: readonly AcceptableFinding[];
  readonly formerHostGone: boolean;
  /** What was on the member before; `null` where nobody looked. */
  readonly before?: MemberBefore | null;
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
 * would delete (H5), and equal names would be taken over. From the join until something arrived it looks for another host that joined
 * meanwhile. Then its Cluster goes again: that writes nothing on the member, and the sooner, the less either kubefed has deleted (8.2).
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
  /** Whether another host came since it was examined: what was there before is for the findings to judge. */
  const takenBy = async (signal: AbortSignal): Promise<string | undefined> => {
    const { before, formerHostGone } = guard;
    if (before !== undefined && before !== null) return joinedSince(host, member, candidate.name, before, signal);
    return formerHostGone ? undefined : joinedUnderAnotherName(member, candidate.name, { others: [] }, signal);
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
    verify: (work, before, out) =>
      whileAlone(
        work.signal,
        async (signal) => {
          const other = await takenBy(signal);
          if (other === undefined) return;
          throw new FederationError(
            'CONFLICT',
            `${other} Two hosts on one member destroy what both have, so that ${host.name} does not take it. See which host is to have ${candidate.name}.`,
          );
        },
        (signal) => operation.verify({ ...work, signal }, before, out),
      ),
  };
}

const lookEveryMs = 2_000;

/** Does something for as long as `look` throws nothing, which looks before, meanwhile and afterwards. */
async function whileAlone(
  signal: AbortSignal,
  look: (signal: AbortSignal) => Promise<void>,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  await look(signal);
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const looking = async (): Promise<never> => {
    for (;;) {
      await sleep(lookEveryMs, either);
      await look(either);
    }
  };
  const both = [work(either), looking()];
  try {
    await Promise.race(both);
  } finally {
    stop.abort();
    // Nothing is taken back while something still waits for it to come true.
    await Promise.allSettled(both);
  }
  await look(signal);
}
