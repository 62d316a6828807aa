import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { readInstallation } from '../../kubesphere/installation.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { towerAddress } from '../clusters/tower.ts';
import type { Operation } from '../operation.ts';
import { waitFor } from '../work.ts';
import { importObject, marked } from './import-object.ts';

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
  const { name, unlessMarked: member } = settings;
  return importObject(host, {
    ...settings,
    connection: 'proxy',
    remedy: () => 'Unbind it, or give the member another name.',
    async hindrance(signal) {
      const installation = await readInstallation(host.connection, { signal });
      if ((await towerAddress(host, installation, signal)) === undefined)
        return {
          effect: 'blocked',
          why: `${host.name}: agents have nowhere to dial, for tower has no address that can be reached from outside.`,
          remedy:
            'Give Service kubesphere-system/tower a load balancer, or set spec.multicluster.proxyPublishAddress of ClusterConfiguration ks-installer.',
        };
      const remedy = 'Unbind it there. If no host has it any more, say formerHostGone: true.';
      return member === undefined ? undefined : marked(member, name, remedy, signal);
    },
    secrets: async () => ({ kubeconfig: '' }),
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
    needs: [],
  });
}
