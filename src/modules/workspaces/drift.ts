import type { KubeObject, ObjectMeta } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { managedLabel, systemWorkspace, workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import type { CallOptions } from '../../types.ts';
import { askClusters, type ClusterAnswer, clusterNames } from '../across.ts';
import { appsOf, type WorkspaceApp } from '../apps.ts';
import { namespacesOf } from '../closure.ts';
import type { FederationEnv } from '../env.ts';
import { callOptionsIn } from '../options.ts';
import { placeables } from '../placement/clusters.ts';
import { whyUnplaced } from '../placement/placed.ts';
import { type MembersOwn, membersOwn } from './members-own.ts';

/** A workspace that lives on a member and not on the host, or where its host does not place it: nothing brings it there by itself (v3.3 page). */
export interface DriftedWorkspace extends MembersOwn {
  readonly name: string;
  /** UID of the Workspace on that member. */
  readonly uid: string;
  readonly manager: string | undefined;
  /** What its label `kubefed.io/managed` says; `undefined`: it has none. `true` without a template is what a former host left. */
  readonly managed: boolean | undefined;
  /** The host has a workspace of that name, which need not be this one: equal names need not mean the same workspace. */
  readonly sameNameOnHost: boolean;
  /**
   * Why it is about to be deleted, with every project in it: it is the host's own workspace, and the host does not place it on that
   * member. `undefined`: it is not. `workspaces.setPlacement`, or `clusters.revoke` with `keep`, saves the projects.
   */
  readonly unplaced: string | undefined;
  /** The member has a WorkspaceTemplate of its own: it was standalone or a host once. */
  readonly ownTemplate: boolean;
  readonly projects: readonly { readonly name: string; readonly uid: string }[];
  /** The member's own App Store releases, repositories and templates in that workspace. */
  readonly apps: readonly WorkspaceApp[];
}

/**
 * Workspaces that live on members and not on the host, or where the host does not place them. One result for each member; those that do
 * not answer say so.
 */
export async function drift(
  env: FederationEnv,
  given: CallOptions = {},
): Promise<readonly ClusterAnswer<readonly DriftedWorkspace[]>[]> {
  const { host } = env;
  const options = callOptionsIn(given);
  const placements = await readPlacements(host, options);
  const members = (await clusterNames(env, options)).filter((name) => name !== host.name);
  return askClusters(env, (member, call) => driftOf(member, placements, call), { ...options, clusters: members });
}

/** What the host says of workspaces, read once for all members. */
interface Placements {
  readonly has: (name: string) => boolean;
  readonly unplaced: (name: string, cluster: string) => string | undefined;
}

async function readPlacements(host: KubeSphereCluster, options: CallOptions): Promise<Placements> {
  const { connection, version } = host;
  const templates = byName(await connection.list(kubesphere.workspaceTemplates, options).toArray());
  const has = (name: string): boolean => templates.has(name);
  // No kubefed deletes anything there.
  if (version.line !== '3.x') return { has, unplaced: () => undefined };
  const [listed, all] = await Promise.all([
    connection.list(kubesphere.federatedWorkspaces, options).toArray(),
    placeables(host, signalOf(options)),
  ]);
  const federated = byName(listed);
  const said = (name: string) => ({ template: templates.get(name), federated: federated.get(name), all });
  return { has, unplaced: (name, cluster) => (has(name) ? whyUnplaced(host, name, cluster, said(name)) : undefined) };
}

const signalOf = ({ signal }: CallOptions): AbortSignal => signal ?? new AbortController().signal;
const byName = <T extends KubeObject>(objects: readonly T[]): ReadonlyMap<string, T> =>
  new Map(objects.map((object) => [object.metadata.name, object]));

async function driftOf(
  member: KubeSphereCluster,
  placements: Placements,
  options: CallOptions,
): Promise<readonly DriftedWorkspace[]> {
  const signal = signalOf(options);
  const { connection } = member;
  const [workspaces, templates, projects] = await Promise.all([
    connection.list(kubesphere.workspaces, options).toArray(),
    connection.listMetadata(kubesphere.workspaceTemplates, options).toArray(),
    namespacesOf(member, signal, workspaceLabel),
  ]);
  const own = new Set(templates.map(({ metadata }) => metadata.name));
  const byWorkspace = Map.groupBy(projects.values(), ({ labels }) => labels?.[workspaceLabel] ?? '');
  const drifted = workspaces.flatMap((workspace) => {
    const { metadata } = workspace;
    if (metadata.name === systemWorkspace) return [];
    const managed = managedOf(metadata);
    const unplaced = managed === true ? placements.unplaced(metadata.name, member.name) : undefined;
    return placements.has(metadata.name) && managed === true && unplaced === undefined
      ? []
      : [{ workspace, managed, unplaced }];
  });
  return Promise.all(
    drifted.map(async ({ workspace, managed, unplaced }): Promise<DriftedWorkspace> => {
      const { name, uid } = workspace.metadata;
      return {
        name,
        uid,
        manager: workspace.spec?.manager,
        managed,
        sameNameOnHost: placements.has(name),
        unplaced,
        ownTemplate: own.has(name),
        projects: (byWorkspace.get(name) ?? []).map((project) => ({ name: project.name, uid: project.uid })),
        apps: await appsOf({ signal }, member, name),
        ...(await membersOwn(member, name, options)),
      };
    }),
  );
}

/** What an object's label `kubefed.io/managed` says. */
function managedOf({ labels }: Pick<ObjectMeta, 'labels'>): boolean | undefined {
  const value = labels?.[managedLabel];
  return value === undefined ? undefined : value === 'true';
}
