import { Buffer } from 'node:buffer';
import type { Connection } from '../kube/connection.ts';
import type { Resource } from '../kube/objects.ts';
import { core } from '../kube/resources.ts';
import { installation, kubefedNamespace, kubesphereNamespace, managedLabel } from '../kubesphere/names.ts';
import { type Cluster, type FederatedObject, kubesphere } from '../kubesphere/resources.ts';
import { parseSettings } from './controllers/settings.ts';
import { createProjects, createUser, createWorkspace } from './projects.ts';
import { recordAt } from './server/object.ts';
import { until } from './until.ts';

/** Options of {@link joinCluster}. */
export interface JoinOptions {
  /** What the host calls the member. */
  readonly name: string;
  /** Text of the kubeconfig that the host stores; 3.3 wants client certificate data in it. */
  readonly kubeconfig: string;
  /** Limit for every wait. @defaultValue 120000 */
  readonly timeoutMs?: number;
}

/** Options of {@link seedMember}. */
export interface SeedMemberOptions extends JoinOptions {
  /** The host that the member belongs to in the end. */
  readonly host: Connection;
  /** Installed as standalone or member, its controllers attached. */
  readonly member: Connection;
  /** Projects by workspace: how many. */
  readonly workspaces: Readonly<Record<string, number>>;
}

/** What {@link seedMember} made. */
export interface SeededMember {
  /** Names by workspace. */
  readonly projects: Readonly<Record<string, readonly string[]>>;
  /** Manager by workspace: a user on host and member. */
  readonly managers: Readonly<Record<string, string>>;
}

/** Makes workspaces with their managers and so many projects each. */
export async function seedWorkspaces(
  connection: Connection,
  workspaces: Readonly<Record<string, number>>,
): Promise<Pick<SeededMember, 'projects' | 'managers'>> {
  const { managers, projects } = namesOf(workspaces);
  for (const [workspace, manager] of Object.entries(managers)) {
    await createUser(connection, { name: manager });
    await createWorkspace(connection, { name: workspace, manager });
  }
  for (const [workspace, creator] of Object.entries(managers))
    await createProjects(connection, { workspace, names: projects[workspace] ?? [], creator });
  return { projects, managers };
}

/** Kinds that a host copies to every member. */
const everywhere: readonly Resource<FederatedObject>[] = [
  kubesphere.federatedUsers,
  kubesphere.federatedGlobalRoles,
  kubesphere.federatedGlobalRoleBindings,
  kubesphere.federatedWorkspaceRoles,
  kubesphere.federatedWorkspaceRoleBindings,
];

/**
 * Makes the member that KubeSphere's page on moving clusters is about: a standalone installation with workspaces (so it
 * has WorkspaceTemplates of its own), managers and filled projects, which then joined a host that has workspaces and
 * users of the same names, and was adopted by it.
 */
export async function seedMember(options: SeedMemberOptions): Promise<SeededMember> {
  const { host, member, name, workspaces } = options;
  const { projects, managers } = await seedWorkspaces(member, workspaces);
  for (const [workspace, manager] of Object.entries(managers)) {
    await createUser(host, { name: manager });
    await createWorkspace(host, { name: workspace, manager, clusters: [name] });
  }
  await makeMember({ ...options });
  await joinCluster(host, options);
  await untilFederated(host, { ...options, workspaces: Object.keys(workspaces) });
  await until(
    `the workspaces of ${name} are adopted`,
    async () => {
      const labelSelector = `${managedLabel}=true`;
      const adopted = await member.list(kubesphere.workspaces, { labelSelector }).toArray();
      return Object.keys(workspaces).every((workspace) => adopted.some(({ metadata }) => metadata.name === workspace));
    },
    options,
  );
  return { projects, managers };
}

/** What seeded workspaces are called: managers `team-a-manager`, projects `team-a-001` to `team-a-120`. */
export function namesOf(workspaces: Readonly<Record<string, number>>): SeededMember {
  const entries = Object.entries(workspaces);
  const names = (workspace: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${workspace}-${String(index + 1).padStart(3, '0')}`);
  return {
    managers: Object.fromEntries(entries.map(([workspace]) => [workspace, `${workspace}-manager`])),
    projects: Object.fromEntries(entries.map(([workspace, count]) => [workspace, names(workspace, count)])),
  };
}

/** Makes an installation a member that trusts the host's tokens, through the installer, and waits for its run. */
export async function makeMember({
  host,
  member,
  timeoutMs = 120_000,
}: Pick<SeedMemberOptions, 'host' | 'member' | 'timeoutMs'>): Promise<void> {
  const jwtSecret = await jwtSecretOf(host);
  await member.patch(
    kubesphere.clusterConfigurations,
    { namespace: kubesphereNamespace, name: installation.configuration },
    { type: 'merge', body: { spec: { authentication: { jwtSecret }, multicluster: { clusterRole: 'member' } } } },
  );
  await until(
    `${member.cluster} is configured as a member`,
    async () => {
      const settings = parseSettings(await config(member));
      return (
        recordAt(settings, 'multicluster')['clusterRole'] === 'member' &&
        recordAt(settings, 'authentication')['jwtSecret'] === jwtSecret
      );
    },
    { timeoutMs },
  );
}

function config(connection: Connection) {
  return connection.find(core.configMaps, { namespace: kubesphereNamespace, name: installation.config });
}

async function jwtSecretOf(connection: Connection): Promise<string> {
  return String(recordAt(parseSettings(await config(connection)), 'authentication')['jwtSecret'] ?? '');
}

/** Creates the Cluster object and waits until KubeSphere and kubefed call the member ready. That is before the first sync. */
export async function joinCluster(
  host: Connection,
  { name, kubeconfig, timeoutMs = 120_000 }: JoinOptions,
): Promise<Cluster> {
  await host.create(kubesphere.clusters, {
    metadata: { name },
    spec: {
      joinFederation: true,
      enable: true,
      provider: '',
      connection: { type: 'direct', kubeconfig: Buffer.from(kubeconfig).toString('base64') },
    },
  });
  const ready = (object: Pick<Cluster, 'status'> | undefined): boolean =>
    object?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
  return until(
    `cluster ${name} is joined`,
    async () => {
      const cluster = await host.get(kubesphere.clusters, { name });
      const kubefed = await host.find(kubesphere.kubeFedClusters, { namespace: kubefedNamespace, name });
      return ready(cluster) && ready(kubefed) ? cluster : undefined;
    },
    { timeoutMs },
  );
}

/** Waits until every object that the host copies to all members, and the named workspaces, arrived on the member. */
export async function untilFederated(
  host: Connection,
  {
    name,
    workspaces,
    timeoutMs = 120_000,
  }: Pick<JoinOptions, 'name' | 'timeoutMs'> & { readonly workspaces: readonly string[] },
): Promise<void> {
  const arrived = (object: FederatedObject): boolean =>
    object.status?.clusters?.some((entry) => entry.name === name && (entry.status ?? '') === '') === true;
  await until(
    `users, roles and workspaces of the host are on ${name}`,
    async () => {
      for (const resource of everywhere) {
        for await (const object of host.list(resource)) if (!arrived(object)) return false;
      }
      for (const workspace of workspaces) {
        if (!arrived(await host.get(kubesphere.federatedWorkspaces, { name: workspace }))) return false;
      }
      return true;
    },
    { timeoutMs, everyMs: 100 },
  );
}
