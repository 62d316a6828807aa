import { FederationError } from '../../errors.ts';
import type { Resource } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { managedLabel } from '../../kubesphere/names.ts';
import { federatedKinds, kubesphere, type WorkspaceTemplate } from '../../kubesphere/resources.ts';
import { refOf } from '../changes.ts';
import type { Operation } from '../operation.ts';
import { unplaced } from '../placement/placed.ts';
import { federated } from '../placement/standing.ts';
import { toWatch } from '../rights.ts';
import { edit, type Work, waitFor } from '../work.ts';
import { adopted, placedOn, syncLimitMs } from './workspace-template.ts';

/** An object of the member that was there before the host had the workspace: its copies take it over in place. */
export interface Adoptable {
  readonly resource: Resource;
  readonly name: string;
  readonly uid: string;
}

/**
 * Makes kubefed leave objects alone, so that it deletes none of them when its own object goes (8.2). Those that it did not take over yet
 * are held as well: it may be about to.
 */
export async function holdAdopted(work: Work, member: KubeSphereCluster, objects: readonly Adoptable[]): Promise<void> {
  for (const { resource, name, uid } of objects) {
    const found = await member.connection.find(resource, { name }, { signal: work.signal });
    if (found?.metadata.uid !== uid) continue;
    await edit(work, { cluster: member, resource, name: { name }, uid }, ({ metadata }) =>
      metadata.labels?.[managedLabel] === 'false'
        ? undefined
        : { type: 'merge', body: { metadata: { labels: { [managedLabel]: 'false' } } } },
    );
  }
}

/**
 * Waits until the host has nothing any more that would be copied onto these objects: only then may the mark that holds them be taken
 * off. Roles go to every member whatever their workspace is placed on, so that nothing else will do. Where the host keeps its workspace
 * it keeps them, too, and nothing is waited for.
 */
export async function waitForgotten(
  work: Pick<Work, 'signal'>,
  host: KubeSphereCluster,
  workspace: string,
  objects: readonly Adoptable[],
): Promise<void> {
  const { signal } = work;
  if ((await host.connection.find(resource, { name: workspace }, { signal })) !== undefined) return;
  for (const { federated, target } of federatedKinds) {
    const names = objects.filter((object) => object.resource.kind === target.kind).map(({ name }) => name);
    if (names.length === 0) continue;
    await waitFor(signal, {
      cluster: host,
      resource: federated,
      test: (found) => (names.some((name) => found.has(name)) ? undefined : true),
      what: `what is copied of workspace "${workspace}" (${federated.kind}) to be gone`,
      timeoutMs: syncLimitMs,
    });
  }
}

/** What {@link adoptWorkspace} captures. */
export interface AdoptedBefore {
  readonly clusters: readonly string[];
  readonly spec: { readonly manager: string | null; readonly networkIsolation: boolean | null };
}

const resource = kubesphere.workspaceTemplates;
const field = '/spec/placement/clusters';
const named = (clusters: readonly string[]): { readonly name: string }[] => clusters.map((name) => ({ name }));

/**
 * Places a host's workspace where a Workspace of that name lives already: kubefed takes that over in place, under its UID, and writes
 * to no project (domain reference, 8.4). Its way back makes kubefed let go of it first; only then is the placement shrunk.
 */
export function adoptWorkspace(
  host: KubeSphereCluster,
  member: KubeSphereCluster,
  name: string,
  uid: string,
): Operation<AdoptedBefore, void> {
  const find = (signal: AbortSignal) => host.connection.find(resource, { name }, { signal });
  const placed = (template: WorkspaceTemplate): readonly string[] => {
    const clusters = placedOn(template);
    if (clusters !== undefined) return clusters;
    throw new FederationError(
      'WORLD_MOVED',
      `${host.name}: workspace "${name}" is placed by a selector by now; naming clusters would take it off all others. It was left alone.`,
    );
  };
  const place = (work: Work, decide: (clusters: readonly string[]) => readonly string[]): Promise<unknown> =>
    edit(work, { cluster: host, resource, name: { name } }, (template) => {
      const now = placed(template);
      const then = decide(now);
      return then.length === now.length
        ? undefined
        : { type: 'merge', body: { spec: { placement: { clusters: named(then) } } } };
    });
  const same = async (signal: AbortSignal) => {
    const workspace = await member.connection.find(kubesphere.workspaces, { name }, { signal });
    if (workspace?.metadata.uid === uid && workspace.metadata.deletionTimestamp === undefined) return workspace;
    throw new FederationError(
      'KEPT_AT_RISK',
      `${member.name}: Workspace "${name}" (UID ${uid}) is ${workspace === undefined ? 'gone' : workspace.metadata.uid === uid ? 'being deleted' : 'another one by now'}. Nothing goes on. Find out who did that.`,
    );
  };
  return {
    async forecast({ signal }) {
      const template = await find(signal);
      const now = template === undefined ? [] : placed(template);
      const workspace = await same(signal);
      const has = workspace.metadata.labels?.[managedLabel] === 'true';
      if (has && (await unplaced(host, name, member.name, signal)) === undefined)
        return { effect: 'none', why: `it is placed on ${member.name} already`, out: undefined };
      return {
        effect: 'change',
        changes: [
          {
            verb: 'update',
            resource: refOf(host.name, resource, { name, ...(template && { uid: template.metadata.uid }) }),
            before: { [field]: named(now) },
            after: { [field]: named(now.includes(member.name) ? now : [...now, member.name]) },
          },
        ],
      };
    },
    async capture({ signal }) {
      const template = await host.connection.get(resource, { name }, { signal });
      const { manager = null, networkIsolation = null } = (await same(signal)).spec ?? {};
      return { clusters: placed(template), spec: { manager, networkIsolation } };
    },
    async run(work) {
      host.dialect;
      await same(work.signal);
      await place(work, (now) => (now.includes(member.name) ? now : [...now, member.name]));
    },
    needs: { verify: [...toWatch(member, kubesphere.workspaces), ...toWatch(host, kubesphere.federatedWorkspaces)] },
    async verify(work) {
      // One that was kubefed's before is no proof: it deletes what it was not told of.
      await federated(host, { kind: 'workspace', name }, { arriving: [member.name], leaving: [] }, work.signal);
      await adopted(work, member, name);
      await same(work.signal);
    },
    async compensate(work, { clusters, spec }) {
      await holdAdopted(work, member, [{ resource: kubesphere.workspaces, name, uid }]);
      const { metadata } = await same(work.signal);
      if (metadata.labels?.[managedLabel] === 'true')
        throw new FederationError(
          'KEPT_AT_RISK',
          `${member.name}: kubefed still owns Workspace "${name}"; shrinking its placement now would delete it, and its projects. Nothing was changed.`,
          { retryable: true },
        );
      if (!clusters.includes(member.name)) await place(work, (now) => now.filter((one) => one !== member.name));
      await waitFor(work.signal, {
        cluster: host,
        resource: kubesphere.federatedWorkspaces,
        select: { fieldSelector: `metadata.name=${name}` },
        test: (objects) => {
          const now = objects.get(name)?.spec.placement?.clusters;
          return clusters.includes(member.name) || !now?.some((one) => one.name === member.name) || undefined;
        },
        what: `the placement of workspace "${name}" to be taken back`,
        timeoutMs: syncLimitMs,
      });
      await edit(work, { cluster: member, resource: kubesphere.workspaces, name: { name }, uid }, (workspace) => {
        const { manager = null, networkIsolation = null } = workspace.spec ?? {};
        return manager === spec.manager && networkIsolation === spec.networkIsolation
          ? undefined
          : { type: 'merge', body: { spec } };
      });
      await same(work.signal);
    },
  };
}
