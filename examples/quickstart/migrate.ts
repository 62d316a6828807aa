import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileJournal, type MigrationInput, memberMigration, plan, run } from 'kubesphere-federation';
import { observeProjects } from 'kubesphere-federation/testing';
import { observe } from './observe.ts';
import type { Printer } from './print.ts';
import { type World, workspaces } from './world.ts';

/** Moves the member with the SDK, and reports what the clusters themselves say afterwards. */
export async function migrate(world: World, out: Printer, mode: 'adopt' | 'rebind') {
  const { env, clusters } = world;
  const input: MigrationInput = {
    retain: 'all',
    workspaces: Object.fromEntries(Object.keys(workspaces).map((name) => [name, { mode }])),
  };
  const before = await observeProjects(clusters.m.connection, Object.values(world.projects).flat());

  out.heading('The plan: what would happen; nothing has been written');
  const planned = await plan(memberMigration, input, { env });
  out.plan(planned);

  out.heading(`The run (${mode}), held to that plan`);
  const folder = await mkdtemp(join(tmpdir(), 'kubesphere-federation-'));
  try {
    const steps: { name: string; outcome: string; durationMs: number }[] = [];
    const started = await run(memberMigration, input, { env, plan: planned, journal: fileJournal(folder) });
    started.on('*', (event) => {
      out.event(event);
      if (event.type === 'step:completed')
        steps.push({ name: event.step, outcome: 'done', durationMs: Math.round(event.durationMs) });
      if (event.type === 'step:skipped') steps.push({ name: event.step, outcome: 'skipped', durationMs: 0 });
    });
    const report = await started.result();

    out.heading('What the clusters say now');
    const { alive, lost, written, bound, contents } = await observe(world, before);
    const result = {
      projects: { retained: alive.length, bound: bound.length, lost: lost.length, written: written.length },
      contents,
      steps,
    };
    out.line(
      `${alive.length} of ${Object.keys(before).length} projects are alive under their old UIDs, ${bound.length} are bound to workspaces of host b, ${lost.length} are lost.`,
    );
    out.line(
      `${written.length} projects were written at all; of what is in them ${contents.kept} objects are kept, ${contents.lost} lost.`,
    );
    for (const { why, remedy } of report.findings) out.line(`Note: ${why} ${remedy}`);
    return { ...result, ok: lost.length === 0 && contents.lost === 0 && bound.length === Object.keys(before).length };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
