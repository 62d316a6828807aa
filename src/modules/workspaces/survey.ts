import type { ObjectMeta, Resource } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { devopsLabel, managedLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import type { CallOptions } from '../../types.ts';
import { askEveryCluster } from '../across.ts';
import { appsOf, type WorkspaceApp } from '../apps.ts';
import { namespacesOf } from '../closure.ts';
import { devopsProjectsOf } from '../devops.ts';
import type { FederationEnv } from '../env.ts';
import { asFound, type FoundObject, labelledOf, throughKinds } from '../found.ts';
import type { ProjectAt } from '../placement/input.ts';
import { notReady } from './ready.ts';

/** A project as the survey found it. */
export interface FoundProject extends ProjectAt {
  /** `stub`: the namespace on the host that holds the FederatedNamespace; `copy`: kubefed owns it; else a plain one. */
  readonly kind: 'plain' | 'stub' | 'copy';
  /** It bears the label of the workspace. */
  readonly labelled: boolean;
  /** It is the backing namespace of a DevOps project. */
  readonly devops: boolean;
}

/** An object that may be written to. */
export interface FoundOn extends FoundObject {
  readonly cluster: string;
}

/** Everything of a workspace, on every cluster; plain data. */
export interface WorkspaceSurvey {
  readonly template: string | null;
  readonly federated: string | null;
  /** Workspaces that go with the template: the host's own, and those that kubefed owns on members. */
  readonly workspaces: readonly { readonly cluster: string; readonly uid: string }[];
  /** Clusters with a Workspace of that name which is not this one: it came from no host, and stays with its projects. */
  readonly foreign: readonly string[];
  /** Their roles and bindings that the host's took over, for these go to every member: they would go with the host's. */
  readonly foreignRoles: readonly FoundOn[];
  /** Of those, the ones with a WorkspaceTemplate of their own although kubefed owns the Workspace. */
  readonly ownTemplates: readonly string[];
  readonly projects: readonly FoundProject[];
  /** What kubefed owns in those projects. */
  readonly contents: readonly FoundOn[];
  readonly apps: readonly WorkspaceApp[];
  readonly quotas: readonly ProjectAt[];
  /** Roles and bindings of the workspace on the host, which go with its template. */
  readonly roles: readonly FoundOn[];
  readonly devops: readonly string[];
  readonly notReady: readonly string[];
}

/** What one cluster has of a workspace. */
interface Here {
  readonly workspace: ObjectMeta | undefined;
  readonly template: ObjectMeta | undefined;
  /** By name: those with the label, and those that kubefed owns. */
  readonly labelled: readonly ObjectMeta[];
  readonly managed: readonly ObjectMeta[];
  readonly quotas: readonly ObjectMeta[];
  readonly devops: readonly string[];
}

async function look(cluster: KubeSphereCluster, name: string, options: CallOptions): Promise<Here> {
  const { connection } = cluster;
  const labelSelector = `${workspaceLabel}=${name}`;
  const signal = options.signal ?? new AbortController().signal;
  const [workspace, template, labelled, managed, quotas, devops] = await Promise.all([
    connection.find(kubesphere.workspaces, { name }, options),
    connection.find(kubesphere.workspaceTemplates, { name }, options),
    namespacesOf(cluster, signal, labelSelector),
    namespacesOf(cluster, signal, `${managedLabel}=true`),
    labelledOf(cluster, kubesphere.resourceQuotas, name, options),
    devopsProjectsOf(cluster, name, options),
  ]);
  return {
    workspace: workspace?.metadata,
    template: template?.metadata,
    labelled: [...labelled.values()],
    managed: [...managed.values()],
    quotas,
    devops,
  };
}

/** What kubefed owns inside these namespaces. */
const contentsOf = (
  cluster: KubeSphereCluster,
  namespaces: ReadonlySet<string>,
  options: CallOptions,
): Promise<readonly FoundOn[]> =>
  throughKinds(
    cluster,
    ({ namespaced, verbs, group }) => namespaced && verbs.includes('patch') && group !== 'types.kubefed.io',
    { ...options, labelSelector: `${managedLabel}=true` },
    (resource, metadata) =>
      namespaces.has(metadata.namespace ?? '') ? { cluster: cluster.name, ...asFound(resource, metadata) } : undefined,
  );

/** Roles and bindings of the workspace on one cluster; with `managed` only those that kubefed owns. */
const rolesOf = async (
  cluster: KubeSphereCluster,
  name: string,
  options: CallOptions,
  { managed = false } = {},
): Promise<readonly FoundOn[]> => {
  const kinds: readonly Resource[] = [kubesphere.workspaceRoles, kubesphere.workspaceRoleBindings];
  const lists = await Promise.all(
    kinds.map(async (resource) => {
      const labelSelector = `${workspaceLabel}=${name}${managed ? `,${managedLabel}=true` : ''}`;
      const list = await cluster.connection.listMetadata(resource, { ...options, labelSelector }).toArray();
      return list.map(({ metadata }) => ({ cluster: cluster.name, ...asFound(resource, metadata) }));
    }),
  );
  return lists.flat();
};

/**
 * Reads a workspace on every cluster of a federation.
 *
 * @throws FederationError `UNREACHABLE` where a cluster does not answer: one that is silent is not an empty one
 */
export async function surveyWorkspace(
  env: FederationEnv,
  name: string,
  options: CallOptions,
): Promise<WorkspaceSurvey> {
  const { host } = env;
  const what = `Whatever belongs to workspace "${name}"`;
  const found = await askEveryCluster(
    env,
    what,
    async (cluster, call) => ({ cluster, here: await look(cluster, name, call) }),
    options,
  );
  const [federated, stubs, apps, roles, waiting] = await Promise.all([
    host.connection.find(kubesphere.federatedWorkspaces, { name }, options),
    host.connection.listMetadata(kubesphere.federatedNamespaces, options).toArray(),
    appsOf({ signal: options.signal ?? new AbortController().signal }, host, name),
    rolesOf(host, name, options),
    notReady(env, options),
  ]);
  const federatedNamespaces = new Set(stubs.map(({ metadata }) => metadata.name));
  const isHost = (cluster: string): boolean => cluster === host.name;
  const ours = (cluster: string, workspace: ObjectMeta | undefined): boolean =>
    workspace !== undefined && (isHost(cluster) || workspace.labels?.[managedLabel] === 'true');
  const all = [...found].map(([cluster, { here }]) => ({ cluster, here }));
  const foreign = all.filter(({ cluster, here }) => here.workspace !== undefined && !ours(cluster, here.workspace));
  const foreignNames = new Set(foreign.map(({ cluster }) => cluster));
  const hostStubs = new Set(
    (found.get(host.name)?.here.labelled ?? [])
      .map((namespace) => namespace.name)
      .filter((one) => federatedNamespaces.has(one)),
  );
  const projects = all.flatMap(({ cluster, here }) => {
    const labelled = foreignNames.has(cluster) ? [] : here.labelled;
    const names = new Set(labelled.map((one) => one.name));
    // A copy goes with its FederatedNamespace, whatever its own label says.
    const copies = here.managed.filter((one) => hostStubs.has(one.name) && !names.has(one.name));
    return [...labelled, ...copies].map((namespace): FoundProject => {
      const copy = namespace.labels?.[managedLabel] === 'true';
      const stub = isHost(cluster) && federatedNamespaces.has(namespace.name);
      return {
        cluster,
        name: namespace.name,
        uid: namespace.uid,
        kind: stub ? 'stub' : copy ? 'copy' : 'plain',
        labelled: names.has(namespace.name),
        devops: namespace.labels?.[devopsLabel] !== undefined,
      };
    });
  });
  const contents = await Promise.all(
    [...found].map(async ([name, { cluster }]) => {
      const shared = projects.filter((one) => one.cluster === name && one.kind !== 'plain').map((one) => one.name);
      return shared.length === 0 ? [] : contentsOf(cluster, new Set(shared), options);
    }),
  );
  const foreignRoles = await Promise.all(
    [...found]
      .filter(([name]) => foreignNames.has(name))
      .map(([, { cluster }]) => rolesOf(cluster, name, options, { managed: true })),
  );
  return {
    template: found.get(host.name)?.here.template?.uid ?? null,
    federated: federated?.metadata.uid ?? null,
    workspaces: all.flatMap(({ cluster, here: { workspace } }) =>
      workspace !== undefined && ours(cluster, workspace) ? [{ cluster, uid: workspace.uid }] : [],
    ),
    foreign: [...foreignNames],
    foreignRoles: foreignRoles.flat(),
    ownTemplates: all
      .filter(({ cluster, here }) => !isHost(cluster) && here.template !== undefined && !foreignNames.has(cluster))
      .map(({ cluster }) => cluster),
    projects,
    contents: contents.flat(),
    apps,
    quotas: all.flatMap(({ cluster, here }) =>
      foreignNames.has(cluster) ? [] : here.quotas.map(({ name, uid }) => ({ cluster, name, uid })),
    ),
    roles,
    devops: all.flatMap(({ cluster, here }) => here.devops.map((one) => `${cluster}: ${one}`)),
    notReady: waiting,
  };
}

/** Names a project in messages. */
export const projectText = ({ cluster, name, uid }: ProjectAt): string => `${cluster}/${name} (UID ${uid})`;
