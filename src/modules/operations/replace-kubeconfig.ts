import { FederationError } from '../../errors.ts';
import { digest } from '../../internal/digest.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { kubefedNamespace } from '../../kubesphere/names.ts';
import { type Cluster, type Condition, kubesphere } from '../../kubesphere/resources.ts';
import { refOf, secretField } from '../changes.ts';
import type { Operation } from '../operation.ts';
import { toWatch, within } from '../rights.ts';
import { edit, type Work, waitFor } from '../work.ts';
import { isReady, type JoinLimits } from './cluster-object.ts';

const resource = kubesphere.clusters;
const field = secretField('/spec/connection/kubeconfig');
const encode = (text: string): string => Buffer.from(text).toString('base64');

/** A kubeconfig with the address in it. */
interface NewKubeconfig {
  /** YAML; a secret. */
  readonly text: string;
  readonly server: string;
}

/** What {@link replaceKubeconfig} needs. */
export interface ReplaceSettings extends JoinLimits {
  readonly name: string;
  /** UID of the Cluster object meant. */
  readonly objectUid: string;
  /** The kubeconfig to store; read when needed, never journalled. */
  readonly next: (signal: AbortSignal) => Promise<NewKubeconfig>;
  /** Reads what was parked of the one before, for the way back. */
  readonly former: (signal: AbortSignal) => Promise<string>;
}

/** What {@link replaceKubeconfig} captures: digest of the kubeconfig, and the address beside it. */
export interface KubeconfigBefore {
  readonly digest: string | null;
  readonly endpoint: string | null;
}

/** When the host last wrote its Ready condition, before it knew the new kubeconfig. */
export interface Replaced {
  readonly readyAt: string | null;
}

const readyOf = ({ status }: Cluster): Condition | undefined =>
  status?.conditions?.find(({ type }) => type === 'Ready');

/**
 * Gives a Cluster object another kubeconfig of the same member, natively by a patch: the PUT of ks-apiserver stores what it refuses
 * (domain reference, 2.7). Done when the host has looked at the member with it, and kubefed reaches the member.
 */
export function replaceKubeconfig(
  host: KubeSphereCluster,
  { name, objectUid, next, former, resyncMs = 120_000 }: ReplaceSettings,
): Operation<KubeconfigBefore, Replaced> {
  const timeoutMs = 3 * resyncMs + 60_000;
  const store = (work: Work, kubeconfig: string, endpoint: string | null): Promise<Cluster> =>
    edit(work, { cluster: host, resource, name: { name }, uid: objectUid }, ({ spec: { connection } }) =>
      connection.kubeconfig === encode(kubeconfig)
        ? undefined
        : {
            type: 'merge',
            body: {
              spec: {
                connection: {
                  kubeconfig: encode(kubeconfig),
                  ...(endpoint === (connection.kubernetesAPIEndpoint ?? null)
                    ? {}
                    : { kubernetesAPIEndpoint: endpoint }),
                },
              },
            },
          },
    );
  /** Follows the Cluster until its controller has written a condition that it had not written before. */
  const used = (work: Pick<Work, 'signal'>, kubeconfig: string, readyAt: string | null): Promise<true> =>
    waitFor(work.signal, {
      cluster: host,
      resource,
      select: { fieldSelector: `metadata.name=${name}` },
      test: (objects): true | undefined => {
        const cluster = objects.get(name);
        if (cluster === undefined) return undefined;
        if (cluster.spec.connection.kubeconfig !== encode(kubeconfig))
          throw new FederationError(
            'WORLD_MOVED',
            `${host.name}: the kubeconfig of cluster "${name}" is another one already. Who else is changing it?`,
          );
        const ready = readyOf(cluster);
        if (ready === undefined || (ready.lastUpdateTime ?? null) === readyAt) return undefined;
        if (ready.status === 'True') return true;
        const why = cluster.status?.conditions?.find(({ type }) => type === 'Federated')?.reason ?? ready.reason;
        throw new FederationError(
          'NOT_OBSERVED',
          `${host.name}: with the new kubeconfig it does not reach cluster "${name}": ${why ?? 'it does not say why'}. Can the host reach the address in it?`,
        );
      },
      what: `the host to use the new kubeconfig of cluster "${name}"`,
      timeoutMs,
    });
  return {
    async forecast({ signal }) {
      const [cluster, { text }] = await Promise.all([
        host.connection.get(resource, { name }, { signal }),
        next(signal),
      ]);
      const stored = cluster.spec.connection.kubeconfig;
      if (stored === encode(text))
        return { effect: 'none', why: 'the host has this very kubeconfig', out: { readyAt: null } };
      return {
        effect: 'change',
        changes: [
          {
            verb: 'update',
            resource: refOf(host.name, resource, cluster.metadata),
            before: { [field]: stored === undefined ? null : digest(stored) },
            after: { [field]: digest(encode(text)) },
          },
        ],
      };
    },
    async capture({ signal }) {
      const { spec } = await host.connection.get(resource, { name }, { signal });
      const { kubeconfig, kubernetesAPIEndpoint } = spec.connection;
      return {
        digest: kubeconfig === undefined ? null : digest(kubeconfig),
        endpoint: kubernetesAPIEndpoint ?? null,
      };
    },
    async run(work) {
      host.dialect;
      const { text, server } = await next(work.signal);
      const cluster = await store(work, text, server);
      return { readyAt: readyOf(cluster)?.lastUpdateTime ?? null };
    },
    needs: {
      verify: [...toWatch(host, resource), ...within(kubefedNamespace, toWatch(host, kubesphere.kubeFedClusters))],
    },
    async verify(work, _before, { readyAt }) {
      await used(work, (await next(work.signal)).text, readyAt);
      await waitFor(work.signal, {
        cluster: host,
        resource: kubesphere.kubeFedClusters,
        select: { namespace: kubefedNamespace, fieldSelector: `metadata.name=${name}` },
        test: (objects) => isReady(objects.get(`${kubefedNamespace}/${name}`)) || undefined,
        what: `kubefed to reach cluster "${name}"`,
        timeoutMs,
      });
    },
    async compensate(work, before) {
      const text = await former(work.signal);
      if (digest(encode(text)) !== before.digest)
        throw new FederationError(
          'WORLD_MOVED',
          `${host.name}: what was parked of the kubeconfig of cluster "${name}" is not what it had. Store the former one by hand.`,
        );
      await store(work, text, before.endpoint);
    },
  };
}
