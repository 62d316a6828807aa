import type { Connection } from '../../../src/kube/connection.ts';
import { core } from '../../../src/kube/resources.ts';
import { managedLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import {
  createFederatedProjects,
  createHelmReleases,
  createProjects,
  createWorkspace,
  inviteToWorkspace,
  until,
} from '../../../src/testing/index.ts';

/** What {@link seedTeam} needs of a world. */
export interface TeamWorld {
  readonly clusters: Readonly<Record<'a' | 'm' | 'n', { readonly connection: Connection }>>;
}

/** What lives in a workspace, by cluster. */
export interface Team {
  readonly workspace: string;
  readonly projects: readonly { readonly cluster: 'a' | 'm' | 'n'; readonly name: string; readonly uid: string }[];
}

/** A workspace on M and N with a plain project on each, a multi-cluster one on both, an app in one of them, a quota on each, a guest. */
export async function seedTeam({ clusters }: TeamWorld, workspace: string): Promise<Team> {
  const { a, m, n } = clusters;
  await createWorkspace(a.connection, { name: workspace, manager: 'ann', clusters: ['m', 'n'] });
  for (const { connection } of [m, n])
    await until(`${workspace} is on ${connection.cluster}`, async () =>
      (await connection.find(kubesphere.workspaces, { name: workspace }))?.metadata.labels?.[managedLabel] === 'true'
        ? true
        : undefined,
    );
  for (const name of ['m', 'n'] as const) {
    const { connection } = clusters[name];
    await createProjects(connection, { workspace, names: [`${workspace}-${name}`], creator: 'ann' });
    await connection.create(kubesphere.resourceQuotas, {
      metadata: { name: workspace, labels: { [workspaceLabel]: workspace } },
      spec: { quota: { hard: { 'limits.cpu': '10' } }, selector: { [workspaceLabel]: workspace } },
    });
  }
  await createFederatedProjects(a.connection, { workspace, names: [`${workspace}-both`], clusters: ['m', 'n'] });
  const app = `${workspace}-shop`;
  await createHelmReleases(a.connection, {
    ...{ workspace, project: `${workspace}-m`, names: [app], cluster: 'm', target: m.connection },
  });
  await inviteToWorkspace(a.connection, { workspace, user: 'ann', role: 'viewer' });
  const lists = await Promise.all(
    (['a', 'm', 'n'] as const).map(async (cluster) => {
      const labelSelector = `${workspaceLabel}=${workspace}`;
      const found = await clusters[cluster].connection.listMetadata(core.namespaces, { labelSelector }).toArray();
      return found.map(({ metadata: { name, uid } }) => ({ cluster, name, uid }));
    }),
  );
  return { workspace, projects: lists.flat() };
}
