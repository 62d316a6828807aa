import { expect } from 'vitest';
import type { Federation } from '../../src/federation.ts';
import { core } from '../../src/kube/resources.ts';
import { managedLabel, runAnnotation, unboundAnnotation, workspaceLabel } from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import type { MigrationEnv } from '../../src/migration/env.ts';
import type { MigrationInput } from '../../src/migration/input.ts';
import { compareProjects, observeProjects, type ProjectsObservation, until } from '../../src/testing/index.ts';
import type { RunEvent } from '../../src/workflow/events.ts';
import type { Scene } from '../migration/kit.ts';
import { observeWorld, type World, worldDifference } from '../migration/world.ts';
import { patient, place, propagation } from '../testing/support.ts';
import type { Direction } from './driving.ts';

/** Two workspaces with 200 projects between them. */
export const workspaces = { 'team-a': 120, 'team-b': 80 } as const;
/** Their names. */
export const teams = ['team-a', 'team-b'] as const;

/** All projects, both workspaces one way; `join` where the new host knows them from before. */
export function everything(mode: 'adopt' | 'rebind', existing?: 'join'): MigrationInput {
  const move = { mode, ...(existing === undefined ? {} : { existing }) };
  return { retain: 'all', workspaces: { 'team-a': move, 'team-b': move } };
}

/** The env of a migration in one direction, in this process. */
export function envOf(scene: Scene, { from, to }: Direction): MigrationEnv {
  const hosts: Readonly<Record<Direction['from'], Federation>> = { a: scene.source, b: scene.target };
  return scene.env({ source: hosts[from], target: hosts[to] });
}

/** The projects of the member before a migration. */
export interface Seen {
  readonly projects: ProjectsObservation;
  readonly things: World;
}

/** Looks at the projects of the member, and at every object in them of whatever kind. */
export async function look(scene: Scene): Promise<Seen> {
  const [projects, world] = await Promise.all([observeProjects(scene.clusters.m.connection), observeWorld(scene)]);
  const inProjects = /^m \S+ (Namespace |\S+ )(?<project>[^/]+)(\/|$)/;
  const things = Object.entries(world).filter(([key]) => {
    const project = inProjects.exec(key)?.groups?.['project'] ?? '';
    return project in projects && (key.includes('/', key.lastIndexOf(' ')) || key.startsWith('m v1 Namespace '));
  });
  return { projects, things: Object.fromEntries(things) };
}

/** All 200 are alive under their old UIDs with everything in them, and belong to the host's workspaces. */
export async function expectRetained(scene: Scene, before: Seen, host: 'a' | 'b', written: 0 | 200): Promise<void> {
  const after = await look(scene);
  const { kept, lost, written: touched, contents } = compareProjects(before.projects, after.projects);
  expect({ kept: kept.length, lost, written: touched.length }).toEqual({ kept: 200, lost: [], written });
  expect(contents).toEqual({ kept: 200 * 6, lost: [], changed: [] });
  // Each project: itself, five objects of its own, its creator's binding, three roles, and its ServiceAccount.
  expect(Object.keys(before.things).length).toBeGreaterThanOrEqual(200 * 11);
  // UID, deletion, labels, annotations, finalizers, owners and body of the projects and of every object in them.
  expect(worldDifference(before.things, after.things)).toEqual([]);
  expect(Object.keys(after.projects)).toHaveLength(200);

  const { m } = scene.clusters;
  for (const team of teams) {
    const workspace = await m.connection.get(kubesphere.workspaces, { name: team });
    expect(workspace.metadata.labels?.[managedLabel]).toBe('true');
    expect(
      await propagation(scene.clusters[host].connection, kubesphere.federatedWorkspaces, { name: team }, 'm'),
    ).toBe('');
    const owned = Object.values(after.projects).filter(
      ({ labels, ownerReferences }) =>
        labels[workspaceLabel] === team && ownerReferences.some(({ uid }) => uid === workspace.metadata.uid),
    );
    expect(owned).toHaveLength(workspaces[team]);
    expect(owned.filter(({ ownerReferences }) => ownerReferences.length !== 1)).toEqual([]);
  }
  const ours = [unboundAnnotation, runAnnotation, 'kubesphere-federation/'];
  const marked = Object.entries(after.projects).filter(([, { annotations, labels }]) =>
    Object.keys({ ...annotations, ...labels }).some((key) => ours.some((mark) => key.startsWith(mark))),
  );
  expect(marked).toEqual([]);
  await expectNothingLeft(scene);
}

/** Neither fence nor shield nor parked secret is left anywhere. */
async function expectNothingLeft({ clusters }: Scene): Promise<void> {
  for (const { connection } of Object.values(clusters))
    for (const resource of [
      core.configMaps,
      core.secrets,
      core.validatingAdmissionPolicies,
      core.validatingAdmissionPolicyBindings,
    ]) {
      const names = (await connection.listMetadata(resource).toArray()).map(({ metadata }) => metadata.name);
      expect(names.filter((name) => name.startsWith('kubesphere-federation'))).toEqual([]);
    }
}

/** What the host writes into a template reaches the Workspace on the member: it is this host's. */
export async function expectManagedBy({ clusters }: Scene, host: 'a' | 'b'): Promise<void> {
  const isolated = async (): Promise<boolean> =>
    (await clusters.m.connection.get(kubesphere.workspaces, { name: 'team-a' })).spec?.networkIsolation === true;
  const set = async (networkIsolation: boolean): Promise<void> => {
    const body = { spec: { template: { spec: { networkIsolation } } } };
    await clusters[host].connection.patch(kubesphere.workspaceTemplates, { name: 'team-a' }, { type: 'merge', body });
  };
  await set(true);
  await until(`team-a of the member is as ${host} wants it`, isolated, patient);
  await set(false);
  await until(`team-a of the member is so again`, async () => !(await isolated()), patient);
}

/** After the member has left a host for good, somebody takes it out of the placements there. */
export async function unplace({ clusters }: Scene, host: 'a' | 'b'): Promise<void> {
  const { connection } = clusters[host];
  for (const team of teams) {
    await place(connection, team, []);
    await until(
      `${team} of ${host} is placed nowhere`,
      async () => {
        const { spec } = await connection.get(kubesphere.federatedWorkspaces, { name: team });
        return spec.placement?.clusters?.length === 0;
      },
      patient,
    );
  }
}

/** Seconds per stage, in one line. */
export function stages(title: string, events: readonly RunEvent[]): string {
  const steps = events.flatMap((event) =>
    event.type === 'step:completed' ? [`${event.step} ${(event.durationMs / 1000).toFixed(1)}`] : [],
  );
  const [first, last] = [events[0], events.at(-1)];
  const whole = first === undefined || last === undefined ? 0 : Date.parse(last.at) - Date.parse(first.at);
  return `${title}: ${(whole / 1000).toFixed(1)} s (${steps.join(', ')})`;
}
