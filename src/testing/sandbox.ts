import { FederationError } from '../errors.ts';
import type { Logger } from '../types.ts';
import type { SandboxRole, SandboxVersion } from './attach.ts';
import { Clock } from './clock.ts';
import { eachOf } from './each-of.ts';
import { type Faults, type FaultTarget, faultsOf } from './faults/faults.ts';
import type { FaultRule } from './faults/rule.ts';
import { Gate } from './gate.ts';
import { capturedTogether } from './gateway/capture.ts';
import { type Gateway, openGateway } from './gateway/gateway.ts';
import { mountGateway } from './gateway/service-proxy.ts';
import { Images } from './images.ts';
import { inTurn } from './in-turn.ts';
import type { KubeSphere } from './kubesphere.ts';
import { type Moment, Moments } from './moment.ts';
import { seedWorkspaces } from './seed.ts';
import { History, type WriteRecord } from './server/history.ts';
import { type ApiServer, startApiServer } from './server/server.ts';
import type { StoreCapture } from './server/store.ts';
import { type Snapshot, type SnapshotOptions, snapshotOf } from './snapshot.ts';

/** As whom KubeSphere itself comes, its controllers and its API; what it may do its charts grant, which is all. */
const product = { user: 'system:serviceaccount:kubesphere-system:kubesphere', groups: ['system:masters'] };

/** Clusters that are started at once: more of them only stand in each other's way. */
const concurrency = 8;

/** One cluster of a sandbox. */
export interface SandboxClusterSpec {
  readonly role: SandboxRole;
  /** KubeSphere version line. @defaultValue '3.3' */
  readonly version?: SandboxVersion;
  /** @defaultValue a random one per cluster */
  readonly jwtSecret?: string;
  /** Of the User `admin`: see {@link InstallOptions.adminPassword}. @defaultValue `P@88w0rd` */
  readonly adminPassword?: string;
  /** How often a host looks at every Cluster, in milliseconds of real clusters. @defaultValue the product's, 120000 */
  readonly clusterResyncMs?: number;
  /** Version of Kubernetes that the API server says it is. Before 1.30 it serves no admission policies; all else is as in 1.34. @defaultValue v1.34.4 */
  readonly gitVersion?: string;
  /** Its API server speaks HTTP/2 to whoever asks for it, as real ones do; HTTP/1.1, which costs less, to everybody else. TLS is always on. @defaultValue false */
  readonly http2?: boolean;
  /**
   * Workspaces of its own, and how many projects each has: `team-a-001` and so on, filled as `createProjects` does, with
   * `team-a-manager` as their manager. @defaultValue none
   */
  readonly workspaces?: Readonly<Record<string, number>>;
}

/** Options of {@link createSandbox}. */
export interface SandboxOptions<Name extends string = string> {
  readonly clusters: Readonly<Record<Name, SandboxClusterSpec>>;
  /** Divides every delay of Kubernetes', KubeSphere's and kubefed's controllers. @defaultValue 1 */
  readonly speed?: number;
  /** Delays that vary on real clusters are drawn from it. @defaultValue 1 */
  readonly seed?: number;
  /** In force as soon as everything is installed; more of them, and their end: {@link Sandbox.faults}. @defaultValue none */
  readonly faults?: readonly FaultRule[];
  /** How many writes {@link Sandbox.history} remembers at least. @defaultValue 50000 */
  readonly historyLimit?: number;
  readonly logger?: Logger;
}

/** A running cluster of a sandbox: its API server, and KubeSphere on it. */
export interface SandboxCluster
  extends Omit<ApiServer, 'close' | typeof Symbol.asyncDispose>,
    Omit<KubeSphere, typeof Symbol.asyncDispose> {
  /** KubeSphere's own API: what its console and its users talk to. */
  readonly gateway: Gateway;
}

/** A federation in the process. */
export interface Sandbox<Name extends string = string> extends AsyncDisposable {
  /** The time that all its clusters live in. */
  readonly clock: Clock;
  readonly clusters: Readonly<Record<Name, SandboxCluster>>;
  /** What goes wrong. */
  readonly faults: Faults;
  /** Every write on every cluster, and every refused one, oldest first: those that `selected` takes. {@link Sandbox.rewind} leaves it alone. */
  history(selected?: (record: WriteRecord) => boolean): WriteRecord[];
  /** Everything that all clusters keep at this moment, for {@link diff}. */
  snapshot(options?: SnapshotOptions): Promise<Snapshot>;
  /** This moment, for {@link Sandbox.rewind}. */
  moment(): Moment;
  /**
   * Puts every cluster back to an earlier moment: the same objects with the same UIDs, under the same addresses; credentials stay
   * good. All faults are lifted, and every cluster can be reached. Controllers begin anew, as after a restart; open watches get
   * 410; requests under way write nothing more. The clock goes on, or stands, as before.
   *
   * @throws FederationError `INVALID` for a moment of another sandbox, while it is being put back already, or while the clock is moved
   */
  rewind(moment: Moment): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts API servers on loopback, installs KubeSphere on each and runs its controllers. Members are not joined yet:
 * see `joinCluster` and `seedMember`.
 *
 * @throws FederationError `INVALID` for a role or version that there is not
 * @example
 * ```ts
 * import { createSandbox, joinCluster } from 'kubesphere-federation/testing';
 *
 * await using sandbox = await createSandbox({ clusters: { a: { role: 'host' }, m: { role: 'member' } }, speed: 60 });
 * const { a, m } = sandbox.clusters;
 * await joinCluster(a.connection, { name: 'm', kubeconfig: m.clientCertificateKubeconfig });
 * ```
 */
export async function createSandbox<const Name extends string>(options: SandboxOptions<Name>): Promise<Sandbox<Name>> {
  for (const [name, spec] of Object.entries<SandboxClusterSpec>(options.clusters)) checkSpec(name, spec);
  const clock = new Clock(options.speed === undefined ? {} : { speed: options.speed });
  const running: AsyncDisposable[] = [];
  const targets: FaultTarget[] = [];
  const images = new Images(Object.values<SandboxClusterSpec>(options.clusters));
  const history = new History(options.historyLimit ?? 50_000);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    const works = running.toReversed().map((one) => () => one[Symbol.asyncDispose]());
    closing ??= inTurn(works, 'The sandbox was closed, but not all of it ended well.');
    return closing;
  };
  const start = async (name: string, spec: SandboxClusterSpec, seed: number): Promise<SandboxCluster> => {
    const gate = new Gate();
    const pace = { clock, seed, gate };
    const recorded = { ...pace, history };
    const { gitVersion, http2 = false, workspaces = {}, ...asked } = spec;
    const logger = options.logger === undefined ? {} : { logger: options.logger };
    const begin = async (image?: StoreCapture) => {
      const server = await startApiServer({
        name,
        http2,
        ...recorded,
        ...(gitVersion === undefined ? {} : { gitVersion }),
        ...(image === undefined ? {} : { image }),
      });
      running.push(server);
      targets.push({ ...server, gate });
      const credentials = {
        kubeconfig: server.kubeconfig,
        controllersKubeconfig: server.kubeconfigFor(product),
        ownKubeconfig: server.clientCertificateKubeconfig,
      };
      return { server, options: { name, ...credentials, ...asked, ...pace, ...logger } };
    };
    const { server, kubeSphere } = await images.start(spec, begin, async (first) => {
      await seedWorkspaces(first.connection, workspaces);
      await clock.rest();
    });
    running.push(kubeSphere);
    const kubeconfig = server.kubeconfigFor(product);
    const gateway = await openGateway({ kubeconfig, version: spec.version ?? '3.3', now: () => clock.now() });
    running.push(gateway);
    mountGateway(server, gateway);
    return { ...server, ...kubeSphere, gateway, ...capturedTogether(server, gateway) };
  };
  try {
    const entries = Object.entries<SandboxClusterSpec>(options.clusters);
    const clusters = await eachOf(entries, concurrency, ([name, spec], index) =>
      start(name, spec, (options.seed ?? 1) + index),
    );
    // Every name of the specification got its cluster just above.
    const byName = Object.fromEntries(clusters.map((cluster) => [cluster.name, cluster])) as Record<
      Name,
      SandboxCluster
    >;
    const faults = faultsOf(targets, options.seed ?? 1);
    for (const rule of options.faults ?? []) await faults.add(rule);
    const moments = new Moments(clusters, clock, faults);
    return {
      clusters: byName,
      clock,
      faults,
      history: (selected) => history.records(selected),
      snapshot: (wanted) =>
        snapshotOf(Object.fromEntries(clusters.map(({ name, objects }) => [name, objects()])), wanted),
      moment: () => moments.take(),
      rewind: (moment) => moments.putBack(moment),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
}

/** What comes from a file was looked at by no compiler. @throws FederationError `INVALID` */
function checkSpec(name: string, { role, version = '3.3' }: SandboxClusterSpec): void {
  const oneOf = (what: string, value: string, known: readonly string[]): void => {
    if (!known.includes(value))
      throw new FederationError(
        'INVALID',
        `Cluster ${name} has the ${what} ${JSON.stringify(value)}: give ${known.join(', ')}.`,
      );
  };
  oneOf('role', role, ['host', 'member', 'standalone']);
  oneOf('version', version, ['3.3', '3.4']);
}
