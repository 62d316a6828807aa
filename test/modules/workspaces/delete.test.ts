import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { observeProjects } from '../../../src/testing/index.ts';
import { sandboxGround } from '../../grounds.ts';
import { type ModuleWorld, startWorld } from '../kit/world.ts';
import { seedTeam, type Team } from './team.ts';

let world: ModuleWorld;
beforeAll(async () => {
  world = await startWorld(sandboxGround);
}, 120_000);
afterEach(() => world.calm());
afterAll(() => world?.[Symbol.asyncDispose](), 60_000);

const lookBackMs = 250;
const patient = { timeout: 120_000 };
const keepAll = { projects: 'keep', apps: 'keep', lookBackMs } as const;

describe('workspaces.delete', patient, () => {
  test('keeping: nothing is lost on any cluster', async () => {
    const team = await seedTeam(world, world.fresh('team'));
    const dry = await world.federation.workspaces.delete(team.workspace, keepAll, { dryRun: true });
    console.log(JSON.stringify(dry, null, 1).slice(0, 6000));
    const done = await world.federation.workspaces.delete(team.workspace, keepAll);
    console.log(JSON.stringify(done, null, 1));
  });
});
