import { randomUUID } from 'node:crypto';
import type { Connection } from '../../src/kube/connection.ts';
import type { ObjectName, Resource } from '../../src/kube/objects.ts';
import { core } from '../../src/kube/resources.ts';
import { kubefedNamespace, workspaceLabel } from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import {
  compareProjects,
  createUser,
  createWorkspace,
  observeProjects,
  type ProjectsObservation,
  until,
} from '../../src/testing/index.ts';
import { conditionOf, untilCollected, untilGone } from '../testing/support.ts';
import type { Stage } from './stage.ts';

/** Looks often, for what is waited for is measured. */
const often = { timeoutMs: 120_000, everyMs: 1 } as const;

/** Waits until `check` answers, and says how long that took by the stage's own time. */
export async function timed(
  now: Stage['now'],
  what: string,
  check: () => Promise<boolean | undefined>,
): Promise<number> {
  const since = now();
  await until(what, check, often);
  return now() - since;
}

async function untilPassed(now: Stage['now'], ms: number): Promise<void> {
  const since = now();
  await until(`${ms / 1000} s have passed`, async () => now() - since > ms, often);
}

/** Waits until what was changed so far is nothing new to kubefed: what it is told it looks at within 11 s. */
export const untilOld = (now: Stage['now']): Promise<void> => untilPassed(now, 12_000);

/**
 * Looks on at the member for as long as the reference did before it said that all is well, and until the garbage collector has come round
 * once more: on real API servers that goes at the wall's pace. Only then "nothing was lost" says anything of what comes late.
 */
export async function lookOn({ m, now }: Stage, ms = 15_000): Promise<void> {
  await untilPassed(now, ms);
  await untilCollected(m, { name: 'nobody', uid: randomUUID() });
}

/** `3 of 10`. */
export const of = (some: number, all: number | readonly unknown[]): string =>
  `${some} of ${typeof all === 'number' ? all : all.length}`;

/** Whether there is no such object. */
export const isGone = (connection: Connection, resource: Resource, at: ObjectName) => async (): Promise<boolean> =>
  (await connection.find(resource, at)) === undefined;

/** Whether a condition of a Cluster, or of its KubeFedCluster, is True. */
export const isTrue =
  (host: Connection, of: 'Cluster' | 'KubeFedCluster', condition: string, name = 'm') =>
  async (): Promise<boolean> => {
    const object =
      of === 'Cluster'
        ? await host.find(kubesphere.clusters, { name })
        : await host.find(kubesphere.kubeFedClusters, { namespace: kubefedNamespace, name });
    return conditionOf(object, condition)?.status === 'True';
  };

/** Whether every named namespace is gone or going. */
export const areGoing = (connection: Connection, names: readonly string[]) => async (): Promise<boolean> => {
  const left = await connection.listMetadata(core.namespaces).toArray();
  return left.every(({ metadata }) => !names.includes(metadata.name) || metadata.deletionTimestamp !== undefined);
};

/** Whether every named namespace is gone for good. */
export const areGone = (connection: Connection, names: readonly string[]) => async (): Promise<boolean> => {
  const left = await connection.listMetadata(core.namespaces).toArray();
  return left.every(({ metadata }) => !names.includes(metadata.name));
};

/** Metadata of a namespace. */
export async function project(connection: Connection, name: string) {
  return (await connection.get(core.namespaces, { name })).metadata;
}

/** Names of the projects lost since, as `3 of 10`. */
export async function lostOf(connection: Connection, before: ProjectsObservation): Promise<string> {
  const names = Object.keys(before);
  return of(compareProjects(before, await observeProjects(connection, names)).lost.length, names);
}

/** A Workspace that is on its way out. */
interface Owner {
  readonly name: string;
  readonly uid: string;
}

/**
 * Looks on once the garbage collector of the member is done with an owner. While that goes with orphan propagation, a new dependent would
 * be orphaned, too.
 */
export async function lookOnAfter(stage: Stage, owner: Owner): Promise<void> {
  await untilGone(stage.m, kubesphere.workspaces, { name: owner.name });
  await untilCollected(stage.m, owner);
  await lookOn(stage);
}

/** Names of the projects of the member lost since, once the garbage collector has come to all of them, as `3 of 10`. */
export async function lostAfter(stage: Stage, before: ProjectsObservation, owner: Owner): Promise<string> {
  await lookOnAfter(stage, owner);
  return lostOf(stage.m, before);
}

/** Sets or (with `null`) takes off the workspace label of a namespace. */
export async function label(connection: Connection, name: string, workspace: string | null): Promise<void> {
  const body = { metadata: { labels: { [workspaceLabel]: workspace } } };
  await connection.patch(core.namespaces, { name }, { type: 'merge', body });
}

/** Label off and owners emptied in one patch of the very state that was read: how a careful person unbinds. */
export async function unbind(connection: Connection, name: string): Promise<void> {
  const { uid, resourceVersion } = await project(connection, name);
  const body = { metadata: { labels: { [workspaceLabel]: null }, ownerReferences: [] } };
  await connection.patch(core.namespaces, { name }, { type: 'merge', body }, { uid, resourceVersion });
}

/** Whether a namespace is owned by the object with this UID, and nobody else. */
export const isOwned = (connection: Connection, name: string, uid: string) => async (): Promise<boolean> => {
  const { ownerReferences = [] } = await project(connection, name);
  return ownerReferences.length === 1 && ownerReferences[0]?.uid === uid;
};

/** How many of the projects are owned by the object with this UID, and nobody else, as `3 of 10`. */
export async function boundOf(connection: Connection, names: readonly string[], uid: string): Promise<string> {
  const now = Object.values(await observeProjects(connection, names));
  return of(
    now.filter(({ ownerReferences: [owner, other] }) => owner?.uid === uid && other === undefined).length,
    names,
  );
}

/** How many of the projects are nobody's: neither a workspace's label nor an owner, as `3 of 10`. */
export async function unboundOf(connection: Connection, names: readonly string[]): Promise<string> {
  const now = Object.values(await observeProjects(connection, names));
  const free = now.filter(({ labels, ownerReferences }) => !(workspaceLabel in labels) && ownerReferences.length === 0);
  return of(free.length, names);
}

/** A workspace of a host and its manager, placed on `clusters`; whether it arrives there is not waited for. */
export async function workspaceOn(host: Connection, name: string, clusters: readonly string[]): Promise<void> {
  await createUser(host, { name: `${name}-manager` });
  await createWorkspace(host, { name, manager: `${name}-manager`, clusters });
}
