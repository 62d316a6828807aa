import { afterAll, beforeAll, expect, test } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { methodWorkflows } from '../../../src/modules/workflows.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { resume, rollback } from '../../../src/workflow/run.ts';
import { sandboxGround } from '../../grounds.ts';
import { type Death, mortal } from '../../migration/kit.ts';
import { type ModuleWorld, startWorld } from '../kit/world.ts';
import { appOf, expectIn, projectOnM, workspaceOfApp, workspaceOnM } from './specs/start.ts';

let world: ModuleWorld;
let [from, to] = ['', ''];
beforeAll(async () => {
  world = await startWorld(sandboxGround);
  [from, to] = [await workspaceOnM(world), await workspaceOnM(world)];
}, 120_000);
afterAll(() => world?.[Symbol.asyncDispose](), 60_000);

const workflow = methodWorkflows['namespaces.move'];

/** A transfer with an app whose process dies, and the run that it left. */
async function died(death: Death) {
  const project = await projectOnM(world, from);
  const app = world.fresh('rls');
  await appOf(world, 'a', app, { workspace: from, project: project.name, cluster: 'm' });
  const journal = memoryJournal();
  const at = { cluster: 'm', name: project.name, workspace: to };
  const calling = world.federation.namespaces.transfer(at, { apps: 'follow', journal: mortal(journal, death) });
  const error = await calling.catch((reason: unknown) => reason);
  if (!FederationError.is(error)) throw new Error('It should have died.');
  const { runId } = error.details as { readonly runId: string };
  if (workflow === undefined) throw new Error('There is no such workflow.');
  return { journal, runId, app, ...project, workflow };
}
const deaths: readonly (readonly [string, Death])[] = [
  [
    'once the apps are done',
    (entry) => (entry.type === 'items-done' || (entry.type === 'done' && entry.step === 'apps') ? 'after' : undefined),
  ],
  [
    'before the project is told to be done',
    (entry) => (entry.type === 'done' && entry.step === 'project' ? 'before' : undefined),
  ],
];

for (const [when, death] of deaths) {
  test(`a process that dies ${when}: another one ends it`, { timeout: 60_000 }, async () => {
    const { journal, runId, app, name, workflow } = await died(death);
    await using another = await world.connect();
    const driving = await resume(workflow, runId, { env: another, journal });
    await driving.result();
    await expectIn(world, name, to);
    expect(await workspaceOfApp(world, 'a', app)).toBe(to);
  });

  test(`a process that dies ${when}: another one takes it back`, { timeout: 60_000 }, async () => {
    const { journal, runId, app, name, workflow } = await died(death);
    await using another = await world.connect();
    const driving = await rollback(workflow, runId, { env: another, journal });
    expect(await driving.settled()).toMatchObject({ state: 'rolled-back' });
    await expectIn(world, name, from);
    expect(await workspaceOfApp(world, 'a', app)).toBe(from);
  });
}
