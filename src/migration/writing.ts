import { FederationError } from '../errors.ts';
import { isRecord } from '../kube/json.ts';
import type { ObjectMeta } from '../kube/objects.ts';
import { systemNamespaces, systemWorkspace, workspaceLabel } from '../kubesphere/names.ts';
import { kubesphere } from '../kubesphere/resources.ts';
import { observeChanges, touchChanges } from '../modules/changes.ts';
import { namespacesOf, some } from '../modules/closure.ts';
import { oneOf } from '../modules/env.ts';
import { type Operation, rightsToDo, runAndVerify } from '../modules/operation.ts';
import { assertRights, type Right, toMake } from '../modules/rights.ts';
import type { Work } from '../modules/work.ts';
import type { Change, Forecast } from '../workflow/change.ts';
import type { Foreseen, StepContext } from '../workflow/step.ts';
import { clustersOf, type MigrationEnv } from './env.ts';
import { assertFence, takeFence, untold } from './fence.ts';
import type { MigrationInput } from './input.ts';
import type { Snapshot } from './snapshot.ts';

/** What every writing step needs from before. */
export interface Surveyed {
  readonly input: MigrationInput;
  readonly snapshot: Snapshot;
}

type Context<State> = StepContext<State, MigrationEnv>;
interface Known<State> {
  readonly state: Foreseen<State>;
  readonly env: MigrationEnv;
}

/** While planning an earlier result may be missing; then nobody can say what this step will do. */
const notYet = (why: string): Forecast<never> => ({ effect: 'unknown', why, touches: [] });

/** What the run promised to keep and is not what it was: a project, or a Workspace to adopt. */
interface Breach {
  /** Names it among all others. */
  readonly key: string;
  readonly why: string;
}

async function breachesOf(
  { state: { snapshot }, env: { member }, signal }: Looking,
  namespaces: ReadonlyMap<string, ObjectMeta>,
): Promise<readonly Breach[]> {
  const breaches = [...snapshot.kept, ...snapshot.left].flatMap(({ name, uid }): Breach[] => {
    const now = namespaces.get(name);
    if (now === undefined) return [{ key: name, why: `${name} is gone` }];
    if (now.uid !== uid) return [{ key: name, why: `${name} is another namespace by now` }];
    return now.deletionTimestamp === undefined ? [] : [{ key: name, why: `${name} is being deleted` }];
  });
  const adopting = snapshot.workspaces.filter(({ mode }) => mode === 'adopt');
  if (adopting.length === 0) return breaches;
  const live = new Map(
    (await member.connection.list(kubesphere.workspaces, { signal }).toArray()).map(({ metadata }) => [
      metadata.name,
      metadata,
    ]),
  );
  for (const { name, uid } of adopting) {
    const now = live.get(name);
    if (now?.uid === uid && now.deletionTimestamp === undefined) continue;
    const became = now === undefined ? 'gone' : now.uid === uid ? 'being deleted' : 'another one by now';
    breaches.push({ key: `Workspace/${name}`, why: `Workspace ${name} is ${became}` });
  }
  return breaches;
}

type Looking = Pick<Context<Surveyed>, 'state' | 'env' | 'signal'>;

/**
 * Confirms what the run promised: every kept project is the one it was and not being deleted, so is every Workspace to
 * adopt, and before the new host came no project joined a workspace that is on the move.
 *
 * @throws FederationError `KEPT_AT_RISK`, `WORLD_MOVED`
 */
export async function assertKept(ctx: Looking): Promise<void> {
  const { state, env, signal } = ctx;
  const { member } = env;
  const { snapshot } = state;
  const namespaces = await namespacesOf(member, signal);
  const breaches = (await breachesOf(ctx, namespaces)).map(({ why }) => why);
  if (breaches.length > 0)
    throw new FederationError(
      'KEPT_AT_RISK',
      `${member.name}: ${some(breaches)}. The run halts here; shield and fence stay up. Find out who did it before resuming or rolling back.`,
      { details: { breaches } },
    );
  // Once the new host has the member its workspaces are in use again: whatever joins them now belongs there.
  if ('import' in state) return;
  const known = new Set([...snapshot.kept, ...snapshot.left].map(({ name }) => name));
  const touched = new Set(snapshot.workspaces.flatMap(({ name, to }) => [name, to]));
  const joined = [...namespaces.values()].filter(({ name, labels }) => {
    const workspace = labels?.[workspaceLabel];
    return (
      workspace !== undefined &&
      workspace !== systemWorkspace &&
      touched.has(workspace) &&
      !known.has(name) &&
      !systemNamespaces.has(name)
    );
  });
  if (joined.length > 0)
    throw new FederationError(
      'WORLD_MOVED',
      `${member.name}: ${some(joined.map(({ name }) => name))} joined a workspace that is on the move, after the run had counted its projects. The run halts; unbind ${joined.length === 1 ? 'it' : 'them'} and resume, or roll back and plan again.`,
      { details: { projects: joined.map(({ name }) => name) } },
    );
}

/**
 * Looks at everything kept once more when all else is taken back: what was lost meanwhile is told, once, before a run may say that it was
 * rolled back. It may have been meant, and nothing brings it back: a later rollback goes on.
 *
 * @throws FederationError `KEPT_AT_RISK` naming what has not been told yet
 */
export async function tellLost(ctx: Context<Surveyed>): Promise<void> {
  const { state, env, signal, log } = ctx;
  const namespaces = await namespacesOf(env.member, signal);
  const lost = await breachesOf(ctx, namespaces);
  const gone = new Set(lost.map(({ key }) => key));
  const strayed = [...state.snapshot.kept, ...state.snapshot.left].flatMap(({ name, workspace }): Breach[] => {
    const now = namespaces.get(name)?.labels?.[workspaceLabel];
    if (now === workspace || gone.has(name)) return [];
    return [{ key: name, why: `${name} was in workspace ${workspace} and is in ${now ?? 'none'} now` }];
  });
  const all = [...lost, ...strayed];
  if (all.length === 0) return;
  const whys = all.map(({ why }) => why);
  log.warn('What the run promised to keep is not what it was.', { cluster: env.member.name, breaches: whys });
  const news = new Set(
    await untold(
      held(ctx),
      env,
      all.map(({ key }) => key),
    ),
  );
  if (news.size === 0) return;
  const told = all.filter(({ key }) => news.has(key)).map(({ why }) => why);
  throw new FederationError(
    'KEPT_AT_RISK',
    `${env.member.name}: ${some(told)}. This run cannot bring that back; all else of it is taken back but shield and fence. Find out who did it, and restore what can be restored. Then roll back once more: what was told once keeps nothing up.`,
    { details: { breaches: told } },
  );
}

/** How a new driver fences what a former one left half done. */
export const touching =
  (passed?: boolean) =>
  async (ctx: Context<object> & { readonly intends: readonly Change[] }): Promise<void> => {
    // The fence first: a former driver that reads after the touch finds the later epoch before it writes.
    await takeFence(ctx, ctx.env, passed);
    await touchChanges(oneOf(clustersOf(ctx.env)), ctx);
  };

/** How the engine sees and fences what a migration step changes: the same for all, but where one passes the pivot. */
export const looks = {
  observe: ({
    env,
    ...ctx
  }: Pick<Context<unknown>, 'env' | 'runId' | 'signal'> & { readonly intends: readonly Change[] }) =>
    observeChanges(oneOf(clustersOf(env)), ctx),
  touch: touching(),
};

/** What is known for sure is known while planning, too; the compiler cannot see that of an open State. */
const known = <State>(ctx: Context<State>): Known<State> => ctx as unknown as Known<State>;

/** The work of a context whose every write is preceded by a look at the fence. */
const held = <Ctx extends Context<object>>(ctx: Ctx): Ctx & Work => ({
  ...ctx,
  assertHeld: () => assertFence(ctx, ctx.env),
});

function need<Before, Out>(operation: Operation<Before, Out> | undefined): Operation<Before, Out> {
  if (operation === undefined)
    throw new FederationError('WORKFLOW_INVALID', 'A step ran before what it needs was known.');
  return operation;
}

/** Whether a later step may have this one taken back. */
interface Undone {
  /** @defaultValue true */
  readonly undone?: boolean;
}

/**
 * A forecast, blocked where these rights are missing, or those that its changes and their undo take: a right that is missing half way
 * would leave a member between two hosts.
 */
export async function ifGranted<Out>(
  rights: () => Promise<readonly Right[]> | readonly Right[],
  { env, signal, epoch }: Pick<Context<unknown>, 'env' | 'signal' | 'epoch'>,
  forecast: Forecast<Out>,
  { undone = true }: Undone = {},
): Promise<Forecast<Out>> {
  // A run that is under way goes as far as it may: what only undo needs must not undo it.
  if (epoch > 0) return forecast;
  const changes = forecast.effect === 'change' ? forecast.changes : [];
  const making = undone ? { undoable: changes, final: [] } : { undoable: [], final: changes };
  try {
    await assertRights([...(await rights()), ...(await toMake(oneOf(clustersOf(env)), making, signal))], signal);
    return forecast;
  } catch (error) {
    // It is one of the things that stand against a plan, beside all others.
    if (!FederationError.is(error, 'FORBIDDEN') || !isRecord(error.details)) throw error;
    const { refused } = error.details;
    if (!Array.isArray(refused)) throw error;
    const why = `These credentials may not do all that the run takes to its end or back: ${refused.join(', ')}.`;
    return { effect: 'blocked', why, remedy: 'Grant these rights, or use other credentials.' };
  }
}

/** The forecast of an operation, blocked where what it writes, or what follows, is not allowed. */
export async function foreseeAllowed<Before, Out>(
  operation: Operation<Before, Out>,
  ctx: Work & Pick<Context<unknown>, 'env' | 'signal' | 'epoch'>,
  { undone = true }: Undone = {},
): Promise<Forecast<Out>> {
  const forecast = await operation.forecast(ctx);
  if (forecast.effect === 'none' || forecast.effect === 'blocked') return forecast;
  return ifGranted(() => rightsToDo(operation, ctx, undone), ctx, forecast, { undone });
}

/**
 * The functions of a step that performs one operation: under the fence, and with a look at everything kept afterwards.
 * `make` yields nothing while planning does not know enough.
 */
export function writes<State extends Surveyed, Before, Out>(
  make: (known: Known<State>) => Operation<Before, Out> | undefined,
) {
  return {
    ...looks,
    async forecast(ctx: StepContext<Foreseen<State>, MigrationEnv>): Promise<Forecast<Out>> {
      const operation = make(ctx);
      return operation === undefined ? notYet('it depends on what earlier steps find') : foreseeAllowed(operation, ctx);
    },
    capture: (ctx: Context<State>): Promise<Before> => need(make(known(ctx))).capture(ctx),
    run: async (ctx: Context<State> & { readonly before: Before }): Promise<Out> => {
      await assertFence(ctx, ctx.env);
      const out = await runAndVerify(need(make(known(ctx))), held(ctx), ctx.before);
      await assertKept(ctx);
      return out;
    },
    compensate: async (
      ctx: Context<State> & { readonly before: Before; readonly out: Out | undefined },
    ): Promise<void> => {
      await assertFence(ctx, ctx.env);
      await need(make(known(ctx))).compensate(held(ctx), ctx.before, ctx.out);
    },
  };
}

/** How often an item step looks at everything kept while it works through its items. */
const lookEveryMs = 2_000;

/**
 * The functions of an item step that performs one operation for each item: each write under the fence, and every now and
 * then a look at everything kept.
 */
export function writesEach<State extends Surveyed, Item, Before>(
  make: (known: Known<State>, item: Item) => Operation<Before, void>,
) {
  type Of = Context<State> & { readonly item: Item };
  let looked = 0;
  return {
    ...looks,
    capture: (ctx: Of): Promise<Before> => make(known(ctx), ctx.item).capture(ctx),
    run: async (ctx: Of & { readonly before: Before }): Promise<void> => {
      await runAndVerify(make(known(ctx), ctx.item), held(ctx), ctx.before);
      if (performance.now() - looked < lookEveryMs) return;
      looked = performance.now();
      await assertKept(ctx);
    },
    compensate: (ctx: Of & { readonly before: Before }): Promise<void> =>
      make(known(ctx), ctx.item).compensate(held(ctx), ctx.before, undefined),
  };
}
