import { core, kubesphere } from 'kubesphere-federation';
import { compareProjects, observeProjects, type ProjectsObservation } from 'kubesphere-federation/testing';
import type { World } from './world.ts';

/** What became of the projects, read from the member's API server, whatever any plan or report says. */
export interface Observed {
  readonly alive: readonly string[];
  readonly lost: readonly string[];
  /** Alive, and another resourceVersion than before. */
  readonly written: readonly string[];
  /** Alive, labelled with a workspace, and owned by the live Workspace of that name, which is the host's. */
  readonly bound: readonly string[];
  readonly contents: { readonly kept: number; readonly lost: number };
}

/** Compares the member's projects with what they were. */
export async function observe({ clusters: { m } }: World, before: ProjectsObservation): Promise<Observed> {
  const after = await observeProjects(m.connection, Object.keys(before));
  const { kept, lost, written, contents } = compareProjects(before, after);
  const workspaces = await m.connection
    .list(kubesphere.workspaces, { labelSelector: 'kubefed.io/managed=true' })
    .toArray();
  const uids = new Map(workspaces.map(({ metadata }) => [metadata.name, metadata.uid]));
  const bound = kept.filter((name) => {
    const workspace = after[name]?.labels['kubesphere.io/workspace'] ?? '';
    return after[name]?.ownerReferences.some(({ uid }) => uid === uids.get(workspace)) === true;
  });
  return { alive: kept, lost, written, bound, contents: { kept: contents.kept, lost: contents.lost.length } };
}

/** Waits until no namespace of the member is being deleted, and none has begun to be for a while. */
export async function untilQuiet({ clusters: { m } }: World, quietMs: number): Promise<void> {
  let seen = '';
  for (let since = performance.now(); performance.now() - since < quietMs; ) {
    const now = await m.connection.listMetadata(core.namespaces).toArray();
    const going = now.some(({ metadata }) => metadata.deletionTimestamp !== undefined);
    const names = now.map(({ metadata }) => metadata.name).join();
    if (going || names !== seen) since = performance.now();
    seen = names;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
