import { expect } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { managedLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import {
  compareProjects,
  createFederatedProjects,
  createProjects,
  createWorkspace,
  observeProjects,
  until,
  untilFederated,
} from '../../../src/testing/index.ts';
import type { JournalEntry, JournalStore } from '../../../src/workflow/journal.ts';
import type { GroundCluster } from '../../grounds.ts';
import type { ModuleWorld } from '../kit/world.ts';

/** How long unbound projects are left alone on a ground. */
export const lookBackMs = ({ ground }: Pick<ModuleWorld, 'ground'>): number => 15_000 / ground.speed;

/** A cluster of any ground, by the administrator's own way. */
type Reached = Pick<GroundCluster, 'connection'>;

/** What {@link team} makes. */
export interface Team {
  readonly workspace: string;
  readonly plain: readonly string[];
  readonly federated: readonly string[];
}

/** A workspace on these clusters, with plain projects and multi-cluster projects on M, all filled. */
export async function team(
  { a, m }: { readonly a: Reached; readonly m: Reached },
  workspace: string,
  { clusters = ['m'], plain = 1, federated = 0 } = {},
): Promise<Team> {
  const names = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${workspace}-${prefix}-${index + 1}`);
  const made = { workspace, plain: names('p', plain), federated: names('f', federated) };
  await createWorkspace(a.connection, { name: workspace, manager: 'ann', clusters });
  for (const name of clusters)
    if (name === 'host') await untilThere(a, workspace);
    else await untilFederated(a.connection, { name, workspaces: [workspace] });
  if (clusters.includes('m') && plain > 0)
    await createProjects(m.connection, { workspace, names: made.plain, creator: 'ann' });
  if (federated > 0) await createFederatedProjects(a.connection, { workspace, names: made.federated, clusters: ['m'] });
  return made;
}

/** Namespaces of M as a caller names them who wants them gone. */
export async function listOf({ m }: { readonly m: Reached }, names: readonly string[]) {
  const found = await Promise.all(names.map((name) => m.connection.get(core.namespaces, { name })));
  return found.map(({ metadata: { name, uid } }) => ({ cluster: 'm', name, uid }));
}

/** Watches over projects of M: tells what was lost of them and of what is in them. */
export async function watchOver({ m }: { readonly m: Reached }, names: readonly string[]) {
  const before = await observeProjects(m.connection, names);
  return async () => {
    const { lost, kept, contents } = compareProjects(before, await observeProjects(m.connection, names));
    return { lost, kept: kept.length, contents: [...contents.lost, ...contents.changed] };
  };
}

/** Clusters that a workspace is placed on, as the host has it. */
export async function placedOn({ a }: { readonly a: Reached }, name: string): Promise<readonly string[]> {
  const { spec } = await a.connection.get(kubesphere.workspaceTemplates, { name });
  return (spec.placement?.clusters ?? []).map((one) => one.name);
}

/** Whether a Workspace is on a cluster. */
export async function isThere({ connection }: Reached, name: string): Promise<boolean> {
  return (await connection.find(kubesphere.workspaces, { name })) !== undefined;
}

/** Waits until a Workspace is on a cluster, and kubefed's. */
async function untilThere({ connection }: Reached, name: string): Promise<void> {
  await until(`Workspace ${name} is there`, () => connection.find(kubesphere.workspaces, { name }));
}

/** Somebody places a multi-cluster project of M on N, too, where a namespace of that name has been for long: kubefed adopts it, with all that is in it. */
export async function adoptOnN(
  { a, n }: { readonly a: GroundCluster; readonly n: GroundCluster },
  name: string,
): Promise<{ readonly name: string; readonly uid: string }> {
  const { metadata } = await n.connection.create(core.namespaces, { metadata: { name } });
  await n.connection.create(core.configMaps, { metadata: { namespace: name, name: 'precious' }, data: {} });
  const body = { spec: { placement: { clusters: [{ name: 'm' }, { name: 'n' }] } } };
  await a.connection.patch(kubesphere.federatedNamespaces, { namespace: name, name }, { type: 'merge', body });
  await until(`${name} is adopted on n`, async () => {
    const now = await n.connection.get(core.namespaces, { name });
    return now.metadata.labels?.[managedLabel] === 'true' ? true : undefined;
  });
  return { name, uid: metadata.uid };
}

/** What {@link adoptOnN} was about lives, the very one, and what was in it. */
export async function expectAliveOnN(
  { n }: { readonly n: GroundCluster },
  { name, uid }: { readonly name: string; readonly uid: string },
): Promise<void> {
  const { metadata } = await n.connection.get(core.namespaces, { name });
  expect([metadata.uid, metadata.deletionTimestamp]).toEqual([uid, undefined]);
  expect(await n.connection.find(core.configMaps, { namespace: name, name: 'precious' })).toBeDefined();
}

/** A journal that lets something happen just before a record is written. */
export function during(
  journal: JournalStore,
  is: (entry: JournalEntry) => boolean,
  act: () => Promise<unknown>,
): JournalStore {
  let done = false;
  return {
    ...journal,
    async append(runId, seq, entry, options) {
      if (!done && is(entry)) {
        done = true;
        await act();
      }
      await journal.append(runId, seq, entry, options);
    },
  };
}

/** The moment after everything was looked at, and before the placement is written. */
export const beforePlacing = (entry: JournalEntry) => entry.type === 'captured' && entry.step === 'place';
