import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { readInstallation } from '../../kubesphere/installation.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { madeBy, refOf } from '../changes.ts';
import { towerAddress } from '../clusters/tower.ts';
import { hostMarks } from '../marks.ts';
import type { Operation } from '../operation.ts';
import { toWatch } from '../rights.ts';
import { waitFor } from '../work.ts';
import { absent, join, release, toRelease } from './cluster-object.ts';

const resource = kubesphere.clusters;
/** Tower does it at once; a cold start of it takes longer. */
const tokenLimitMs = 120_000;

/** What {@link importByAgent} needs. */
export interface AgentSettings {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly provider?: string;
  /** Refuse this member while it bears a host's marks. */
  readonly unlessMarked?: KubeSphereCluster;
}

/**
 * Makes the Cluster object of a member that an agent will connect, and waits until tower has given it the agent's token. The host joins the
 * member once its agent has called.
 */
export function importByAgent(host: KubeSphereCluster, settings: AgentSettings): Operation<null, void> {
  const { name, labels = {}, provider, unlessMarked: member } = settings;
  return {
    async forecast({ signal, runId }) {
      const found = await host.connection.find(resource, { name }, { signal });
      if (found !== undefined && !madeBy(runId, found))
        return {
          effect: 'blocked',
          why: `${host.name} has a cluster "${name}" already.`,
          remedy: 'Unbind it, or give the member another name.',
        };
      const installation = await readInstallation(host.connection, { signal });
      if ((await towerAddress(host, installation, signal)) === undefined)
        return {
          effect: 'blocked',
          why: `${host.name}: agents have nowhere to dial, for tower has no address that can be reached from outside.`,
          remedy:
            'Give Service kubesphere-system/tower a load balancer, or set spec.multicluster.proxyPublishAddress of ClusterConfiguration ks-installer.',
        };
      const marks = member === undefined ? [] : await hostMarks(member, signal);
      if (marks.length > 0)
        return {
          effect: 'blocked',
          why: `${name} bears the marks of a host (${marks.join('; ')}): two hosts on one member destroy what both have.`,
          remedy: 'Unbind it there. If no host has it any more, say formerHostGone: true.',
        };
      return {
        effect: 'change',
        changes: [{ verb: 'create', resource: refOf(host.name, resource, { name }), before: null, after: {} }],
      };
    },
    capture: async () => null,
    async run(work) {
      host.dialect;
      const spec = {
        joinFederation: true,
        enable: true,
        ...(provider === undefined ? {} : { provider }),
        connection: { type: 'proxy' as const },
      };
      await join(work, host, name, { labels, annotations: {}, spec }, { kubeconfig: '' });
    },
    reads: { verify: toWatch(host, resource), compensate: toRelease(host) },
    verify: ({ signal }) =>
      waitFor(signal, {
        cluster: host,
        resource,
        select: { fieldSelector: `metadata.name=${name}` },
        test: (objects) => {
          const cluster = objects.get(name);
          const initialised = cluster?.status?.conditions?.some(
            ({ type, status }) => type === 'Initialized' && status === 'True',
          );
          return initialised === true && (cluster?.spec.connection.token ?? '') !== '' ? true : undefined;
        },
        what: `tower to prepare for the agent of cluster "${name}"`,
        timeoutMs: tokenLimitMs,
      }).then(() => undefined),
    async compensate(work) {
      const cluster = await host.connection.find(resource, { name }, { signal: work.signal });
      if (cluster !== undefined && !madeBy(work.runId, cluster)) return;
      if (cluster !== undefined) await release(work, host, name, cluster.metadata.uid);
      else await absent(work, host, name);
    },
  };
}
