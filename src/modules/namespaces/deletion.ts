import { FederationError } from '../../errors.ts';
import type { Namespace } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { systemNamespaces, systemWorkspace, workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { checkText, invalid } from '../../kubesphere/validation.ts';
import { clusterByName, type FederationEnv } from '../env.ts';
import { inTime } from '../in-time.ts';
import { perform, type WriteOptions, type Written } from '../operation.ts';
import { deleteProject } from '../operations/delete-project.ts';
import { checkOptions } from '../options.ts';
import { placeables, placedAs, resolve } from '../placement/clusters.ts';
import { shieldsUp } from '../shields-up.ts';
import { contentsOf, type ProjectContents } from './contents.ts';
import { partOf } from './info.ts';
import { checkProject, type ProjectName } from './projects.ts';
import { releasesOf } from './releases.ts';

/** The very namespace that is to be deleted: its UID is the confirmation that it was looked at. */
export type ProjectToDelete = ProjectName & {
  readonly uid: string;
  /** Where it is given, as lists give it: one that is in another workspace by now was taken over, and is left to whoever did. */
  readonly workspace?: string | undefined;
};

/** @throws FederationError `WORLD_MOVED` for what somebody took over, `INVALID` for what belongs to the installation, to kubefed, or to DevOps */
function assertMayGo(project: ProjectToDelete) {
  const { cluster } = project;
  return ({ metadata }: Namespace): void => {
    const { name, labels } = metadata;
    const refuse = (why: string): FederationError =>
      new FederationError('INVALID', `${cluster}: "${name}" ${why} Nothing was deleted.`);
    const now = labels?.[workspaceLabel];
    if ('workspace' in project && now !== undefined && now !== project.workspace)
      throw new FederationError(
        'WORLD_MOVED',
        `${cluster}: "${name}" is in workspace "${now}" by now, not in ${project.workspace === undefined ? 'none' : `"${project.workspace}"`}: somebody took it over. Nothing was deleted. Look at it; whoever means it all the same names that workspace.`,
      );
    if (now === systemWorkspace) throw refuse('belongs to the installation itself.');
    const part = partOf(metadata);
    if (part === 'multi-cluster project')
      throw refuse(
        'is a multi-cluster project: its host would make it again, or lose all copies. Use namespaces.deleteFederated.',
      );
    if (part === 'DevOps project')
      throw refuse('is the backing namespace of a DevOps project. Delete the DevOpsProject instead.');
  };
}

/** A copy that was released from a multi-cluster project is a plain one; its host makes another as soon as the name is free. */
async function isPlacedThere(
  env: FederationEnv,
  at: KubeSphereCluster,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (at.uid === env.host.uid) return false;
  const project = await env.host.connection.find(kubesphere.federatedNamespaces, { namespace: name, name }, { signal });
  if (project === undefined || project.metadata.deletionTimestamp !== undefined) return false;
  const placed = resolve(project.spec.placement ?? {}, await placeables(env.host, signal), 'possibly');
  return placed.includes(await placedAs(env, at.name, signal));
}

/** Deletes one namespace with everything in it. */
export async function deleteNamespace(
  env: FederationEnv,
  project: ProjectToDelete,
  options: WriteOptions = {},
): Promise<Written<ProjectContents>> {
  checkOptions(options);
  checkProject(project);
  const { cluster, name, uid } = project;
  checkText('uid', uid);
  if (systemNamespaces.has(name)) throw invalid('name', `"${name}" belongs to the installation itself.`);
  const what = `delete namespace "${name}" of ${cluster}`;
  return inTime(options, what, async (call) => {
    const at = await clusterByName(env)(cluster, call);
    at.dialect;
    const operation = deleteProject(
      at,
      { name, uid },
      {
        assertMayGo: assertMayGo(project),
        keptBy: async (signal) =>
          (await shieldsUp(at, { signal }))
            .filter(({ namespaces }) => namespaces.includes(name))
            .map(({ id }) => `shield ${id}`),
        madeAgainBy: async (signal) => ((await isPlacedThere(env, at, name, signal)) ? env.host.name : undefined),
        async contents(signal) {
          const [contents, apps] = await Promise.all([
            contentsOf(at, name, { signal }),
            releasesOf(env, at, name, { signal }),
          ]);
          return { ...contents, apps: apps.map((app) => `${app.cluster}/${app.name}`) };
        },
      },
    );
    return perform(operation, what, call);
  });
}
