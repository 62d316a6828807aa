/**
 * A workflow of one's own, with no cluster anywhere: a new edition of a handbook, which is a folder of documents. Its version is
 * raised, every chapter is stamped, somebody approves, it is announced and published; or nothing has changed.
 *
 *   npm run build
 *   npx node examples/own-workflow.ts           plan, run to the gate, approve, publish
 *   npx node examples/own-workflow.ts --fail    the announcement fails, and all is put back
 *   npx node examples/own-workflow.ts --kill    the process is killed amid the chapters; another one finishes the run
 */
import { spawnSync } from 'node:child_process';
import { link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type Change,
  compose,
  defineItemStep,
  defineStep,
  FederationError,
  type Forecast,
  fileJournal,
  piece,
  plan,
  resume,
  run,
  type StepContext,
} from 'kubesphere-federation';

/** Documents in a folder, with preconditions: a revision is a file of its own name, and a name that is taken is the conflict. */
class Shelf {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The text of a document (`null`: there is none), and the revision that a write must name. */
  async read(name: string): Promise<{ text: string | null; revision: number }> {
    const revision = Math.max(
      0,
      ...(await this.#files()).filter((one) => one.name === name).map((one) => one.revision),
    );
    if (revision === 0) return { text: null, revision };
    return { text: JSON.parse(await readFile(join(this.folder, `${name}@${revision}`), 'utf8')), revision };
  }

  /** Writes the next revision; `null` takes the document away. `false` where somebody was faster. */
  async write(name: string, text: string | null, revision: number): Promise<boolean> {
    const beside = join(this.folder, `.${name}-${process.pid}-${performance.now()}`);
    await writeFile(beside, JSON.stringify(text));
    try {
      await link(beside, join(this.folder, `${name}@${revision + 1}`));
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
      throw error;
    } finally {
      await rm(beside);
    }
  }

  /** Every document there is, with its text. */
  async all(): Promise<Readonly<Record<string, string>>> {
    const names = [...new Set((await this.#files()).map(({ name }) => name))].sort();
    const texts = await Promise.all(names.map(async (name) => [name, (await this.read(name)).text] as const));
    return Object.fromEntries(texts.flatMap(([name, text]) => (text === null ? [] : [[name, text]])));
  }

  async #files(): Promise<readonly { name: string; revision: number }[]> {
    const found = (await readdir(this.folder)).map((file) => /^([^.@][^@]*)@(\d+)$/.exec(file));
    return found.flatMap((match) => (match === null ? [] : [{ name: match[1] ?? '', revision: Number(match[2]) }]));
  }
}

interface Env {
  readonly shelf: Shelf;
  /** For this example: what goes wrong. */
  readonly mishap?: 'fail' | 'kill';
}
interface Start {
  readonly input: { readonly edition: string };
}
type Context = StepContext<Start, Env>;
type Intending = Context & { readonly intends: readonly Change[] };

/** The functions of a step that gives a document another text. All that a step owes the engine is here. */
function rewriting(name: string, textOf: (edition: string, now: string | null) => string) {
  const put = async ({ env: { shelf }, confirmDriver }: Context, from: string | null, to: string | null) => {
    for (;;) {
      const { text, revision } = await shelf.read(name);
      if (text === to) return; // its own work, half finished by an earlier attempt
      if (text !== from)
        throw new FederationError('WORLD_MOVED', `Somebody else changed ${name}. Look at it, then resume.`);
      await confirmDriver(); // after reading, before writing: a driver that was overtaken writes nothing
      if (await shelf.write(name, to, revision)) return; // else somebody was faster: look again
    }
  };
  return {
    forecast: async ({ env, state }: Pick<Context, 'env' | 'state'>): Promise<Forecast<undefined>> => {
      const { text } = await env.shelf.read(name);
      const after = textOf(state.input.edition, text);
      if (text === after) return { effect: 'none', why: 'it says so already', out: undefined };
      const resource = { cluster: 'shelf', apiVersion: 'v1', kind: 'Document', name };
      return {
        effect: 'change',
        changes: [
          text === null ? { verb: 'create', resource, after } : { verb: 'update', resource, before: text, after },
        ],
      };
    },
    capture: async ({ env }: Context) => (await env.shelf.read(name)).text,
    run: async (ctx: Context & { readonly before: string | null }): Promise<void> =>
      put(ctx, ctx.before, textOf(ctx.state.input.edition, ctx.before)),
    compensate: async (ctx: Context & { readonly before: string | null }): Promise<void> =>
      put(ctx, textOf(ctx.state.input.edition, ctx.before), ctx.before),
    // What is there now, for comparison before an undo, and before a run on resume.
    observe: async ({ env, intends }: Intending) =>
      Promise.all(intends.map(async ({ resource }) => (await env.shelf.read(resource.name)).text)),
    // The same text, or none, under a new revision: a late write of a former driver names the old one, and fails.
    touch: async ({ env, intends }: Intending) => {
      for (const { resource } of intends) {
        const { text, revision } = await env.shelf.read(resource.name);
        await env.shelf.write(resource.name, text, revision);
      }
    },
  };
}

const version = defineStep<Start, Env>()({
  name: 'version',
  title: 'Raise the version',
  ...rewriting('VERSION', (edition) => edition),
});

const stamp = (name: string) =>
  rewriting(name, (edition, now) => (now ?? '').replace(/edition \S+$/, `edition ${edition}`));

const chapters = defineItemStep<Start, Env>()({
  name: 'chapters',
  title: 'Stamp every chapter',
  concurrency: 1,
  items: async (ctx) => {
    const names = Object.keys(await ctx.env.shelf.all()).filter((name) => name.startsWith('chapter-'));
    return Promise.all(
      names.map(async (name) => ({ key: name, item: name, forecast: await stamp(name).forecast(ctx) })),
    );
  },
  capture: (ctx) => stamp(ctx.item).capture(ctx),
  run: async (ctx) => {
    if (ctx.env.mishap === 'kill' && ctx.item === 'chapter-3') process.kill(process.pid, 'SIGKILL');
    await stamp(ctx.item).run(ctx);
  },
  compensate: (ctx) => stamp(ctx.item).compensate(ctx),
  observe: (ctx) => stamp(ctx.item).observe(ctx),
  touch: (ctx) => stamp(ctx.item).touch(ctx),
});

const announcement = rewriting('ANNOUNCEMENT', (edition) => `Edition ${edition} is out.`);
const announce = defineStep<Start & { readonly chapters: { readonly done: number } }, Env>()({
  name: 'announce',
  title: 'Announce it',
  ...announcement,
  run: async (ctx) => {
    await announcement.run(ctx);
    if (ctx.env.mishap === 'fail') throw new Error('the printer is on fire');
  },
});

const publishing = rewriting('PUBLISHED', (edition) => edition);
const publish = defineStep<Start, Env>()({
  name: 'publish',
  title: 'Publish: from here on there is no way back',
  pivot: true,
  irreversible: 'people have read it',
  forecast: publishing.forecast,
  capture: publishing.capture,
  run: publishing.run,
  observe: publishing.observe,
  touch: publishing.touch,
});

const write = piece<Start, Env>().step(version).each(chapters);

const newEdition = compose<Start['input'], Env>({
  name: 'new-edition',
  version: '1.0.0',
  // Another folder is another handbook: nothing captured here is ever put back there.
  identity: async ({ shelf }) => shelf.folder,
})
  .include(write)
  .gate('approve', 'Publish this?', ({ env }) => env.shelf.all())
  .step(announce)
  .step(publish)
  .returns(({ input, chapters }) => ({ edition: input.edition, chapters: chapters.done }));

const { values } = parseArgs({
  options: { fail: { type: 'boolean' }, kill: { type: 'boolean' }, child: { type: 'string' } },
});

const input = { edition: '2' };
const runId = 'edition-2';

async function example(folder: string): Promise<boolean> {
  const shelf = new Shelf(folder);
  const journal = fileJournal(join(folder, 'journal'));
  const show = async (title: string) => console.log(`\n${title}\n${JSON.stringify(await shelf.all(), null, 2)}`);
  for (const [name, text] of [
    ['VERSION', '1'],
    ...[1, 2, 3, 4].map((n) => [`chapter-${n}`, `Chapter ${n}, edition 1`] as const),
  ] as const)
    await shelf.write(name, text, 0);
  await show('The handbook:');

  const planned = await plan(newEdition, input, { env: { shelf } });
  console.log('\nThe plan:');
  for (const { title, forecast } of planned.steps) console.log(`  ${forecast.effect}  ${title}`);

  if (values.kill === true) {
    const { signal } = spawnSync(process.execPath, [import.meta.filename, '--child', folder], { stdio: 'inherit' });
    console.log(`\nThe process that drove the run ended by ${signal}.`);
    await show('What it left:');
    console.log('\nAnother takes over, as soon as the claim of the dead one has run out (ten seconds).');
  } else await (await run(newEdition, input, { env: { shelf }, journal, runId, plan: planned })).settled();

  // Whoever approves looks at what the gate shows; the run may rest there for days, and in no process.
  const waiting = await (await resume(newEdition, runId, { env: { shelf }, journal })).settled();
  if (waiting.state !== 'paused' || waiting.gate === undefined) throw new Error(`The run is ${waiting.state}.`);
  const { name: gate, title, shown, fingerprint } = waiting.gate;
  console.log(`\n${title}\n${JSON.stringify(shown, null, 2)}`);

  const env: Env = values.fail === true ? { shelf, mishap: 'fail' } : { shelf };
  const last = await resume(newEdition, runId, { env, journal, approve: [{ gate, by: 'the editor', fingerprint }] });
  const outcome = await last.settled();
  console.log(`\nThe run is ${outcome.state}.`);
  if (outcome.state === 'completed') console.log(outcome.output);
  else if ('error' in outcome) console.log(outcome.error?.message);
  await show('The handbook now:');
  return outcome.state === (values.fail === true ? 'rolled-back' : 'completed');
}

if (values.child !== undefined) {
  const journal = fileJournal(join(values.child, 'journal'));
  const doomed = await run(newEdition, input, {
    env: { shelf: new Shelf(values.child), mishap: 'kill' },
    journal,
    runId,
  });
  await doomed.settled();
} else {
  const folder = await mkdtemp(join(tmpdir(), 'own-workflow-'));
  await mkdir(join(folder, 'journal'));
  try {
    process.exitCode = (await example(folder)) ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true });
  }
}
