import { FederationError } from '../errors.ts';
import type { Resource } from '../kube/objects.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { workspaceLabel } from '../kubesphere/names.ts';
import { kubesphere } from '../kubesphere/resources.ts';
import { some } from './closure.ts';
import type { Work } from './work.ts';

/** Kinds of the App Store's objects that belong to a workspace. */
export type AppKind = 'HelmRelease' | 'HelmRepo' | 'HelmApplication';

/**
 * Kinds that a template's controller deletes, or marks for deletion, by the label of its workspace, before it looks at
 * anything else and on the orphan path too (H1; workspacetemplate_controller.go:397-476).
 */
const appKinds: Readonly<Record<AppKind, Resource>> = Object.freeze({
  HelmRelease: kubesphere.helmReleases,
  HelmRepo: kubesphere.helmRepos,
  HelmApplication: kubesphere.helmApplications,
});

/** Something of the App Store that belongs to a workspace. */
export interface WorkspaceApp {
  readonly kind: AppKind;
  readonly name: string;
  readonly uid: string;
}

/** The resource of a kind of app. */
export function appResource(kind: AppKind): Resource {
  return appKinds[kind];
}

/** What a template's deletion would uninstall or delete, for it bears the workspace's label. */
export async function appsOf(
  { signal }: Pick<Work, 'signal'>,
  { connection }: KubeSphereCluster,
  workspace: string,
): Promise<readonly WorkspaceApp[]> {
  const served = await connection.resources({ signal });
  const isServed = ({ group, plural }: Resource): boolean =>
    served.some((resource) => resource.group === group && resource.plural === plural);
  const kinds = (Object.keys(appKinds) as AppKind[]).filter((kind) => isServed(appKinds[kind]));
  const lists = await Promise.all(
    kinds.map(async (kind) => {
      const found = await connection
        .listMetadata(appKinds[kind], { labelSelector: `${workspaceLabel}=${workspace}`, signal })
        .toArray();
      return found.map(({ metadata: { name, uid } }) => ({ kind, name, uid }));
    }),
  );
  return lists.flat();
}

/** Refuses to delete a template while apps bear its workspace's label, but those that are to go. @throws FederationError `KEPT_AT_RISK` */
export async function assertNoApps(
  work: Pick<Work, 'signal'>,
  cluster: KubeSphereCluster,
  workspace: string,
  going: readonly WorkspaceApp[] = [],
): Promise<void> {
  refuseApps(cluster.name, workspace, await appsOf(work, cluster, workspace), going);
}

/** {@link assertNoApps}, of those found there. */
export function refuseApps(
  cluster: string,
  workspace: string,
  found: readonly WorkspaceApp[],
  going: readonly WorkspaceApp[],
): void {
  const apps = found.filter(({ uid }) => !going.some((one) => one.uid === uid));
  if (apps.length === 0) return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `${cluster}: deleting the template of workspace "${workspace}" would uninstall ${apps.length} app(s): ${some(apps.map(({ kind, name }) => `${kind} ${name}`))}. Nothing was deleted. Take label ${workspaceLabel} off them, then go on; or roll back.`,
  );
}
