/**
 * The migration with steps of one's own between its pieces, on three clusters in this process: a notice on the member before the old
 * host lets go of it, and one's own test of the projects before the point of no return.
 *
 *   npm run build
 *   npx node examples/own-step.ts           moves member m from host a to host b
 *   npx node examples/own-step.ts --fail    the test fails, and the member goes back to host a
 */
import { parseArgs } from 'node:util';
import {
  type Change,
  checks,
  composeMigration,
  concludeMove,
  connectMember,
  core,
  defineStep,
  emptyWorkspaces,
  Federation,
  FederationError,
  fillWorkspaces,
  joinTarget,
  leaveSource,
  type MemberSecured,
  type MigrationEnv,
  memoryJournal,
  migrationReport,
  plan,
  prepareMember,
  prepareTarget,
  run,
  type StepContext,
  secureMember,
  type TargetJoined,
} from 'kubesphere-federation';
import { createSandbox, createUser, seedMember } from 'kubesphere-federation/testing';

const notice = { namespace: 'default', name: 'moving' };
const ownRun = 'example.com/run';
type Context = StepContext<MemberSecured, MigrationEnv>;

const textFor = ({ env }: Pick<Context, 'env'>) => `This cluster moves to host ${env.target.host.name}.`;
const find = ({ env, signal }: Pick<Context, 'env' | 'signal'>) =>
  env.member.connection.find(core.configMaps, notice, { signal });

/** A step that writes: it needs `MemberSecured`, so that the compiler puts it behind fence and shield. */
const putNotice = defineStep<MemberSecured, MigrationEnv>()({
  name: 'put-notice',
  title: 'Tell the people of the member',
  forecast: async (ctx) => {
    const now = await find(ctx);
    if (now !== undefined)
      return { effect: 'blocked', why: 'ConfigMap default/moving is taken.', remedy: 'Give the notice another name.' };
    const resource = { cluster: ctx.env.member.name, apiVersion: 'v1', kind: 'ConfigMap', ...notice };
    return { effect: 'change', changes: [{ verb: 'create', resource, after: textFor(ctx) }] };
  },
  run: async (ctx) => {
    const now = await find(ctx);
    if (now?.metadata.annotations?.[ownRun] === ctx.runId) return; // its own work, of an earlier attempt
    await ctx.confirmDriver(); // after reading, before writing: a driver that was overtaken writes nothing
    const metadata = { ...notice, annotations: { [ownRun]: ctx.runId } };
    await ctx.env.member.connection.create(core.configMaps, { metadata, data: { text: textFor(ctx) } }, ctx);
  },
  // What is there now, for comparison before an undo, and before a run on resume.
  observe: async (ctx: Context & { readonly intends: readonly Change[] }) => [
    (await find(ctx))?.data?.['text'] ?? null,
  ],
  // A real change: a late write of a former driver names another resourceVersion, and is refused.
  touch: async (ctx) => {
    const body = { metadata: { annotations: { 'example.com/epoch': String(ctx.epoch) } } };
    if ((await find(ctx)) !== undefined)
      await ctx.env.member.connection.patch(core.configMaps, notice, { type: 'merge', body }, { signal: ctx.signal });
  },
  // Undo deletes what this run created, and nothing else.
  compensate: async (ctx) => {
    const now = await find(ctx);
    if (now?.metadata.annotations?.[ownRun] !== ctx.runId) return;
    await ctx.confirmDriver();
    const { uid, resourceVersion } = now.metadata;
    await ctx.env.member.connection.delete(core.configMaps, notice, {
      uid,
      resourceVersion,
      propagationPolicy: 'Background',
      signal: ctx.signal,
    });
  },
});

/** Whether the own test shall find something wrong. */
const { fail = false } = parseArgs({ options: { fail: { type: 'boolean' } } }).values;

/** A step that reads: when it throws before the pivot, everything is put back. */
const ownTest = defineStep<TargetJoined, MigrationEnv>()({
  name: 'own-test',
  title: 'Our own test of every project',
  readOnly: true,
  forecast: async () => ({ effect: 'unknown', why: 'it looks once the member has moved', touches: [] }),
  run: async ({ env, state, signal, progress }) => {
    for (const { name } of state.snapshot.kept) {
      const bindings = await env.member.connection.list(core.roleBindings, { namespace: name, signal }).toArray();
      progress(`${name} has ${bindings.length} role bindings`);
      if (fail || bindings.length === 0)
        throw new FederationError('NOT_OBSERVED', `${name} does not pass our test; the move is taken back.`);
    }
    return { tested: state.snapshot.kept.length };
  },
});

// Every piece needs the one before it: none can be left out, and no order but this one compiles.
const ourMigration = composeMigration({ name: 'our-migration', version: '1.0.0' })
  .include(checks)
  .include(secureMember)
  .step(putNotice)
  .include(prepareTarget)
  .include(leaveSource)
  .include(prepareMember)
  .include(emptyWorkspaces)
  .include(joinTarget)
  .include(fillWorkspaces)
  .step(ownTest)
  .include(concludeMove)
  .returns((state) => ({ ...migrationReport(state), tested: state['own-test'].tested }));

const speed = 60;
await using sandbox = await createSandbox({
  clusters: { a: { role: 'host' }, b: { role: 'host' }, m: { role: 'standalone' } },
  speed,
});
const { a, b, m } = sandbox.clusters;
const { managers } = await seedMember({
  host: a.connection,
  member: m.connection,
  name: 'm',
  kubeconfig: m.clientCertificateKubeconfig,
  workspaces: { 'team-a': 3, 'team-b': 2 },
});
for (const name of new Set(Object.values(managers))) await createUser(b.connection, { name });
await using source = await Federation.connect({ kubeconfig: a.kubeconfig, name: 'a' });
await using target = await Federation.connect({ kubeconfig: b.kubeconfig, name: 'b' });
await using member = await connectMember({ kubeconfig: m.kubeconfig, name: 'm' });

// On real clusters there is no timing to shorten, and the journal is one that outlives this process.
const env: MigrationEnv = { source, target, member, timing: { resyncMs: 120_000 / speed, lookBackMs: 15_000 / speed } };
const planned = await plan(ourMigration, { retain: 'all' }, { env });
console.log('The plan:');
for (const { title, forecast } of planned.steps) console.log(`  ${forecast.effect.padEnd(7)}  ${title}`);

console.log('\nThe run:');
const moving = await run(ourMigration, { retain: 'all' }, { env, plan: planned, journal: memoryJournal() });
moving.on('step:completed', ({ step }) => console.log(`  done    ${step}`));
moving.on('undo:completed', ({ step }) => console.log(`  undone  ${step}`));
const outcome = await moving.settled();

console.log(`\nThe run is ${outcome.state}.`);
if (outcome.state === 'completed') {
  const { projects, tested } = outcome.output;
  console.log(`${projects.retained.length} projects moved, ${tested} of them tested by us.`);
} else if ('error' in outcome) console.log(outcome.error?.message);
for (const { host, clusters } of [source, target])
  for await (const { name, role } of clusters.list())
    if (role === 'member') console.log(`${name} is a member of ${host.name}.`);
console.log(`Notice on m: ${(await member.connection.find(core.configMaps, notice))?.data?.['text'] ?? 'none'}`);
process.exitCode = outcome.state === (fail ? 'rolled-back' : 'completed') ? 0 : 1;
