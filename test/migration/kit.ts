import { vi } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import { connectMember, Federation, type MemberCluster } from '../../src/federation.ts';
import type { Resource } from '../../src/kube/objects.ts';
import { core } from '../../src/kube/resources.ts';
import { workspaceLabel } from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import type { MigrationEnv } from '../../src/migration/env.ts';
import type { MigrationInput } from '../../src/migration/input.ts';
import { memberMigration } from '../../src/migration/member-migration.ts';
import {
  createSandbox,
  createUser,
  type Sandbox,
  type SandboxClusterSpec,
  seedMember,
} from '../../src/testing/index.ts';
import type { Json } from '../../src/types.ts';
import type { Element } from '../../src/workflow/definition.ts';
import type { JournalEntry, JournalStore } from '../../src/workflow/journal.ts';
import type { Ground, GroundCluster } from '../grounds.ts';

/** Host A, host B, member M. */
export type Name = 'a' | 'b' | 'm';

/** What a test may change about the starting state. */
export interface SceneOptions {
  /** Projects by workspace. @defaultValue team-a: 3, team-b: 2 */
  readonly workspaces?: Readonly<Record<string, number>>;
  readonly clusters?: Partial<Record<Name, Partial<SandboxClusterSpec>>>;
  /** Without it A and M know nothing of each other, and M has no workspaces. @defaultValue true */
  readonly joined?: boolean;
}

/** The starting state of every migration: M belongs to A, B has M's managers as users, connections are open. */
export interface Scene<Cluster extends GroundCluster = GroundCluster> extends AsyncDisposable {
  readonly clusters: Readonly<Record<Name, Cluster>>;
  readonly source: Federation;
  readonly target: Federation;
  readonly member: MemberCluster;
  /** Timing divided by the ground's speed. */
  readonly timing: { readonly resyncMs: number; readonly lookBackMs: number };
  /** A new env of the same world; the connections are shared. */
  env(changes?: Partial<MigrationEnv>): MigrationEnv;
}

const speed = 100;
const seeded = { 'team-a': 3, 'team-b': 2 };

/** Everything in this process: servers that can be suspended and made to fail. */
export type FaultyCluster = Sandbox['clusters'][string] & GroundCluster;

/** A {@link Scene} on the sandbox. */
export async function sandboxScene(options: SceneOptions = {}): Promise<Scene<FaultyCluster>> {
  const sandbox = await createSandbox({ clusters: specs(options), speed });
  const { a, b, m } = sandbox.clusters;
  const faulty = (cluster: Sandbox['clusters'][string]): FaultyCluster => ({
    ...cluster,
    kubeconfig: cluster.clientCertificateKubeconfig,
    tokenKubeconfig: cluster.kubeconfig,
  });
  return setUp({ a: faulty(a), b: faulty(b), m: faulty(m) }, speed, () => sandbox.close(), options);
}

/** A {@link Scene} on any ground. */
export async function sceneOn(ground: Ground, options: SceneOptions = {}): Promise<Scene> {
  const federation = await ground.start(specs(options));
  return setUp(federation.clusters, ground.speed, async () => federation[Symbol.asyncDispose](), options);
}

function specs({ clusters = {} }: SceneOptions): Record<Name, SandboxClusterSpec> {
  return {
    a: { role: 'host', ...clusters.a },
    b: { role: 'host', ...clusters.b },
    m: { role: 'standalone', ...clusters.m },
  };
}

async function setUp<Cluster extends GroundCluster>(
  clusters: Readonly<Record<Name, Cluster>>,
  groundSpeed: number,
  stop: () => Promise<void>,
  { workspaces = seeded, joined = true }: SceneOptions,
): Promise<Scene<Cluster>> {
  const { a, b, m } = clusters;
  try {
    if (joined) {
      const { managers } = await seedMember({
        host: a.connection,
        member: m.connection,
        name: 'm',
        kubeconfig: m.kubeconfig,
        workspaces,
      });
      for (const name of Object.values(managers)) await createUser(b.connection, { name });
    }
    const source = await Federation.connect({ kubeconfig: a.kubeconfig, name: 'a' });
    const target = await Federation.connect({ kubeconfig: b.kubeconfig, name: 'b' });
    const member = await connectMember({ kubeconfig: m.kubeconfig, name: 'm' });
    const timing = { resyncMs: 120_000 / groundSpeed, lookBackMs: 15_000 / groundSpeed };
    return {
      clusters,
      source,
      target,
      member,
      timing,
      env: (changes = {}) => ({ source, target, member, timing, ...changes }),
      async [Symbol.asyncDispose]() {
        for (const one of [source, target, member]) await one[Symbol.asyncDispose]();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One workspace each way: a single run goes through every step. */
export const bothWays = {
  retain: 'all',
  workspaces: { 'team-b': { mode: 'rebind' } },
} as const satisfies MigrationInput;

/** An app of a workspace as the App Store leaves it: deleting the workspace's template would uninstall it (H1). */
export async function addApp({ clusters: { m } }: Scene, name: string, workspace: string, namespace: string) {
  await m.connection.create(kubesphere.helmReleases, {
    metadata: { name, labels: { [workspaceLabel]: workspace, 'kubesphere.io/namespace': namespace } },
    spec: { name },
  });
  await m.connection.create(core.configMaps, {
    metadata: {
      name: `${name}-settings`,
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'Helm' },
      annotations: { 'meta.helm.sh/release-name': name },
    },
    data: {},
  });
}

/** What a step's own run can be wrapped in: `run` does what the step does. */
export type Around = (run: () => Promise<unknown>) => Promise<unknown>;

/** The migration with one step's run wrapped: everything else is the very same. */
export function around(name: string, wrap: Around): typeof memberMigration {
  const definition = memberMigration['~definition'];
  const elements = definition.elements.map((element): Element => {
    if (element.name !== name || element.kind === 'gate') return element;
    if (element.kind === 'items') {
      const { step } = element;
      const run: typeof step.run = async (ctx) => void (await wrap(() => step.run(ctx)));
      return { ...element, step: { ...step, run } };
    }
    const { step } = element;
    const run: typeof step.run = async (ctx) => (await wrap(() => step.run(ctx))) as Json;
    return { ...element, step: { ...step, run } };
  });
  return { ...memberMigration, '~definition': { ...definition, elements } };
}

/** The writes that the migration's own connections ask for while it exists. Dry runs are none. */
export function recordWrites({ source, target, member }: Scene): Disposable & { readonly writes: readonly string[] } {
  const writes: string[] = [];
  const spies = [source.host, target.host, member].flatMap(({ connection }) =>
    (['create', 'patch', 'delete'] as const).map((verb) => {
      const original = connection[verb].bind(connection) as (...args: unknown[]) => Promise<unknown>;
      return vi.spyOn(connection, verb).mockImplementation((async (...args: unknown[]) => {
        const options = args.at(-1);
        const dry = typeof options === 'object' && options !== null && 'dryRun' in options && options.dryRun === true;
        if (!dry) writes.push(`${connection.cluster}: ${verb} ${(args[0] as Resource).plural}`);
        return original(...args);
      }) as never);
    }),
  );
  return {
    writes,
    [Symbol.dispose]: () => {
      for (const spy of spies) spy.mockRestore();
    },
  };
}

/** What kills a driver at the journal: `undefined` lets the record through. */
export type Death = (entry: JournalEntry, seq: number) => 'before' | 'after' | undefined;

/** A journal that loses its driver before or after a record: that drive ends at once, as if its process had. */
export function mortal(journal: JournalStore, death: Death): JournalStore {
  return {
    ...journal,
    async append(runId, seq, entry, options) {
      const when = death(entry, seq);
      if (when !== 'before') await journal.append(runId, seq, entry, options);
      if (when !== undefined) throw new FederationError('JOURNAL_INVALID', `The driver died ${when} record ${seq}.`);
    },
  };
}
