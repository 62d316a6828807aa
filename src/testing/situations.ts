import type { Connection } from '../kube/connection.ts';
import { core } from '../kube/resources.ts';
import { workspaceLabel } from '../kubesphere/names.ts';
import { kubesphere } from '../kubesphere/resources.ts';
import { createProjects, createUser, createWorkspace } from './projects.ts';
import { joinCluster, makeMember, namesOf, type SeededMember, seedMember } from './seed.ts';
import { until } from './until.ts';

/**
 * What a member may be when somebody sets out to move it.
 *
 * - `pure-member`: never was anything but a member of its host; its workspaces came from there, it has no WorkspaceTemplates.
 * - `standalone-joined`: had workspaces and users of its own, and was adopted by a host that has the same names.
 * - `former-host`: was a host itself and still has all of that, its users out of reach of the host it belongs to now. The cluster
 *   must have been made with role `host`.
 * - `projects-released`: the page on moving clusters was begun and left after its first step: every project lost its workspace
 *   label while the host was still joined.
 * - `detached`: its Cluster was deleted on the host; all that came from there is still on it, and the host's account as well.
 * - `workspaces-removed`: released, detached, and then its WorkspaceTemplates and Workspaces were deleted: projects that belong to nobody.
 * - `host-gone`: its host answers no more, and nobody took leave of it.
 */
export type Situation =
  | 'pure-member'
  | 'standalone-joined'
  | 'former-host'
  | 'projects-released'
  | 'detached'
  | 'workspaces-removed'
  | 'host-gone';

/** Options of {@link seedSituation}. */
export interface SituationOptions {
  /** The host that the member belongs to, or belonged to. */
  readonly host: { readonly connection: Connection; suspend(): Promise<void> };
  /** Made with role `standalone` or `member`, a former host with role `host`. */
  readonly member: { readonly connection: Connection; readonly clientCertificateKubeconfig: string };
  /** What the host calls it. */
  readonly name: string;
  /** Projects by workspace: how many. */
  readonly workspaces: Readonly<Record<string, number>>;
}

const background = { propagationPolicy: 'Background' } as const;

/** Brings a member into a situation, through KubeSphere's own controllers, and waits until it is in it. */
export async function seedSituation(situation: Situation, options: SituationOptions): Promise<SeededMember> {
  switch (situation) {
    case 'pure-member':
      return seedPureMember(options);
    case 'standalone-joined':
      return seedStandalone(options);
    case 'former-host':
      return seedFormerHost(options);
    case 'projects-released': {
      const seeded = await seedStandalone(options);
      await release(options, seeded);
      return seeded;
    }
    case 'detached': {
      const seeded = await seedStandalone(options);
      await detach(options);
      return seeded;
    }
    case 'workspaces-removed': {
      const seeded = await seedStandalone(options);
      await release(options, seeded);
      await detach(options);
      await removeWorkspaces(options);
      return seeded;
    }
    case 'host-gone': {
      const seeded = await seedStandalone(options);
      await options.host.suspend();
      return seeded;
    }
  }
}

function seedStandalone({ host, member, name, workspaces }: SituationOptions): Promise<SeededMember> {
  return seedMember({
    host: host.connection,
    member: member.connection,
    name,
    kubeconfig: member.clientCertificateKubeconfig,
    workspaces,
  });
}

async function seedPureMember({ host, member, name, workspaces }: SituationOptions): Promise<SeededMember> {
  const seeded = namesOf(workspaces);
  await makeMember({ host: host.connection, member: member.connection });
  await joinCluster(host.connection, { name, kubeconfig: member.clientCertificateKubeconfig });
  for (const [workspace, manager] of Object.entries(seeded.managers)) {
    await createUser(host.connection, { name: manager });
    await createWorkspace(host.connection, { name: workspace, manager, clusters: [name] });
  }
  for (const [workspace, creator] of Object.entries(seeded.managers)) {
    await until(
      `workspace ${workspace} and its manager are on ${name}`,
      async () =>
        (await member.connection.find(kubesphere.workspaces, { name: workspace })) !== undefined &&
        (await member.connection.find(kubesphere.users, { name: creator })) !== undefined,
      { timeoutMs: 120_000 },
    );
    await createProjects(member.connection, { workspace, names: seeded.projects[workspace] ?? [], creator });
  }
  return seeded;
}

async function seedFormerHost({ host, member, name, workspaces }: SituationOptions): Promise<SeededMember> {
  const seeded = namesOf(workspaces);
  const itself = 'host';
  for (const [workspace, manager] of Object.entries(seeded.managers)) {
    await createUser(member.connection, { name: manager });
    await createWorkspace(member.connection, { name: workspace, manager, clusters: [itself] });
    await until(
      `workspace ${workspace} is on the host that ${name} still is`,
      () => member.connection.find(kubesphere.workspaces, { name: workspace }),
      { timeoutMs: 120_000 },
    );
    await createProjects(member.connection, {
      workspace,
      names: seeded.projects[workspace] ?? [],
      creator: manager,
    });
  }
  await makeMember({ host: host.connection, member: member.connection });
  for (const [workspace, manager] of Object.entries(seeded.managers)) {
    await createUser(host.connection, { name: manager });
    await createWorkspace(host.connection, { name: workspace, manager, clusters: [name] });
  }
  await joinCluster(host.connection, { name, kubeconfig: member.clientCertificateKubeconfig });
  for (const manager of Object.values(seeded.managers)) {
    await until(
      `user ${manager} of ${name} was found to be out of reach`,
      async () => {
        const { status } = await host.connection.get(kubesphere.federatedUsers, { name: manager });
        return status?.clusters?.some((entry) => entry.name === name && entry.status === 'ManagedLabelFalse');
      },
      { timeoutMs: 120_000, everyMs: 100 },
    );
  }
  return seeded;
}

/** The first step of the page on moving clusters. */
async function release({ member: { connection } }: SituationOptions, { projects }: SeededMember): Promise<void> {
  const names = Object.values(projects).flat();
  for (const name of names) {
    const body = { metadata: { labels: { [workspaceLabel]: null } } };
    await connection.patch(core.namespaces, { name }, { type: 'merge', body });
  }
  await until('the projects belong to nobody', async () => {
    for (const name of names) {
      const { ownerReferences = [] } = (await connection.get(core.namespaces, { name })).metadata;
      if (ownerReferences.some(({ kind }) => kind === 'Workspace')) return false;
    }
    return true;
  });
}

async function detach({ host: { connection }, name }: SituationOptions): Promise<void> {
  await connection.delete(kubesphere.clusters, { name }, background);
  await until(
    `cluster ${name} is gone`,
    async () => (await connection.find(kubesphere.clusters, { name })) === undefined,
  );
}

/** The second step, whose deletions take the Workspaces with them. */
async function removeWorkspaces({ member: { connection }, workspaces }: SituationOptions): Promise<void> {
  for (const name of Object.keys(workspaces)) {
    await connection.delete(kubesphere.workspaceTemplates, { name }, background);
    await until(
      `workspace ${name} is gone`,
      async () =>
        (await connection.find(kubesphere.workspaceTemplates, { name })) === undefined &&
        (await connection.find(kubesphere.workspaces, { name })) === undefined,
    );
  }
}
