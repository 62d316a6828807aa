import { connectMember, Federation } from '../../../src/federation.ts';
import { core } from '../../../src/kube/resources.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import {
  compareProjects,
  createSandbox,
  createUser,
  type Moment,
  observeProjects,
  type ProjectsObservation,
  type Sandbox,
  seedMember,
} from '../../../src/testing/index.ts';
import { addApp, type FaultyCluster, type Scene } from '../kit.ts';
import { observeWorld, type World as Things } from '../world.ts';

const speed = 200;
const workspaces = { 'team-a': 2, 'team-b': 2 };

/** Whom the API servers know the migration's own requests by. */
export const driver = 'driver';

/** What became of projects and of what is in them. */
export interface Losses {
  readonly kept: number;
  readonly lost: readonly string[];
  readonly contents: { readonly lost: readonly string[]; readonly changed: readonly string[] };
}

/** Three clusters that are put back to where a migration begins, as often as one likes. */
export interface CrashWorld extends AsyncDisposable {
  readonly sandbox: Sandbox<'a' | 'b' | 'm'>;
  readonly scene: Scene<FaultyCluster>;
  /** Everything as it was before. */
  readonly things: Things;
  readonly projects: ProjectsObservation;
  /** Texts that no journal may hold. */
  readonly secrets: readonly string[];
  putBack(): Promise<void>;
  /** What became of the projects. */
  lost(): Promise<Losses>;
}

/** Starts it: M belongs to A, with an app in each workspace; B has M's managers as users. */
export async function startWorld(seed: number): Promise<CrashWorld> {
  const sandbox = await createSandbox({
    clusters: { a: { role: 'host' }, b: { role: 'host' }, m: { role: 'standalone' } },
    speed,
    seed,
  });
  try {
    return await furnished(sandbox);
  } catch (error) {
    await sandbox.close();
    throw error;
  }
}

async function furnished(sandbox: CrashWorld['sandbox']): Promise<CrashWorld> {
  const { a, b, m } = sandbox.clusters;
  const { clientCertificateKubeconfig: kubeconfig } = m;
  const { managers } = await seedMember({
    host: a.connection,
    member: m.connection,
    name: 'm',
    kubeconfig,
    workspaces,
  });
  for (const name of Object.values(managers)) await createUser(b.connection, { name });
  const who = { user: driver, groups: ['system:masters'] };
  const source = await Federation.connect({ kubeconfig: a.kubeconfigFor(who), name: 'a' });
  const target = await Federation.connect({ kubeconfig: b.kubeconfigFor(who), name: 'b' });
  const member = await connectMember({ kubeconfig: m.kubeconfigFor(who), name: 'm' });
  const timing = { resyncMs: 120_000 / speed, lookBackMs: 15_000 / speed };
  const scene: Scene<FaultyCluster> = {
    clusters: { a: faulty(a), b: faulty(b), m: faulty(m) },
    source,
    target,
    member,
    timing,
    env: (changes = {}) => ({ source, target, member, timing, ...changes }),
    async [Symbol.asyncDispose]() {
      for (const one of [source, target, member]) await one[Symbol.asyncDispose]();
      await sandbox.close();
    },
  };
  await addApp(scene, 'shop', 'team-a', 'team-a-001');
  await addApp(scene, 'wiki', 'team-b', 'team-b-001');
  const things = await observeWorld(scene);
  const projects = await observeProjects(m.connection);
  const secrets = await secretsOf(scene);
  const moment: Moment = sandbox.moment();
  return {
    sandbox,
    scene,
    things,
    projects,
    secrets,
    async putBack() {
      await sandbox.faults.clear();
      await sandbox.rewind(moment);
    },
    async lost() {
      const { lost, contents, kept } = compareProjects(projects, await observeProjects(m.connection));
      return { kept: kept.length, lost, contents: { lost: contents.lost, changed: contents.changed } };
    },
    [Symbol.asyncDispose]: async () => scene[Symbol.asyncDispose](),
  };
}

function faulty(cluster: Sandbox['clusters'][string]): FaultyCluster {
  return { ...cluster, kubeconfig: cluster.clientCertificateKubeconfig, tokenKubeconfig: cluster.kubeconfig };
}

/** Every token, key and password hash that lies on the clusters. */
async function secretsOf({ clusters }: Scene<FaultyCluster>): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { connection } of Object.values(clusters)) {
    for (const { type, data } of await connection.list(core.secrets).toArray())
      if (type !== 'helm.sh/release.v1') for (const value of Object.values(data ?? {})) found.push(value);
    for (const { spec } of await connection.list(kubesphere.users).toArray()) found.push(spec.password ?? '');
    const objects = await connection.list(kubesphere.clusters).toArray();
    for (const { spec } of objects) found.push(spec.connection.kubeconfig ?? '');
  }
  return found.filter((text) => text.length >= 16);
}
