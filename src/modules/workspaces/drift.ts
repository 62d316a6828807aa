import type { ObjectMeta } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { managedLabel, systemWorkspace, workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere, type Workspace } from '../../kubesphere/resources.ts';
import type { CallOptions } from '../../types.ts';
import { askClusters, type ClusterAnswer, clusterNames } from '../across.ts';
import { appsOf, type WorkspaceApp } from '../apps.ts';
import { namespacesOf } from '../closure.ts';
import type { FederationEnv } from '../env.ts';
import { callOptionsIn } from '../options.ts';
import { type MembersOwn, membersOwn } from './members-own.ts';

/** A workspace that lives on a member and not on the host: nothing brings it back to the host by itself (v3.3 page). */
export interface DriftedWorkspace extends MembersOwn {
  readonly name: string;
  /** UID of the Workspace on that member. */
  readonly uid: string;
  readonly manager: string | undefined;
  /** What its label `kubefed.io/managed` says; `undefined`: it has none. `true` without a template is what a former host left. */
  readonly managed: boolean | undefined;
  /** The host has a workspace of that name, which is not this one: equal names need not mean the same workspace. */
  readonly sameNameOnHost: boolean;
  /** The member has a WorkspaceTemplate of its own: it was standalone or a host once. */
  readonly ownTemplate: boolean;
  readonly projects: readonly { readonly name: string; readonly uid: string }[];
  /** The member's own App Store releases, repositories and templates in that workspace. */
  readonly apps: readonly WorkspaceApp[];
}

/** Workspaces that live on members and not on the host. One result for each member; those that do not answer say so. */
export async function drift(
  env: FederationEnv,
  given: CallOptions = {},
): Promise<readonly ClusterAnswer<readonly DriftedWorkspace[]>[]> {
  const { host } = env;
  const options = callOptionsIn(given);
  const templates = await host.connection.listMetadata(kubesphere.workspaceTemplates, options).toArray();
  const onHost = new Set(templates.map(({ metadata }) => metadata.name));
  const members = (await clusterNames(env, options)).filter((name) => name !== host.name);
  return askClusters(env, (member, call) => driftOf(member, onHost, call), { ...options, clusters: members });
}

async function driftOf(
  member: KubeSphereCluster,
  onHost: ReadonlySet<string>,
  options: CallOptions,
): Promise<readonly DriftedWorkspace[]> {
  const signal = options.signal ?? new AbortController().signal;
  const { connection } = member;
  const [workspaces, templates, projects] = await Promise.all([
    connection.list(kubesphere.workspaces, options).toArray(),
    connection.listMetadata(kubesphere.workspaceTemplates, options).toArray(),
    namespacesOf(member, signal, workspaceLabel),
  ]);
  const own = new Set(templates.map(({ metadata }) => metadata.name));
  const byWorkspace = Map.groupBy(projects.values(), ({ labels }) => labels?.[workspaceLabel] ?? '');
  const drifted = workspaces.filter(
    ({ metadata }) => metadata.name !== systemWorkspace && !(onHost.has(metadata.name) && managedOf(metadata) === true),
  );
  return Promise.all(
    drifted.map(async (workspace: Workspace): Promise<DriftedWorkspace> => {
      const { name, uid } = workspace.metadata;
      return {
        name,
        uid,
        manager: workspace.spec?.manager,
        managed: managedOf(workspace.metadata),
        sameNameOnHost: onHost.has(name),
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
