import { FederationError } from '../../errors.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { kubefedNamespace } from '../../kubesphere/names.ts';
import { kubesphere, type WorkspaceTemplate } from '../../kubesphere/resources.ts';
import { refOf } from '../changes.ts';
import { assertTakesNothingKept, deletionClosure } from '../closure.ts';
import type { Operation } from '../operation.ts';
import { onlyFor, type Right, toGet, toListAll, toWatch, within } from '../rights.ts';
import { edit, type Work, waitFor, waitGone } from '../work.ts';
import { adopted, assertEmpty, placedOn, syncLimitMs } from './workspace-template.ts';

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
      compensate: member === undefined ? toSeeJoined(host, cluster) : toListAll(member),
    },
    async compensate(work) {
      if (member !== undefined) {
        const workspace = await member.connection.find(kubesphere.workspaces, { name }, { signal: work.signal });
        await assertEmpty(work, member, name);
        if (workspace !== undefined)
          assertTakesNothingKept(
            await deletionClosure(member, [workspace.metadata.uid], work.signal),
            `Workspace "${name}", which shrinking its placement does,`,
          );
        await place(work, (now) => now.filter((entry) => entry !== cluster));
        if (workspace !== undefined)
          await waitGone(
            work,
            { cluster: member, resource: kubesphere.workspaces, name: { name }, uid: workspace.metadata.uid },
            syncLimitMs,
          );
        return;
      }
      await assertNotJoined(work, host, cluster);
      await place(work, (now) => now.filter((entry) => entry !== cluster));
    },
  };
}

/** What {@link assertNotJoined} reads. */
const toSeeJoined = (host: KubeSphereCluster, cluster: string): readonly Right[] =>
  onlyFor(cluster, within(kubefedNamespace, toGet(host, kubesphere.kubeFedClusters)));

async function assertNotJoined(
  { signal }: Pick<Work, 'signal'>,
  host: KubeSphereCluster,
  cluster: string,
): Promise<void> {
  if (
    (await host.connection.find(
      kubesphere.kubeFedClusters,
      { namespace: kubefedNamespace, name: cluster },
      { signal },
    )) === undefined
  )
    return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `${host.name}: cluster "${cluster}" is still joined; taking it off a placement now would delete the Workspace there, and every project bound to it. Nothing was changed. Remove the Cluster first.`,
  );
}
