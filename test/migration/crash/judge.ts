import { setTimeout as pause } from 'node:timers/promises';
import { core } from '../../../src/kube/resources.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import type { MigrationInput } from '../../../src/migration/input.ts';
import { madeAgainToRebind, observeWorld, touched, untilWorldIs } from '../world.ts';
import type { Played } from './play.ts';
import { inputs, type Scenario } from './scenario.ts';
import type { CrashWorld, Losses } from './world.ts';

/** A promise of the migration that was broken. */
export class Violation extends Error {}

/** What a driver that is done has left going is seen to in this time, which is the wall's: its own timers go by that. */
const lingerMs = 150;
/** Longer than any control loop of the sandbox backs off: what controllers still do to a project they do in this time of theirs. */
const laterMs = 61_000;

/**
 * Holds the clusters, and the journal, to what the named state says of them, and once more a while later: what is then still to
 * come nobody would see, for the next scenario begins on a world put back. What controllers put right in `patienceMs` is right.
 */
export async function judge(
  world: CrashWorld,
  scenario: Scenario,
  { outcome, records }: Played,
  patienceMs = 15_000,
): Promise<void> {
  const { state } = outcome;
  const text = JSON.stringify(records);
  if (world.secrets.some((secret) => text.includes(secret))) throw new Violation('The journal holds a secret.');
  await judgeProjects(world, 'Projects');
  if (state === 'completed') await judgeMoved(world, scenario);
  await pause(lingerMs);
  await world.sandbox.clock.advance(laterMs);
  await judgeProjects(world, 'Projects, a while after');
  if (state === 'rolled-back' || state === 'never begun') {
    await untilWorldIs(world.scene, world.things, madeAgainToRebind, patienceMs).catch((error: unknown) => {
      throw new Violation(`After ${state}: ${String(error instanceof Error ? error.message : error)}`);
    });
  } else if (state === 'completed') await judgeMoved(world, scenario);
  else throw new Violation(`The run rests nowhere: ${JSON.stringify(outcome)}`);
  const marks = touched(await observeWorld(world.scene));
  if (marks.length > 0) throw new Violation(`Marks of drivers are left on ${marks.join(', ')}.`);
}

async function judgeProjects(world: CrashWorld, what: string): Promise<void> {
  const lost = await world.lost();
  const kept = Object.keys(world.projects).length;
  const clean: Losses = { kept, lost: [], contents: { lost: [], changed: [] } };
  if (JSON.stringify(lost) !== JSON.stringify(clean)) throw new Violation(`${what}: ${JSON.stringify(lost)}`);
}

/** Every project belongs to the workspace that the new host has on the member; nothing of the run is left. */
async function judgeMoved({ scene, things }: CrashWorld, { input }: Scenario): Promise<void> {
  const { connection } = scene.clusters.m;
  const { workspaces = {} }: MigrationInput = inputs[input];
  for (const name of ['team-a', 'team-b']) {
    const { metadata } = await connection.get(kubesphere.workspaces, { name });
    const was = things[`m tenant.kubesphere.io/v1alpha1 Workspace ${name}`]?.uid;
    const adopted = workspaces[name]?.mode !== 'rebind';
    if (adopted !== (metadata.uid === was))
      throw new Violation(
        `Workspace ${name} ${adopted ? 'was to be adopted, and is another' : 'was to be another, and is the same'}.`,
      );
    for (const project of await connection
      .list(core.namespaces, { labelSelector: `kubesphere.io/workspace=${name}` })
      .toArray()) {
      const owners = project.metadata.ownerReferences?.map(({ uid }) => uid) ?? [];
      if (JSON.stringify(owners) !== JSON.stringify([metadata.uid]))
        throw new Violation(`Project ${project.metadata.name} is not owned by Workspace ${name} alone.`);
    }
  }
  for (const resource of [
    core.validatingAdmissionPolicies,
    core.validatingAdmissionPolicyBindings,
    core.configMaps,
    core.secrets,
  ])
    for (const { metadata } of await connection.list(resource).toArray())
      if (metadata.name.startsWith('kubesphere-federation'))
        throw new Violation(`${resource.kind} ${metadata.name} is left on the member.`);
}
