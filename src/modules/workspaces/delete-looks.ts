import { FederationError } from '../../errors.ts';
import type { ObjectMeta } from '../../kube/objects.ts';
import { managedLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { refuseApps } from '../apps.ts';
import { namespacesOf, some } from '../closure.ts';
import { clusterByName, type FederationEnv } from '../env.ts';
import { assertNotKept } from '../kept-from-deletion.ts';
import type { ProjectAt } from '../placement/input.ts';
import { assertNotTaken } from './delete-named.ts';
import { assertNoObstacle, type DeletionInput } from './delete-plan.ts';
import { type FoundProject, projectText, surveyWorkspace, type WorkspaceSurvey } from './survey.ts';

/** Every namespace of these clusters, read now. */
async function namespacesNow(
  env: FederationEnv,
  clusters: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ReadonlyMap<string, ObjectMeta>>> {
  const lists = await Promise.all(
    [...clusters].map(
      async (name) => [name, await namespacesOf(await clusterByName(env)(name, { signal }), signal)] as const,
    ),
  );
  return new Map(lists);
}

/**
 * Confirms that kept projects live, each the very one, out of the workspace and free of kubefed.
 *
 * @throws FederationError `KEPT_AT_RISK`, `WORLD_MOVED`
 */
export async function assertFree(
  env: FederationEnv,
  workspace: string,
  projects: readonly FoundProject[],
  signal: AbortSignal,
): Promise<void> {
  const now = await namespacesNow(env, new Set(projects.map(({ cluster }) => cluster)), signal);
  const of = ({ cluster, name }: ProjectAt): ObjectMeta | undefined => now.get(cluster)?.get(name);
  const lost = projects.filter((one) => {
    const found = of(one);
    return found?.uid !== one.uid || found.deletionTimestamp !== undefined;
  });
  if (lost.length > 0)
    throw new FederationError(
      'KEPT_AT_RISK',
      `Projects to keep are gone, being deleted, or others by now: ${some(lost.map(projectText))}. Nothing goes on. Find out who deleted them.`,
      { details: { projects: lost.map(({ cluster, name, uid }) => ({ cluster, name, uid })) } },
    );
  const bound = projects.filter((one) => {
    const { labels } = of(one) ?? {};
    return labels?.[workspaceLabel] === workspace || (one.kind === 'copy' && labels?.[managedLabel] === 'true');
  });
  if (bound.length > 0)
    throw new FederationError(
      'WORLD_MOVED',
      `Projects were taken out of workspace "${workspace}" and are back in it: ${some(bound.map(projectText))}. Find out who puts the label on again, then go on.`,
    );
}

/**
 * Looks at everything once more, right before the workspace goes: nothing joined it, nothing to keep was lost, no app came into reach.
 *
 * @throws FederationError `KEPT_AT_RISK`, `WORLD_MOVED`, `UNREACHABLE`
 */
export async function assertStill(
  env: FederationEnv,
  input: DeletionInput,
  before: WorkspaceSurvey,
  signal: AbortSignal,
): Promise<void> {
  const now = await surveyWorkspace(env, input.name, { signal });
  const { name, projects, apps } = input;
  // What the caller named was compared before; what bears the label by now is compared here.
  assertNoObstacle({ ...input, projects: 'keep' }, now);
  const known = new Set(before.projects.map(({ uid }) => uid));
  const joined = now.projects.filter((one) => !known.has(one.uid) || projects === 'keep' || one.kind !== 'copy');
  if (joined.length > 0)
    throw new FederationError(
      'WORLD_MOVED',
      `Projects joined workspace "${name}" after its projects were counted: ${some(joined.map(projectText))}. It was not deleted. Take them out of it (federation.namespaces.unbind), then go on; or roll back.`,
    );
  refuseApps(env.host.name, name, now.apps, apps === 'keep' ? [] : before.apps);
  if (now.template !== before.template)
    throw new FederationError(
      'WORLD_MOVED',
      `${env.host.name}: workspace "${name}" is another one by now. It was not deleted.`,
    );
  if (projects === 'keep') return assertFree(env, name, before.projects, signal);
  await assertNotTaken(env, name, before.projects, signal);
  await assertNotKept(env, before.projects, signal);
}
