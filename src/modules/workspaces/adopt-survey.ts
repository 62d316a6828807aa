import type { Resource } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { managedLabel, systemWorkspace, workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { checkName, checkOneOf, invalid } from '../../kubesphere/validation.ts';
import { appsOf, type WorkspaceApp } from '../apps.ts';
import { assertUser } from '../assert-user.ts';
import { namespacesOf, some } from '../closure.ts';
import { clusterByName, type FederationEnv } from '../env.ts';
import { placedOn } from '../operations/workspace-template.ts';
import { unplaced } from '../placement/placed.ts';
import type { Obstacle } from './delete-plan.ts';
import { type MembersOwn, membersOwn } from './members-own.ts';
import { notReady } from './ready.ts';

/** A workspace of a member that the host is to take over. */
export interface WorkspaceAdoption {
  /** The member that it lives on. */
  readonly cluster: string;
  readonly name: string;
  /** Who manages it on the host. @defaultValue the manager that it has on the member */
  readonly manager?: string;
  /** The host has a workspace of that name, and it is the same one: the member is added to its placement. */
  readonly existing?: 'join';
}

/** What of the member a host's copies take over or leave alone; plain data. */
export interface FoundManaged {
  readonly kind: 'Workspace' | 'WorkspaceRole' | 'WorkspaceRoleBinding';
  readonly name: string;
  readonly uid: string;
  readonly managed: string | null;
}

/** A workspace to adopt, as it was found. */
export interface AdoptSurvey extends MembersOwn {
  readonly uid: string;
  readonly manager: string;
  readonly networkIsolation: boolean | null;
  readonly annotations: Readonly<Record<string, string>>;
  /** The host has a template of that name. */
  readonly onHost: boolean;
  readonly ownTemplate: boolean;
  /** Nothing is left to do. */
  readonly already: boolean;
  readonly projects: readonly { readonly name: string; readonly uid: string }[];
  readonly apps: readonly WorkspaceApp[];
  readonly objects: readonly FoundManaged[];
}

const kinds: Readonly<Record<FoundManaged['kind'], Resource>> = {
  Workspace: kubesphere.workspaces,
  WorkspaceRole: kubesphere.workspaceRoles,
  WorkspaceRoleBinding: kubesphere.workspaceRoleBindings,
};
/** The resource of a kind that a survey found. */
export const managedResource = (kind: FoundManaged['kind']): Resource => kinds[kind];

/** @throws FederationError `INVALID` naming the field */
export function checkAdoption({ cluster, name, manager, existing }: WorkspaceAdoption, host: string): void {
  checkName('cluster', cluster);
  if (cluster === host) throw invalid('cluster', `is "${host}", the host itself.`);
  checkName('name', name);
  if (name === systemWorkspace) throw invalid('name', `is ${systemWorkspace}, which every cluster has of its own.`);
  if (manager !== undefined) checkName('manager', manager);
  if (existing !== undefined) checkOneOf('existing', existing, ['join']);
}

/** What a person wrote on a workspace; everything else there is controllers' and tools' own. */
const carried = /^kubesphere\.io\/(alias-name|description|creator)$/;

/** Reads what there is to adopt, and what is in the way. @throws ApiError `NOT_FOUND` where the member has no such Workspace */
export async function surveyAdoption(
  env: FederationEnv,
  { cluster, name, manager: wanted, existing }: WorkspaceAdoption,
  signal: AbortSignal,
): Promise<{ readonly found: AdoptSurvey; readonly obstacles: readonly Obstacle[] }> {
  const { host } = env;
  const member = await clusterByName(env)(cluster, { signal });
  const { connection } = member;
  const workspace = await connection.get(kubesphere.workspaces, { name }, { signal });
  const [own, template, waiting, projects, apps, objects, theirs] = await Promise.all([
    connection.find(kubesphere.workspaceTemplates, { name }, { signal }),
    host.connection.find(kubesphere.workspaceTemplates, { name }, { signal }),
    notReady(env, { signal }),
    namespacesOf(member, signal, `${workspaceLabel}=${name}`),
    appsOf({ signal }, member, name),
    rolesOf(member, name, signal),
    membersOwn(member, name, { signal }),
  ]);
  const managed = workspace.metadata.labels?.[managedLabel] ?? null;
  const placed = template === undefined ? [] : placedOn(template);
  const has = managed === 'true' && (await unplaced(host, name, cluster, signal)) === undefined;
  const manager = wanted ?? template?.spec.template.spec?.manager ?? workspace.spec?.manager ?? '';
  const known =
    manager !== '' && (await host.connection.find(kubesphere.users, { name: manager }, { signal })) !== undefined;
  const annotations = { ...workspace.metadata.annotations, ...own?.metadata.annotations };
  const found: AdoptSurvey = {
    uid: workspace.metadata.uid,
    manager,
    networkIsolation: workspace.spec?.networkIsolation ?? null,
    annotations: Object.fromEntries(Object.entries(annotations).filter(([key]) => carried.test(key))),
    onHost: template !== undefined,
    ownTemplate: own !== undefined,
    already: has && own === undefined,
    projects: [...projects.values()].map((project) => ({ name: project.name, uid: project.uid })),
    apps,
    ...theirs,
    objects: [{ kind: 'Workspace', name, uid: workspace.metadata.uid, managed }, ...objects],
  };
  const obstacles: Obstacle[] = [];
  if (waiting.includes(cluster))
    obstacles.push({
      why: `${cluster} is not ready: nothing of the host arrives there.`,
      remedy: 'Bring it back first.',
    });
  if (workspace.metadata.deletionTimestamp !== undefined)
    obstacles.push({
      why: `${cluster}: Workspace "${name}" is being deleted.`,
      remedy: 'Find out who deletes it, and keep its projects first (federation.namespaces.protect).',
    });
  const going = [...projects.values()].filter((project) => project.deletionTimestamp !== undefined);
  if (going.length > 0)
    obstacles.push({
      why: `${cluster}: projects are being deleted: ${some(going.map((project) => project.name))}.`,
      remedy: 'Wait until they are gone.',
    });
  if (template?.metadata.deletionTimestamp !== undefined)
    obstacles.push({
      why: `${host.name}: WorkspaceTemplate "${name}" is being deleted.`,
      remedy: 'Wait until it is gone; its projects can be kept meanwhile (federation.namespaces.protect).',
    });
  if (template !== undefined && !has && existing !== 'join')
    obstacles.push({
      why: `${host.name} has a workspace "${name}" already; equal names need not mean the same workspace.`,
      remedy: "If it is the same, say existing: 'join'.",
    });
  if (template !== undefined && !has && placed === undefined)
    obstacles.push({
      why: `Workspace "${name}" of ${host.name} is placed by a selector; naming one cluster would take it off all others.`,
      remedy: 'Give the workspace a list of clusters in its placement, then try again.',
    });
  if (template !== undefined && wanted !== undefined && template.spec.template.spec?.manager !== wanted)
    obstacles.push({
      why: `Workspace "${name}" of ${host.name} is managed by ${template.spec.template.spec?.manager ?? 'nobody'}, not by ${wanted}.`,
      remedy: 'Leave manager out, or change it there first (federation.workspaces.update).',
    });
  if (!known && template === undefined && wanted !== undefined && obstacles.length === 0)
    await assertUser(host, wanted, { signal });
  if (!known && template === undefined)
    obstacles.push({
      why: `Its manager "${manager}" is no user of ${host.name}.`,
      remedy: 'Create that user, or name another with manager.',
    });
  return { found, obstacles };
}

async function rolesOf(
  { connection }: KubeSphereCluster,
  name: string,
  signal: AbortSignal,
): Promise<readonly FoundManaged[]> {
  const lists = await Promise.all(
    (['WorkspaceRole', 'WorkspaceRoleBinding'] as const).map(async (kind) => {
      const labelSelector = `${workspaceLabel}=${name}`;
      const found = await connection.listMetadata(kinds[kind], { labelSelector, signal }).toArray();
      return found.map(({ metadata }) => ({
        kind,
        name: metadata.name,
        uid: metadata.uid,
        managed: metadata.labels?.[managedLabel] ?? null,
      }));
    }),
  );
  return lists.flat();
}
