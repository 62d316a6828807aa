import { FederationError } from '../errors.ts';
import { digest } from '../internal/digest.ts';
import type { ServedResource } from '../kube/connection.ts';
import type { ObjectMeta } from '../kube/objects.ts';
import { devopsLabel, managedLabel, systemNamespaces, systemWorkspace, workspaceLabel } from '../kubesphere/names.ts';
import { kubesphere } from '../kubesphere/resources.ts';
import { foreignOwners } from '../kubesphere/v3.ts';
import { type AppKind, appsOf } from '../modules/apps.ts';
import { namespacesOf, some } from '../modules/closure.ts';
import { defineStep } from '../workflow/step.ts';
import type { MigrationEnv } from './env.ts';
import { checkInput, type MigrationInput } from './input.ts';

/** A project of the member as the run found it. */
export interface ProjectFound {
  readonly name: string;
  readonly uid: string;
  readonly workspace: string;
  /** kubefed owns it. */
  readonly federated: boolean;
  readonly devops: boolean;
  readonly terminating: boolean;
  /** Owners that are no Workspace: kind, name, whether it claims to be the controller. */
  readonly foreign: readonly { readonly kind: string; readonly name: string; readonly controller: boolean }[];
}

/** A workspace of the member, and how it moves. */
export interface WorkspaceFound {
  readonly name: string;
  readonly uid: string;
  readonly mode: 'adopt' | 'rebind';
  /** Name on the new host. */
  readonly to: string;
  readonly existing: 'join' | null;
  readonly manager: string | null;
  readonly networkIsolation: boolean | null;
  readonly annotations: Readonly<Record<string, string>>;
  /** It has a WorkspaceTemplate of its own: the member was standalone or a host once. */
  readonly ownTemplate: boolean;
  readonly terminating: boolean;
}

/** An app of the member that bears the label of a workspace. */
export interface AppFound {
  readonly kind: AppKind;
  readonly name: string;
  readonly uid: string;
  readonly workspace: string;
}

/** What the run found on the member; every later step goes by it. */
export interface Snapshot {
  readonly workspaces: readonly WorkspaceFound[];
  readonly kept: readonly ProjectFound[];
  readonly left: readonly ProjectFound[];
  /** In a touched workspace, but named nowhere. */
  readonly uncovered: readonly string[];
  readonly apps: readonly AppFound[];
  /** Per kept project, each object in it as `Kind/name UID`. */
  readonly contents: Readonly<Record<string, readonly string[]>>;
}

interface Needs {
  readonly input: MigrationInput;
}

/** Kinds in a project whose loss would be a loss. Pods, ReplicaSets and the like come and go by themselves. */
const contentKinds: ReadonlySet<string> = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'CronJob',
  'PersistentVolumeClaim',
  'Secret',
  'ConfigMap',
  'Service',
  'ServiceAccount',
  'Ingress',
  'Role',
  'RoleBinding',
  'HelmRelease',
  'ResourceQuota',
  'LimitRange',
  'NetworkPolicy',
]);

function projectOf(metadata: ObjectMeta): ProjectFound {
  const labels = metadata.labels ?? {};
  return {
    name: metadata.name,
    uid: metadata.uid,
    workspace: labels[workspaceLabel] ?? '',
    federated: labels[managedLabel] === 'true',
    devops: devopsLabel in labels,
    terminating: metadata.deletionTimestamp !== undefined,
    foreign: foreignOwners(metadata.ownerReferences).map(({ kind, name, controller }) => ({
      kind,
      name,
      controller: controller === true,
    })),
  };
}

/** The objects in these namespaces, by namespace, each as `Kind/name UID`. */
export async function contentsOf(
  { member }: MigrationEnv,
  names: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = Object.fromEntries([...names].map((name) => [name, []]));
  const served = await member.connection.resources({ signal });
  const worth = ({ kind, namespaced, verbs }: ServedResource): boolean =>
    namespaced && contentKinds.has(kind) && verbs.includes('list');
  for (const resource of served.filter(worth))
    for await (const { metadata } of member.connection.listMetadata(resource, { signal }))
      if (metadata.namespace !== undefined && metadata.deletionTimestamp === undefined)
        found[metadata.namespace]?.push(`${resource.kind}/${metadata.name} ${metadata.uid}`);
  for (const list of Object.values(found)) list.sort();
  return found;
}

async function take(input: MigrationInput, env: MigrationEnv, signal: AbortSignal): Promise<Snapshot> {
  const { connection, name: member } = env.member;
  const projects = [...(await namespacesOf(env.member, signal, workspaceLabel)).values()]
    .map(projectOf)
    .filter(({ name, workspace }) => workspace !== systemWorkspace && !systemNamespaces.has(name));
  const byName = new Map(projects.map((project) => [project.name, project]));
  const live = (await connection.list(kubesphere.workspaces, { signal }).toArray()).filter(
    ({ metadata }) => metadata.name !== systemWorkspace,
  );
  const templates = new Map(
    (await connection.list(kubesphere.workspaceTemplates, { signal }).toArray()).map(({ metadata }) => [
      metadata.name,
      metadata,
    ]),
  );
  const names = new Set(live.map(({ metadata }) => metadata.name));

  const { retain, leave = [] } = input;
  const named = retain === 'all' ? [] : [...(retain.namespaces ?? []), ...leave];
  const missing = [...named, ...leave].filter((name) => !byName.has(name));
  if (missing.length > 0)
    throw new FederationError(
      'INVALID',
      `${member}: ${some([...new Set(missing)])} is no project of any workspace there. Check the names. Nothing was written.`,
    );
  const unknown = [
    ...(retain === 'all' ? [] : (retain.workspaces ?? [])),
    ...Object.keys(input.workspaces ?? {}),
  ].filter((name) => !names.has(name));
  if (unknown.length > 0)
    throw new FederationError(
      'INVALID',
      `${member} has no workspace ${some([...new Set(unknown)])}; it has ${some([...names]) || 'none'}. Nothing was written.`,
    );

  const isLeft = new Set(leave);
  const isKept = ({ name, workspace }: ProjectFound): boolean =>
    !isLeft.has(name) &&
    (retain === 'all' || retain.namespaces?.includes(name) === true || retain.workspaces?.includes(workspace) === true);
  const kept = projects.filter(isKept);
  const sorted = <T extends { readonly name: string }>(list: readonly T[]): T[] =>
    [...list].sort((a, b) => (a.name < b.name ? -1 : 1));
  const apps = await Promise.all(
    [...names].map(async (workspace) =>
      (await appsOf({ signal }, env.member, workspace)).map((app) => ({ ...app, workspace })),
    ),
  );
  return {
    workspaces: sorted(
      live.map(({ metadata, spec }) => {
        const move = input.workspaces?.[metadata.name] ?? {};
        const to = move.to ?? metadata.name;
        return {
          name: metadata.name,
          uid: metadata.uid,
          mode: move.mode ?? (to === metadata.name ? 'adopt' : 'rebind'),
          to,
          existing: move.existing ?? null,
          manager: move.manager ?? spec?.manager ?? null,
          networkIsolation: spec?.networkIsolation ?? null,
          annotations: Object.fromEntries(
            Object.entries(metadata.annotations ?? {}).filter(([key]) =>
              /^kubesphere\.io\/(alias-name|description)$/.test(key),
            ),
          ),
          ownTemplate: templates.has(metadata.name),
          terminating: [metadata, templates.get(metadata.name)].some((one) => one?.deletionTimestamp !== undefined),
        };
      }),
    ),
    kept: sorted(kept),
    left: sorted(projects.filter(({ name }) => isLeft.has(name))),
    uncovered: projects
      .filter((project) => !isKept(project) && !isLeft.has(project.name))
      .map(({ name }) => name)
      .sort(),
    apps: sorted(apps.flat()),
    contents: await contentsOf(env, new Set(kept.map(({ name }) => name)), signal),
  };
}

/** Reads the member whole: workspaces, projects and what is in them. Everything later is measured against this. */
export const snapshot = defineStep<Needs, MigrationEnv>()({
  name: 'snapshot',
  title: 'Read the member: workspaces, projects and what is in them',
  readOnly: true,
  forecast: async ({ state, env, signal }) => {
    checkInput(state.input);
    const out = await take(state.input, env, signal);
    // What is in the projects changes all the time; who they are decides.
    const { contents: _contents, ...decides } = out;
    return {
      effect: 'none',
      why: `${out.kept.length} projects in ${out.workspaces.length} workspaces are kept${out.left.length === 0 ? '' : `, ${out.left.length} are left`}`,
      out,
      decides: digest(decides),
    };
  },
  run: async ({ state, env, signal }): Promise<Snapshot> => take(state.input, env, signal),
});

/** Namespaces whose deletion would be a loss. */
export function shieldedOf({ kept, left }: Snapshot): string[] {
  return [...kept, ...left].map(({ name }) => name).sort();
}
