import { FederationError } from '../../errors.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { kubefedNamespace } from '../../kubesphere/names.ts';
import { kubesphere, type WorkspaceTemplate } from '../../kubesphere/resources.ts';
import { refOf } from '../changes.ts';
import type { Operation } from '../operation.ts';
import { onlyFor, type Right, toGet, toListAll, toWatch, within } from '../rights.ts';
import { edit, looking, type Work, waitFor, waitGone } from '../work.ts';
import { adopted, assertTakesNone, placedOn, syncLimitMs } from './workspace-template.ts';

const resource = kubesphere.workspaceTemplates;

/** What {@link placeWorkspace} captures. */
export interface PlacedBefore {
  readonly clusters: readonly string[];
}

const field = '/spec/placement/clusters';
const named = (clusters: readonly string[]): { readonly name: string }[] => clusters.map((name) => ({ name }));

/**
 * Adds a cluster to a workspace's placement: the whole list with the resourceVersion it was read at, never an index (H9).
 * With `member` it waits until the Workspace is there and kubefed has it. Its way back takes the cluster off again, which
 * makes kubefed delete the Workspace on a joined member: only while no namespace would go with it (H7).
 */
export function placeWorkspace(
  host: KubeSphereCluster,
  name: string,
  cluster: string,
  member?: KubeSphereCluster,
): Operation<PlacedBefore, void> {
  const read = (signal: AbortSignal): Promise<WorkspaceTemplate> => host.connection.get(resource, { name }, { signal });
  const place = (work: Work, decide: (clusters: readonly string[]) => readonly string[]): Promise<WorkspaceTemplate> =>
    edit(work, { cluster: host, resource, name: { name } }, (template) => {
      const now = placedOn(template);
      if (now === undefined)
        throw new FederationError(
          'WORLD_MOVED',
          `${host.name}: workspace "${name}" is placed by a selector by now; naming clusters would take it off all others. It was left alone. Give it a list of clusters, then go on.`,
        );
      const then = decide(now);
      return then.length === now.length
        ? undefined
        : { type: 'merge', body: { spec: { placement: { clusters: named(then) } } } };
    });
  return {
    async forecast({ signal }) {
      const template = await host.connection.find(resource, { name }, { signal });
      const now = template === undefined ? [] : placedOn(template);
      if (now === undefined)
        return {
          effect: 'blocked',
          why: `Workspace "${name}" of ${host.name} is placed by a selector; naming one cluster would take it off all others.`,
          remedy: 'Give the workspace a list of clusters in its placement, then try again.',
        };
      if (now.includes(cluster)) return { effect: 'none', why: `it is placed on ${cluster} already`, out: undefined };
      const ref = refOf(host.name, resource, {
        name,
        ...(template === undefined ? {} : { uid: template.metadata.uid }),
      });
      return {
        effect: 'change',
        changes: [
          {
            verb: 'update',
            resource: ref,
            before: { [field]: named(now) },
            after: { [field]: named([...now, cluster]) },
          },
        ],
      };
    },
    capture: async ({ signal }) => ({ clusters: placedOn(await read(signal)) ?? [] }),
    async run(work) {
      host.dialect;
      await place(work, (now) => (now.includes(cluster) ? now : [...now, cluster]));
    },
    async verify({ signal }) {
      await waitFor(signal, {
        cluster: host,
        resource: kubesphere.federatedWorkspaces,
        select: { fieldSelector: `metadata.name=${name}` },
        test: (objects) =>
          objects.get(name)?.spec.placement?.clusters?.some((entry) => entry.name === cluster) || undefined,
        what: `the placement of workspace "${name}" on ${cluster} to be federated`,
        timeoutMs: syncLimitMs,
      });
      if (member !== undefined) await adopted({ signal }, member, name);
    },
    needs: {
      verify: [
        ...toWatch(host, kubesphere.federatedWorkspaces),
        ...(member === undefined ? [] : toWatch(member, kubesphere.workspaces)),
      ],
      compensate: [...toSeeJoined(host, cluster), ...(member === undefined ? [] : toListAll(member))],
    },
    async compensate(work) {
      const off = (look: () => Promise<void>) =>
        place(looking(work, look), (now) => now.filter((entry) => entry !== cluster));
      if (member === undefined) return void (await off(() => assertNotJoined(work, host, cluster)));
      const workspace = await member.connection.find(kubesphere.workspaces, { name }, { signal: work.signal });
      await off(async () => {
        await assertReached(work, host, cluster);
        await assertTakesNone(work, member, name);
      });
      if (workspace !== undefined)
        await waitGone(
          work,
          { cluster: member, resource: kubesphere.workspaces, name: { name }, uid: workspace.metadata.uid },
          syncLimitMs,
        );
    },
  };
}

/** What it takes to see whether kubefed has a cluster, and reaches it. */
const toSeeJoined = (host: KubeSphereCluster, cluster: string): readonly Right[] =>
  onlyFor(cluster, within(kubefedNamespace, toGet(host, kubesphere.kubeFedClusters)));

const joined = ({ connection }: KubeSphereCluster, name: string, { signal }: Pick<Work, 'signal'>) =>
  connection.find(kubesphere.kubeFedClusters, { namespace: kubefedNamespace, name }, { signal });

/** What is taken off a placement while kubefed does not reach the cluster is deleted there once it is back, with whatever is in it by then. */
async function assertReached(work: Pick<Work, 'signal'>, host: KubeSphereCluster, cluster: string): Promise<void> {
  const found = await joined(host, cluster, work);
  if (found === undefined) return;
  if (found.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')) return;
  throw new FederationError(
    'UNREACHABLE',
    `${host.name}: its kubefed does not reach cluster "${cluster}": a Workspace taken off it now is deleted there once it is back, with every project that is in it by then. Nothing was changed. Bring the cluster back.`,
    { retryable: true },
  );
}

async function assertNotJoined(work: Pick<Work, 'signal'>, host: KubeSphereCluster, cluster: string): Promise<void> {
  if ((await joined(host, cluster, work)) === undefined) return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `${host.name}: cluster "${cluster}" is still joined; taking it off a placement now would delete the Workspace there, and every project bound to it. Nothing was changed. Remove the Cluster first.`,
  );
}
