import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { createFileJournal } from '../../../src/workflow/file-journal.ts';
import type { JournalEntry, JournalStore } from '../../../src/workflow/journal.ts';
import { systemClock } from '../../../src/workflow/time.ts';
import { sample } from '../../migration/world.ts';
import { all, type Bench, bench } from '../kit.ts';
import type { Order } from './driver.ts';
import { drive } from './driving.ts';
import { FileWorld, type Version } from './file-world.ts';
import { names } from './workflow.ts';

/** Writes of a run to world and journal, each counted before and after: the last ten are left out, so that no driver is done by then. */
const moments = Array.from({ length: 40 }, (_, index) => index + 4);
/** Short for a test, and long enough for a machine that is busy. */
const claimMs = 1_500;
const kinds = ['file', 'cluster'] as const;
const verbs = ['resume', 'rollback'] as const;
const signals = ['SIGKILL', 'SIGSTOP'] as const;

interface Case {
  readonly kind: (typeof kinds)[number];
  readonly signal: (typeof signals)[number];
  readonly verb: (typeof verbs)[number];
  readonly at: number;
  readonly afterMs: number;
}
const combinations = kinds.flatMap((kind) =>
  signals.flatMap((signal) => verbs.map((verb) => ({ kind, signal, verb }))),
);
/** Every kind of death in every journal, each at a moment that is drawn; all moments with KSF_EXHAUSTIVE=1. */
const cases: readonly Case[] = combinations.flatMap((combination, index) => {
  const turned = [...moments.slice(5 * index), ...moments.slice(0, 5 * index)];
  return sample(turned, 1).map((at) => ({ ...combination, at, afterMs: at % 4 }));
});

let on: Bench;
let directory: string;
const children = new Set<ChildProcess>();
beforeAll(async () => {
  on = await bench();
});
afterAll(() => on[Symbol.asyncDispose]());
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(directory, { recursive: true });
});

/** A world and a journal of its own, and orders for them. */
async function scene({ kind, signal, verb, at, afterMs }: Case) {
  directory = await mkdtemp(join(tmpdir(), 'deaths-'));
  const world = new FileWorld(join(directory, 'world'));
  await world.make(names);
  const namespace = `${kind}-${signal}-${verb}-${at}`.toLowerCase();
  const kubeconfig = join(directory, 'kubeconfig');
  if (kind === 'cluster') {
    await on.connection.create(core.namespaces, { metadata: { name: namespace } });
    await writeFile(kubeconfig, on.server.kubeconfig, { mode: 0o600 });
  }
  const runs = join(directory, 'runs');
  const journal =
    kind === 'file' ? createFileJournal(runs, systemClock, claimMs) : on.open(on.connection, namespace, claimMs);
  const order: Order = {
    world: world.directory,
    claimMs,
    journal: kind === 'file' ? { kind, directory: runs } : { kind, kubeconfig, namespace },
    fate: { signal, at, afterMs },
  };
  /** This process takes over. */
  const takeOver = () => drive({ verb, world: world.directory, journal });
  return { world, journal, order, takeOver };
}

/** A driver process; what it prints in the end is its outcome. */
function start(order: Order) {
  const driver = fileURLToPath(new URL('driver.ts', import.meta.url));
  const child = spawn(process.execPath, [driver, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  const printed = Promise.all([text(child.stdout), text(child.stderr)]);
  const ended = new Promise<{ readonly signal: string | null; readonly outcome: unknown }>((resolve, reject) => {
    child.once('exit', (code, signal) => {
      children.delete(child);
      printed.then(([stdout, stderr]) => {
        if (signal === null && code !== 0) reject(new Error(`The driver failed: ${stderr}`));
        else resolve({ signal, outcome: stdout === '' ? undefined : JSON.parse(stdout) });
      }, reject);
    });
  });
  return { child, ended };
}

const isStopped = ({ pid }: ChildProcess): boolean =>
  spawnSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).stdout.startsWith('T');
const entriesOf = (journal: JournalStore): Promise<JournalEntry[]> => all(journal.read('r'));
const drivesIn = (entries: readonly JournalEntry[]): number => entries.filter(({ type }) => type === 'driving').length;
/** The values that an object had, one after the other. */
const coursesOf = (histories: Readonly<Record<string, readonly Version[]>>): string[] =>
  Object.values(histories).map((history) =>
    history
      .map(({ value }) => value)
      .filter((value, index, values) => value !== values[index - 1])
      .join(' '),
  );

/** Nothing was done twice, and all of it or none is left. */
async function expectWhole({ verb }: Case, world: FileWorld, journal: JournalStore): Promise<void> {
  const courses = coursesOf(await world.histories());
  expect(courses).toHaveLength(names.length);
  const allowed = verb === 'resume' ? ['old new'] : ['old', 'old new old'];
  expect(courses.filter((course) => !allowed.includes(course))).toEqual([]);
  const entries = await entriesOf(journal);
  expect(drivesIn(entries)).toBe(2);
  expect(entries.at(-1)).toMatchObject({ type: 'closed', outcome: verb === 'resume' ? 'completed' : 'rolled-back' });
}

// Windows has no signal that stops a process.
describe.skipIf(process.platform === 'win32')('a driver process', { timeout: 60_000 }, () => {
  test.for(cases.filter(({ signal }) => signal === 'SIGKILL'))(
    'that is killed $afterMs ms after moment $at leaves a run that another process can $verb ($kind journal)',
    async (one) => {
      const { world, journal, order, takeOver } = await scene(one);
      expect(await start(order).ended).toEqual({ signal: 'SIGKILL', outcome: undefined });
      const state = one.verb === 'resume' ? 'completed' : 'rolled-back';
      expect(await takeOver()).toMatchObject({ state });
      await expectWhole(one, world, journal);
    },
  );

  test.for(cases.filter(({ signal }) => signal === 'SIGSTOP'))(
    'that is frozen $afterMs ms after moment $at and overtaken ($verb, $kind journal) changes nothing when it thaws',
    async (one) => {
      const { world, journal, order, takeOver } = await scene(one);
      const frozen = start(order);
      await expect.poll(() => isStopped(frozen.child), { timeout: 30_000 }).toBe(true);
      const state = one.verb === 'resume' ? 'completed' : 'rolled-back';
      expect(await takeOver()).toMatchObject({ state });
      await expectWhole(one, world, journal);
      const before = { world: await world.histories(), entries: await entriesOf(journal) };
      frozen.child.kill('SIGCONT');
      expect(await frozen.ended).toEqual({ signal: null, outcome: { state: 'driver-lost' } });
      expect({ world: await world.histories(), entries: await entriesOf(journal) }).toEqual(before);
    },
  );
});
