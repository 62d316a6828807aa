import type { Connection } from '../../src/kube/connection.ts';
import { joinCluster, type SandboxRole, untilFederated } from '../../src/testing/index.ts';
import type { Ground, GroundCluster } from '../grounds.ts';
import { detach, shutOut } from '../testing/support.ts';
import { type Line, openLine } from './line.ts';

/** Where things are replayed: a host, a member, and a third cluster, with a person's connection to each. */
export interface Stage extends AsyncDisposable {
  readonly clusters: Readonly<Record<'a' | 'b' | 'm', GroundCluster>>;
  readonly a: Connection;
  readonly b: Connection;
  readonly m: Connection;
  /** What the hosts reach the member through; a person's connection does not use it. */
  readonly line: Line;
  /** Lets a host join the member, and waits until both call it ready, which is before the first sync. */
  join(host: Connection, name?: string): Promise<void>;
  /** Joins the member and waits until the host's users, roles and the named workspaces are there. */
  joinFully(host: Connection, workspaces?: readonly string[]): Promise<void>;
  /** Takes the member off a host, and the host's account off the member. */
  leave(host: Connection): Promise<void>;
}

/** Starts the three clusters; `b` is another host, or another cluster to be joined. */
export async function startStage(ground: Ground, b: SandboxRole): Promise<Stage> {
  const federation = await ground.start({ a: { role: 'host' }, b: { role: b }, m: { role: 'standalone' } });
  const { clusters } = federation;
  const line = await openLine(clusters.m.kubeconfig);
  const join = async (host: Connection, name = 'm'): Promise<void> => {
    await joinCluster(host, { name, kubeconfig: line.kubeconfig });
  };
  return {
    clusters,
    a: clusters.a.connection,
    b: clusters.b.connection,
    m: clusters.m.connection,
    line,
    join,
    async joinFully(host, workspaces = []) {
      await join(host);
      await untilFederated(host, { name: 'm', workspaces });
    },
    async leave(host) {
      await detach(host, 'm');
      await shutOut(clusters.m.connection, 'm');
    },
    async [Symbol.asyncDispose]() {
      await federation[Symbol.asyncDispose]();
      await line[Symbol.asyncDispose]();
    },
  };
}
