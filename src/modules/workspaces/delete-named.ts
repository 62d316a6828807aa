import { FederationError } from '../../errors.ts';
import type { ObjectMeta } from '../../kube/objects.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { managedLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { refOf } from '../changes.ts';
import { namespacesOf, some } from '../closure.ts';
import { clusterByName, type FederationEnv } from '../env.ts';
import { keptFromDeletionOn } from '../kept-from-deletion.ts';
import type { Operation } from '../operation.ts';
import type { ProjectAt } from '../placement/input.ts';
import { remove, waitGone } from '../work.ts';
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
 * Deletes one project that was named for it, this very one by UID, and waits until it is gone. One that somebody bound elsewhere
 * meanwhile is left alone; one that is protected, or that something outside of it depends on, is refused.
 *
 * @param named - all that were named on that cluster
 */
export function discardProject(
  cluster: KubeSphereCluster,
  project: FoundProject,
  workspace: string,
  named: readonly FoundProject[],
): Operation<null, void> {
  const { name, uid } = project;
  const target = { cluster, resource: core.namespaces, name: { name }, uid };
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
      const [kept] = await keptFromDeletionOn(cluster, [project], work.signal, named);
      if (kept !== undefined)
        throw new FederationError('KEPT_AT_RISK', `${kept.why} It was not deleted. ${kept.remedy} Then resume.`);
      const found = await find(work.signal);
      if (found === undefined || takenBy(found.metadata, project, workspace) !== undefined) return;
      await remove(work, {
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
