import { FederationError } from '../../errors.ts';
import type { ObjectMeta } from '../../kube/objects.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { managedLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { askEveryCluster } from '../across.ts';
import { refOf } from '../changes.ts';
import { namespacesOf, some } from '../closure.ts';
import { clusterByName, type FederationEnv } from '../env.ts';
import { keptFromDeletion } from '../kept-from-deletion.ts';
import type { Operation } from '../operation.ts';
import { joinedOf, placeables, resolve } from '../placement/clusters.ts';
import type { ProjectAt } from '../placement/input.ts';
import { looking, remove, waitGone } from '../work.ts';
import type { DeletionInput } from './delete-plan.ts';
import { type FoundProject, projectText, type WorkspaceSurvey } from './survey.ts';

/** A namespace with all its contents may take minutes to go. */
const goneLimitMs = 600_000;

/** Whose a project is by now, where it was named for deletion with a workspace and is another's. */
function takenBy({ labels = {} }: ObjectMeta, { kind }: FoundProject, workspace: string): string | undefined {
  const now = labels[workspaceLabel];
  if (now !== undefined && now !== workspace) return `it is in workspace "${now}" by now`;
  return kind === 'plain' && labels[managedLabel] === 'true' ? 'it is a multi-cluster project by now' : undefined;
}

/**
 * Confirms that projects named for deletion are nobody else's by now.
 *
 * @throws FederationError `WORLD_MOVED`
 */
export async function assertNotTaken(
  env: FederationEnv,
  workspace: string,
  projects: readonly FoundProject[],
  signal: AbortSignal,
): Promise<void> {
  const taken: string[] = [];
  for (const name of new Set(projects.map(({ cluster }) => cluster))) {
    const now = await namespacesOf(await clusterByName(env)(name, { signal }), signal);
    for (const project of projects.filter(({ cluster }) => cluster === name)) {
      const found = now.get(project.name);
      const why = found?.uid === project.uid ? takenBy(found, project, workspace) : undefined;
      if (why !== undefined) taken.push(`${projectText(project)}: ${why}`);
    }
  }
  if (taken.length === 0) return;
  throw new FederationError(
    'WORLD_MOVED',
    `Projects that were to be deleted with workspace "${workspace}" are others' by now: ${some(taken)}. Nothing was deleted. Look at them, then call again.`,
  );
}

/** Those of the named projects that live, each the very one. */
export async function living<Project extends ProjectAt>(
  env: FederationEnv,
  projects: readonly Project[],
  signal: AbortSignal,
): Promise<readonly Project[]> {
  const alive = await Promise.all(
    projects.map(async (project) => {
      const { connection } = await clusterByName(env)(project.cluster, { signal });
      const found = await connection.find(core.namespaces, { name: project.name }, { signal });
      return found?.metadata.uid === project.uid;
    }),
  );
  return projects.filter((_, index) => alive[index]);
}

/**
 * What a list of projects to delete means by now: once the workspace is gone, what went with it is no mistake in a list that is given
 * once more. What lives outside of it is.
 */
export async function meant(
  { projects }: DeletionInput,
  { template }: WorkspaceSurvey,
  env: FederationEnv,
  signal: AbortSignal,
): Promise<DeletionInput['projects']> {
  if (projects === 'keep' || template !== null) return projects;
  return { delete: await living(env, projects.delete, signal) };
}

/**
 * A namespace of the host that holds a FederatedNamespace takes along whatever kubefed has of that name, on every cluster, and whatever
 * it is about to adopt there: all of it must have been named. Somebody may have placed it elsewhere since.
 *
 * @throws FederationError `WORLD_MOVED`, `UNREACHABLE` where a cluster is silent
 */
async function assertCopiesNamed(
  env: FederationEnv,
  { cluster: at, name }: FoundProject,
  named: readonly FoundProject[],
  signal: AbortSignal,
): Promise<void> {
  const { host } = env;
  if (at !== host.name) return;
  const project = await host.connection.find(kubesphere.federatedNamespaces, { namespace: name, name }, { signal });
  if (project === undefined) return;
  const all = await placeables(host, signal);
  const placed = resolve(project.spec.placement ?? {}, all, 'possibly');
  const found = await askEveryCluster(
    env,
    `What goes with multi-cluster project "${name}"`,
    ({ connection }, options) => connection.find(core.namespaces, { name }, options),
    { clusters: joinedOf(all), signal },
  );
  const known = new Set(named.map(({ uid }) => uid));
  const unnamed = [...found].flatMap(([cluster, namespace]) => {
    if (namespace === undefined || known.has(namespace.metadata.uid)) return [];
    const mark = namespace.metadata.labels?.[managedLabel];
    const goes = mark === 'true' || (mark !== 'false' && placed.includes(cluster));
    return goes ? [projectText({ cluster, ...namespace.metadata })] : [];
  });
  if (unnamed.length === 0) return;
  throw new FederationError(
    'WORLD_MOVED',
    `${host.name}: with namespace "${name}" its multi-cluster project would go, and with that ${some(unnamed)}, which was not named. It was not deleted. Take the project off there (namespaces.setFederatedPlacement with projects: 'keep'), then resume.`,
  );
}

/**
 * Deletes one project that was named for it, this very one by UID, and waits until it is gone. One that somebody bound elsewhere
 * meanwhile is left alone; one that is protected, or that something outside of it depends on, is refused; and so is one of the host
 * with which kubefed would delete what was not named.
 *
 * @param named - all that were named, on every cluster
 */
export function discardProject(
  env: FederationEnv,
  cluster: KubeSphereCluster,
  project: FoundProject,
  workspace: string,
  named: readonly FoundProject[],
): Operation<null, void> {
  const { name, uid } = project;
  const target = { cluster, resource: core.namespaces, name: { name }, uid };
  const copies = named.filter((one) => project.kind === 'stub' && one.kind === 'copy' && one.name === name);
  const find = (signal: AbortSignal) => cluster.connection.find(core.namespaces, { name }, { signal });
  return {
    async forecast({ signal }) {
      const found = await find(signal);
      if (found?.metadata.uid !== uid) return { effect: 'none', why: 'it is gone', out: undefined };
      const taken = takenBy(found.metadata, project, workspace);
      if (taken !== undefined) return { effect: 'none', why: `${taken}, and lives on`, out: undefined };
      return {
        effect: 'change',
        changes: [{ verb: 'delete', resource: refOf(cluster.name, core.namespaces, project), before: {}, after: null }],
      };
    },
    capture: async () => null,
    async run(work) {
      cluster.dialect;
      const [kept] = await keptFromDeletion(env, [project, ...copies], work.signal, named);
      if (kept !== undefined)
        throw new FederationError('KEPT_AT_RISK', `${kept.why} It was not deleted. ${kept.remedy} Then resume.`);
      const found = await find(work.signal);
      if (found === undefined || takenBy(found.metadata, project, workspace) !== undefined) return;
      const look = () => assertCopiesNamed(env, project, named, work.signal);
      await remove(looking(work, look), {
        ...target,
        propagationPolicy: 'Background',
        still({ metadata }) {
          const taken = takenBy(metadata, project, workspace);
          if (taken !== undefined)
            throw new FederationError('KEPT_AT_RISK', `${projectText(project)}: ${taken}. It was not deleted.`, {
              retryable: true,
            });
        },
      });
    },
    async verify(work) {
      const found = await find(work.signal);
      if (found !== undefined && found.metadata.deletionTimestamp === undefined) {
        if (found.metadata.uid !== uid || takenBy(found.metadata, project, workspace) !== undefined) return;
      }
      await waitGone(work, target, goneLimitMs);
    },
    compensate: async () => {},
  };
}
