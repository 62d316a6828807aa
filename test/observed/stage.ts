import type { Connection } from '../../src/kube/connection.ts';
import { core } from '../../src/kube/resources.ts';
import { hostLabel, hostServiceAccount, kubefedNamespace, systemWorkspace } from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { joinCluster, untilFederated } from '../../src/testing/index.ts';
import type { Ground, GroundCluster } from '../grounds.ts';
import { background, detach, shutOut, stripMarks, untilGone } from '../testing/support.ts';
import { type Line, openLine } from './line.ts';
import { inSteps } from './steps.ts';

/** Where things are replayed: two hosts, a member, and a third cluster; with a person's connection to each. */
export interface Stage extends AsyncDisposable {
  readonly clusters: Readonly<Record<'a' | 'b' | 'm' | 'x', GroundCluster>>;
  readonly a: Connection;
  readonly b: Connection;
  readonly m: Connection;
  readonly x: Connection;
  /** Milliseconds of real clusters since some moment. */
  now(): number;
  /** How much of that passes in a millisecond of the wall while servers work: none on the sandbox, whose clock stands for them. */
  readonly lag: number;
  /** What the hosts reach the member through; a person's connection does not use it. */
  readonly line: Line;
  /** Lets a host join the member, and waits until both call it ready, which is before the first sync. */
  join(host: Connection, name?: string): Promise<void>;
  /** Joins the member and waits until the host's users, roles and the named workspaces are there. */
  joinFully(host: Connection, workspaces?: readonly string[]): Promise<void>;
  /** Takes the member off a host: what the host has on the member stays. */
  forget(host: Connection): Promise<void>;
  /** Takes the member off a host, and the host's account off the member. */
  leave(host: Connection): Promise<void>;
  /** Takes every cluster and every workspace off the hosts, and every mark off the member: another scene can begin. */
  vacate(): Promise<void>;
}

/** Starts the clusters: nothing is joined yet, and there are no workspaces. */
export async function startStage(ground: Ground): Promise<Stage> {
  const federation = await ground.start({
    a: { role: 'host' },
    b: { role: 'host' },
    m: { role: 'standalone' },
    x: { role: 'standalone' },
  });
  const { clusters, clock } = federation;
  const line = await openLine(clusters.m.kubeconfig);
  const steps = clock === undefined ? undefined : inSteps(clock);
  const join = async (host: Connection, name = 'm'): Promise<void> => {
    await joinCluster(host, { name, kubeconfig: line.kubeconfig });
  };
  const now = (): number => clock?.elapsed() ?? performance.now() * ground.speed;
  return {
    clusters,
    a: clusters.a.connection,
    b: clusters.b.connection,
    m: clusters.m.connection,
    x: clusters.x.connection,
    now,
    lag: clock === undefined ? ground.speed : 0,
    line,
    join,
    async joinFully(host, workspaces = []) {
      await join(host);
      await untilFederated(host, { name: 'm', workspaces });
    },
    forget: (host) => detach(host, 'm'),
    async leave(host) {
      await detach(host, 'm');
      await shutOut(clusters.m.connection, 'm');
    },
    async vacate() {
      for (const { connection } of [clusters.a, clusters.b])
        for await (const { metadata } of connection.list(kubesphere.clusters))
          if (metadata.labels?.[hostLabel] === undefined) await detach(connection, metadata.name);
      for (const { connection } of [clusters.a, clusters.b])
        for await (const { metadata } of connection.list(kubesphere.workspaceTemplates))
          if (metadata.name !== systemWorkspace)
            await connection.delete(kubesphere.workspaceTemplates, { name: metadata.name }, background);
      // Where a host places a workspace elsewhere, its next join would be refused.
      for (const { connection } of [clusters.a, clusters.b])
        for await (const { metadata } of connection.list(kubesphere.federatedWorkspaces))
          if (metadata.name !== systemWorkspace)
            await untilGone(connection, kubesphere.federatedWorkspaces, { name: metadata.name });
      const account = { namespace: kubefedNamespace, name: hostServiceAccount('m') };
      const { connection } = clusters.m;
      if ((await connection.find(core.serviceAccounts, account)) !== undefined) await shutOut(connection, 'm');
      await stripMarks(connection);
    },
    async [Symbol.asyncDispose]() {
      await steps?.[Symbol.asyncDispose]();
      await federation[Symbol.asyncDispose]();
      await line[Symbol.asyncDispose]();
    },
  };
}
