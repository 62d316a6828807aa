import { inspect } from 'node:util';
import { Federation } from '../../../src/federation.ts';
import { core } from '../../../src/kube/resources.ts';
import { createUser, joinCluster, makeMember, untilFederated } from '../../../src/testing/index.ts';
import type { Logger } from '../../../src/types.ts';
import type { Ground, GroundCluster } from '../../grounds.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { secretsOf } from './secrets.ts';

/** Host A and its members M and N, as they call one another. */
export type ClusterName = 'a' | 'm' | 'n';

/** Where the cases of the modules' methods play: one federation whose every request can be seen and hindered. */
export interface ModuleWorld extends AsyncDisposable {
  readonly ground: Ground;
  /** The administrator's own way, which nothing hinders. */
  readonly clusters: Readonly<Record<ClusterName, GroundCluster>>;
  readonly proxies: Readonly<Record<ClusterName, FaultProxy>>;
  /** All of its requests pass the proxies. */
  readonly federation: Federation;
  /** A new connection through the proxies: nothing is open yet, nothing remembered. It is closed with the world, if not before. */
  connect(): Promise<Federation>;
  /** Everything that the package said: to its logger, and what {@link ModuleWorld.tell} was told. */
  readonly told: readonly string[];
  /** Keeps what a call answered, or threw. */
  tell(said: unknown): void;
  /** A password that follows KubeSphere's rules, and must be seen nowhere. */
  password(): string;
  /** What the package logs to, wherever a connection is opened. */
  readonly logger: Logger;
  /** Makes a text one that must be seen nowhere; asked for when it is looked for. */
  plant(more: () => readonly string[]): void;
  /** Everything on the clusters that must never be told, and whatever was planted. */
  secrets(): Promise<readonly string[]>;
  /** A name that nothing bears yet. */
  fresh(prefix: string): string;
  /** Takes back whatever hinders, and forgets what was seen. */
  calm(): void;
}

/** Who may look at everything and change nothing. */
export const reader = 'reader';

const names = ['a', 'm', 'n'] as const;

/** Starts it: M and N are joined to A, which has a user `ann`. */
export async function startWorld(ground: Ground): Promise<ModuleWorld> {
  const started = await ground.start({ a: { role: 'host' }, m: { role: 'standalone' }, n: { role: 'standalone' } });
  const { clusters } = started;
  const open: AsyncDisposable[] = [started];
  const stop = async (): Promise<void> => {
    for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]();
  };
  try {
    const proxies: Partial<Record<ClusterName, FaultProxy>> = {};
    for (const name of names) {
      const { connection, tokenKubeconfig } = clusters[name];
      const proxy = await startFaultProxy(name, tokenKubeconfig);
      open.push(proxy);
      proxies[name] = proxy;
      await connection.create(core.clusterRoles, {
        metadata: { name: reader },
        rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] }],
      });
      await connection.create(core.clusterRoleBindings, {
        metadata: { name: reader },
        subjects: [{ kind: 'User', name: reader, apiGroup: 'rbac.authorization.k8s.io' }],
        roleRef: { kind: 'ClusterRole', name: reader, apiGroup: 'rbac.authorization.k8s.io' },
      });
    }
    const through = proxies as Record<ClusterName, FaultProxy>;
    for (const name of ['m', 'n'] as const) {
      await makeMember({ host: clusters.a.connection, member: clusters[name].connection });
      await joinCluster(clusters.a.connection, { name, kubeconfig: clusters[name].kubeconfig });
    }
    await createUser(clusters.a.connection, { name: 'ann' });
    for (const name of ['m', 'n']) await untilFederated(clusters.a.connection, { name, workspaces: [] });
    const told: string[] = [];
    const tell = (said: unknown): void => void told.push(inspect(said, { depth: 12, maxStringLength: 20_000 }));
    const hear = (message: string, data?: object): void => tell([message, data]);
    const logger: Logger = { debug: hear, info: hear, warn: hear, error: hear };
    const planted: string[] = [];
    const plants: (() => readonly string[])[] = [() => planted];
    const connect = async (): Promise<Federation> => {
      const connected = await Federation.connect({
        kubeconfig: through.a.kubeconfig,
        name: 'a',
        logger,
        members: { m: { kubeconfig: through.m.kubeconfig }, n: { kubeconfig: through.n.kubeconfig } },
      });
      open.push(connected);
      return connected;
    };
    const federation = await connect();
    let counted = 0;
    return {
      ground,
      clusters,
      proxies: through,
      federation,
      connect,
      told,
      tell,
      logger,
      plant: (more) => void plants.push(more),
      password: () => {
        planted.push(`Never-t0ld-${planted.length}`);
        return planted.at(-1) ?? '';
      },
      secrets: async () => [...plants.flatMap((more) => more()), ...(await secretsOf(Object.values(clusters)))],
      fresh: (prefix) => {
        counted += 1;
        return `${prefix}-${counted}`;
      },
      calm: () => {
        for (const proxy of Object.values(through)) {
          proxy.hinder(undefined);
          proxy.actAs(undefined);
          proxy.forget();
        }
      },
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
