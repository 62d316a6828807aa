import { FederationError } from '../errors.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { deletionClosure, some } from './closure.ts';
import { clusterByName, type FederationEnv } from './env.ts';
import type { ProjectAt } from './placement/input.ts';
import { shieldsUp } from './shields-up.ts';
import type { Obstacle } from './workspaces/delete-plan.ts';

/**
 * Why projects of one cluster must not be deleted: a shield keeps them, or something outside of them would go along.
 *
 * @param named - all that go, so that one may own another of them
 */
async function keptFromDeletionOn(
  cluster: KubeSphereCluster,
  projects: readonly ProjectAt[],
  signal: AbortSignal,
  named: readonly ProjectAt[],
): Promise<readonly Obstacle[]> {
  const names = new Set(named.map(({ name }) => name));
  const shields = await shieldsUp(cluster, { signal });
  const shielded = projects
    .map(({ name }) => name)
    .filter((name) => shields.some(({ namespaces }) => namespaces.includes(name)));
  const roots = projects.map(({ uid }) => uid);
  const outside = (await deletionClosure(cluster, roots, signal)).objects.filter(
    ({ kind, name, namespace }) => !names.has(namespace ?? (kind === 'Namespace' ? name : '')),
  );
  return [
    ...(shielded.length === 0
      ? []
      : [
          {
            why: `${cluster.name}: named for deletion, and protected: ${some(shielded)}.`,
            remedy: 'Take the protection away first (namespaces.protections, namespaces.unprotect), or keep them.',
          },
        ]),
    ...(outside.length === 0
      ? []
      : [
          {
            why: `${cluster.name}: deleting the named projects would take along what is not in them: ${some(outside.map(({ kind, namespace, name }) => `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`))}.`,
            remedy: 'Take that owner off them first.',
          },
        ]),
  ];
}

/** {@link keptFromDeletionOn}, of every cluster. */
export async function keptFromDeletion(
  env: FederationEnv,
  projects: readonly ProjectAt[],
  signal: AbortSignal,
  named: readonly ProjectAt[] = projects,
): Promise<readonly Obstacle[]> {
  const clusters = [...new Set(projects.map(({ cluster }) => cluster))];
  const found = await Promise.all(
    clusters.map(async (name) => {
      const there = (one: ProjectAt): boolean => one.cluster === name;
      const cluster = await clusterByName(env)(name, { signal });
      return keptFromDeletionOn(cluster, projects.filter(there), signal, named.filter(there));
    }),
  );
  return found.flat();
}

/** {@link keptFromDeletion}, right before they go. @throws FederationError `KEPT_AT_RISK` */
export async function assertNotKept(
  env: FederationEnv,
  projects: readonly ProjectAt[],
  signal: AbortSignal,
): Promise<void> {
  const [kept] = await keptFromDeletion(env, projects, signal);
  if (kept !== undefined) throw new FederationError('KEPT_AT_RISK', `${kept.why} Nothing was deleted. ${kept.remedy}`);
}
