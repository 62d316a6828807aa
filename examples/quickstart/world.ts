import { connectMember, Federation, type MigrationEnv } from 'kubesphere-federation';
import { createSandbox, createUser, type Sandbox, seedMember } from 'kubesphere-federation/testing';
import type { Printer } from './print.ts';

/**
 * How much faster than on real clusters everything goes: the controllers of Kubernetes, KubeSphere and kubefed, and with
 * them the waiting times of the migration.
 */
export const speed = 60;

/** Two workspaces with 200 projects between them. */
export const workspaces = { 'team-a': 120, 'team-b': 80 } as const;

/** Three clusters: member m belongs to host a, and shall belong to host b. */
export interface World extends AsyncDisposable {
  readonly clusters: Sandbox<'a' | 'b' | 'm'>['clusters'];
  readonly env: Required<Pick<MigrationEnv, 'source' | 'target' | 'member' | 'timing'>>;
  /** Names by workspace. */
  readonly projects: Readonly<Record<string, readonly string[]>>;
}

/** Starts the clusters and brings them to where the v3.3 page begins: m was standalone, then joined a. */
export async function startWorld(out: Printer): Promise<World> {
  out.heading('Three clusters in this process: hosts a and b, and m, a member of a');
  const sandbox = await createSandbox({
    clusters: { a: { role: 'host' }, b: { role: 'host' }, m: { role: 'standalone' } },
    speed,
  });
  try {
    const { a, b, m } = sandbox.clusters;
    const { projects, managers } = await seedMember({
      host: a.connection,
      member: m.connection,
      name: 'm',
      kubeconfig: m.clientCertificateKubeconfig,
      workspaces,
    });
    // The managers of the workspaces have to exist on the new host.
    for (const name of new Set(Object.values(managers))) await createUser(b.connection, { name });
    const [source, target, member] = await Promise.all([
      Federation.connect({ kubeconfig: a.kubeconfig, name: 'a' }),
      Federation.connect({ kubeconfig: b.kubeconfig, name: 'b' }),
      connectMember({ kubeconfig: m.kubeconfig, name: 'm' }),
    ]);
    const count = Object.values(projects).flat().length;
    out.line(
      `m has ${Object.keys(workspaces).join(' and ')} with ${count} projects, each with a Deployment, a PVC, a Secret, a ConfigMap and a RoleBinding.`,
    );
    return {
      clusters: sandbox.clusters,
      env: { source, target, member, timing: { resyncMs: 120_000 / speed, lookBackMs: 15_000 / speed } },
      projects,
      async [Symbol.asyncDispose]() {
        for (const open of [member, target, source, sandbox]) await open[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await sandbox.close();
    throw error;
  }
}
