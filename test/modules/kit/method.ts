import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ErrorCode, FederationError } from '../../../src/errors.ts';
import type { Federation } from '../../../src/federation.ts';
import type { WriteOptions, Written } from '../../../src/modules/operation.ts';
import type { Ground } from '../../grounds.ts';
import { type Addressed, aligned } from './abreast.ts';
import { badOptions, badWriteOptions } from './bad-options.ts';
import type { Mishap, PassingRequest } from './fault-proxy.ts';
import { expectNothingTold, heard } from './told.ts';
import { type ClusterName, type ModuleWorld, reader, startWorld } from './world.ts';

/** What every method is tried with; the table of coverage has these columns. */
export const cases = [
  'success',
  'dry run',
  'already so',
  'conflict',
  'forbidden',
  'not found',
  'unreachable',
  'aborted',
  'answer lost',
  'one of several clusters down',
  'bad input',
] as const;
export type Case = (typeof cases)[number];

/** A write as a test expects it: `body` may hold vitest's matchers for what only the server knows. */
export interface ExpectedWrite {
  readonly cluster: ClusterName;
  readonly method: 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly path: string;
  /** @defaultValue merge patch for PATCH, JSON otherwise */
  readonly type?: string;
  readonly body: unknown;
  /** A controller does it, too: whoever comes second has nothing to write. */
  readonly raced?: true;
  /** Made side by side with its neighbours of the same kind: which of them comes first is the network's. */
  readonly abreast?: true;
}

/** A rule that a method does not fail without. */
export interface Dispensable {
  readonly side: 'host' | 'members';
  /** Plural; `*`: whatever there is. */
  readonly resource: string;
  /** @defaultValue any */
  readonly verb?: string;
  /** Why the method goes on without it, and needs it all the same. */
  readonly why: string;
  /** In the answer; absent where nothing is lost. */
  readonly says?: RegExp;
}

/** What it takes to open a member at all. */
export const toOpen = ['clusterconfigurations', 'namespaces'] as const;

/** One method of a module: how it is called and seen to work. Its cases follow from this. */
interface CommonSpec<Args> {
  /** `module.method`; a variant of it follows after a blank: `workspaces.delete keep`. */
  readonly method: string;
  /** A start state of its own, with names of its own, made by the administrator's connections. */
  prepare(world: ModuleWorld): Promise<Args>;
  /** Every option is to be handed on. */
  call(federation: Federation, args: Args, options: WriteOptions): Promise<unknown>;
  /** Whether the effect is there, in the cluster where it should be. For a read: whether the answer is right. */
  done(world: ModuleWorld, args: Args, answer: unknown): Promise<void>;
  /** The request that faults befall: the write itself, or what a read asks. */
  readonly decisive: { readonly cluster: ClusterName; readonly matches: (request: PassingRequest) => boolean };
  /** The same call for something that is not there. */
  missing?(federation: Federation, args: Args, options: WriteOptions): Promise<unknown>;
  /** What becomes of the call while member N, which it is not about, is down: a code, or `works`. @defaultValue `works` */
  readonly whileOtherIsDown?: 'works' | ErrorCode | ((answer: unknown) => void);
  /** Path by which the spec itself finds a cluster that it hands to the method. */
  readonly looksUp?: string;
  /** Calls with bad input, by the field that the error names. */
  readonly invalid: Readonly<Record<string, (federation: Federation, args: Args) => Promise<unknown>>>;
  /** Cases that there cannot be, each with its reason. */
  readonly without?: Partial<Readonly<Record<Exclude<Case, 'bad input'>, string>>>;
  /** Rules that it does not fail without: it then does, and `says`, what it can. */
  readonly managesWithout?: readonly Dispensable[];
  /** Why the answer itself is a secret, which is what it was asked for. */
  readonly answerIsSecret?: string;
  /** What is otherwise by the gateway: the code with which that way in refuses it, or what the answer is to be. */
  readonly throughGateway?: ErrorCode | ((answer: unknown) => void);
  /** What a second identical call yields. @defaultValue `already` for writes */
  readonly again?: 'already' | 'changed';
}

/** One that only reads. */
interface ReadSpec<Args> extends CommonSpec<Args> {
  readonly untouched?: undefined;
  readonly writes?: undefined;
}

/** One that writes: what exactly, and how it is seen that it did not. */
export interface WriteSpec<Args> extends CommonSpec<Args> {
  /** Whether all is as `prepare` left it. */
  untouched(world: ModuleWorld, args: Args): Promise<void>;
  /** The exact writes of a success, in their order, by cluster; those of the journal are left out. */
  writes(args: Args, world: ModuleWorld): readonly ExpectedWrite[];
}

/** Any of both: its arguments are known to itself alone. */
// biome-ignore lint/suspicious/noExplicitAny: a list of specs has no common arguments.
export type AnyMethodSpec = ReadSpec<any> | WriteSpec<any>;

/** Infers the arguments of a spec. What can be seen to be untouched is a write, and has to say what it writes. */
export function method<Args>(spec: WriteSpec<Args>): AnyMethodSpec;
export function method<Args>(spec: ReadSpec<Args>): AnyMethodSpec;
export function method(spec: AnyMethodSpec): AnyMethodSpec {
  return spec;
}

const journalPath = /^\/api(s\/coordination\.k8s\.io)?\/v1\/namespaces\/kubesphere-system\/(configmaps|leases)/;
const isJournal = ({ path, body }: PassingRequest): boolean =>
  journalPath.test(path) && /kubesphere-federation|ksf-/.test(`${path}${JSON.stringify(body)}`);
const patient = { timeout: 90_000 };

/** Plays every case of these methods on a ground. */
export function describeMethods(ground: Ground, specs: readonly AnyMethodSpec[]): void {
  describe(`on ${ground.name}`, () => {
    let world: ModuleWorld;
    beforeAll(async () => {
      world = await startWorld(ground);
    }, 1_200_000);
    afterEach(() => world.calm());
    afterAll(() => world?.[Symbol.asyncDispose](), 120_000);

    for (const spec of specs)
      describe(spec.method, patient, () => {
        for (const one of cases) {
          if (reasonWithout(spec, one) !== undefined || !hasCase(spec, one)) continue;
          test(one, async () => play(world, spec, one));
        }
      });

    test('no secret was told by any of them, or recorded', patient, () => expectNothingTold(world, specs.length + 1));
  });
}

/** Why a method cannot have such a case. Options that nobody understands are bad input of every one. */
export const reasonWithout = ({ without = {} }: AnyMethodSpec, one: Case): string | undefined =>
  one === 'bad input' ? undefined : without[one];

/** Whether a spec has such a case at all: one that neither says how nor why not is missing in the table. */
export function hasCase(spec: AnyMethodSpec, one: Case): boolean {
  if (one === 'not found') return spec.missing !== undefined;
  if (isRead(spec)) return !(['dry run', 'already so', 'conflict', 'answer lost'] as readonly Case[]).includes(one);
  return true;
}

export const isRead = (spec: AnyMethodSpec): spec is ReadSpec<unknown> => spec.writes === undefined;

async function play(world: ModuleWorld, spec: AnyMethodSpec, one: Case): Promise<void> {
  const args: unknown = await spec.prepare(world);
  world.calm();
  const { federation, proxies } = world;
  const proxy = proxies[spec.decisive.cluster];
  const call = (options: WriteOptions = {}): Promise<unknown> =>
    heard(world, spec, (all) => spec.call(federation, args, all), options);
  /** Befalls the decisive request once. */
  const once = (mishap: Mishap): (() => number) => {
    let times = 0;
    proxy.hinder((request) => {
      if (times > 0 || !spec.decisive.matches(request)) return undefined;
      times += 1;
      return mishap;
    });
    return () => times;
  };
  const writes = (): readonly (PassingRequest & { readonly cluster: ClusterName })[] =>
    (['a', 'm', 'n'] as const).flatMap((cluster) => proxies[cluster].writes.map((write) => ({ ...write, cluster })));
  const untouched = async (): Promise<void> => {
    world.calm();
    await spec.untouched?.(world, args);
  };

  switch (one) {
    case 'success': {
      const answer = await call();
      // What met a newer version was decided anew, and written again.
      const made = writes()
        .filter((write) => !isJournal(write) && write.status !== 409)
        // What kubefed gave back as it was deleted is deleted again.
        .filter(
          ({ cluster, method, path }, index, all) =>
            method !== 'DELETE' || !all.slice(0, index).some(at({ cluster, method, path })),
        );
      // What it writes is in its spec: all of it, and nothing else.
      if (!isRead(spec)) expect(answer).toMatchObject({ outcome: 'changed' });
      const expected = spec.writes?.(args, world) ?? [];
      expect(expected.length > 0).toBe(!isRead(spec));
      const those = (all: readonly Addressed[], write: Addressed): number => all.filter(at(write)).length;
      const isAbreast = (write: Addressed): boolean => expected.some((one) => one.abreast === true && at(one)(write));
      expect(
        aligned(
          made.map(({ query: _query, status: _status, ...write }) => write),
          isAbreast,
        ),
      ).toEqual(
        aligned(
          expected
            .filter((write) => write.raced !== true || those(made, write) === those(expected, write))
            .map(({ type, raced: _raced, abreast: _abreast, ...write }) => ({
              ...write,
              type: type ?? typeOf(write.method),
            })),
          isAbreast,
        ),
      );
      return spec.done(world, args, answer);
    }
    case 'dry run': {
      const answer = await call({ dryRun: true });
      expect(answer).toMatchObject({
        outcome: 'dry-run',
        forecast: { effect: expect.stringMatching(/^(change|unknown)$/) },
      });
      expect(untold(spec.writes?.(args, world) ?? [], (answer as DryRun).forecast)).toEqual([]);
      expect(writes()).toEqual([]);
      return untouched();
    }
    case 'already so': {
      await call();
      world.calm();
      const outcome = spec.again ?? 'already';
      expect(await call()).toMatchObject({ outcome });
      if (outcome === 'already') expect(writes()).toEqual([]);
      return;
    }
    case 'conflict': {
      const times = once({ status: 409, reason: 'Conflict' });
      const answer = await call();
      expect(times()).toBe(1);
      return spec.done(world, args, answer);
    }
    case 'forbidden': {
      if (isRead(spec)) once({ status: 403, reason: 'Forbidden' });
      else for (const each of Object.values(proxies)) each.actAs(reader);
      expect(reasonOf(await failure(call()))).toBe('FORBIDDEN');
      return untouched();
    }
    case 'not found': {
      const error = await failure(heard(world, spec, async (all) => spec.missing?.(federation, args, all)));
      expect(reasonOf(error)).toBe('NOT_FOUND');
      expect(writes()).toEqual([]);
      return untouched();
    }
    case 'unreachable': {
      proxy.hinder(() => 'refused');
      expect(reasonOf(await failure(call({ retry: false })))).toBe('UNREACHABLE');
      // A watch lasts as long as its signal lets it.
      if (!spec.method.endsWith('.watch')) {
        proxy.hinder(() => 'ignored');
        const waited = spec.method.includes('.waitUntil') ? /^(TIMEOUT|NOT_OBSERVED)$/ : /^TIMEOUT$/;
        expect(reasonOf(await failure(call({ timeoutMs: 200 })))).toMatch(waited);
      }
      return untouched();
    }
    case 'aborted': {
      const signal = AbortSignal.abort();
      expect(reasonOf(await failure(call({ signal })))).toBe('ABORTED');
      expect(writes()).toEqual([]);
      return untouched();
    }
    case 'answer lost': {
      const times = once('lost');
      const answer = await call();
      expect(times()).toBe(1);
      return spec.done(world, args, answer);
    }
    case 'one of several clusters down': {
      proxies.n.hinder(() => 'refused');
      const whether = spec.whileOtherIsDown ?? 'works';
      const calling = call({ retry: false });
      if (whether === 'works') return spec.done(world, args, await calling);
      if (typeof whether === 'function') return whether(await calling);
      expect((await failure(calling)).code).toBe(whether);
      return untouched();
    }
    case 'bad input':
      for (const [field, options] of isRead(spec) ? badOptions : [...badOptions, ...badWriteOptions])
        expect(await failure(call(options)), field).toMatchObject({ code: 'INVALID', details: { field } });
      for (const [field, bad] of Object.entries(spec.invalid)) {
        const error = await failure(heard(world, spec, () => bad(federation, args)));
        expect([error.code, error.details], error.message).toEqual(['INVALID', { field }]);
      }
      for (const { requests } of Object.values(proxies))
        expect(requests.map(({ path }) => path).filter((path) => path !== spec.looksUp)).toEqual([]);
      return untouched();
  }
}

const at =
  (one: Addressed) =>
  ({ cluster, method, path }: Addressed): boolean =>
    cluster === one.cluster && method === one.method && path === one.path;

const typeOf = (of: ExpectedWrite['method']): string =>
  of === 'PATCH' ? 'application/merge-patch+json' : 'application/json';

async function failure(calling: Promise<unknown>): Promise<FederationError> {
  const [settled] = await Promise.allSettled([calling]);
  if (settled.status === 'fulfilled') throw new Error(`It should have failed: ${JSON.stringify(settled.value)}`);
  if (!FederationError.is(settled.reason)) throw settled.reason;
  return settled.reason;
}

type DryRun = Extract<Written<unknown>, { readonly outcome: 'dry-run' }>;
/** Objects that a success writes, and of which a dry run told nothing. */
function untold(expected: readonly ExpectedWrite[], forecast: DryRun['forecast']): readonly string[] {
  if (forecast.effect !== 'change') return [];
  const told = new Set(forecast.changes.map(({ resource: { cluster, name } }) => `${cluster}: ${name}`));
  return expected.flatMap(({ cluster, method, path, body }) => {
    const { metadata } = body as { readonly metadata?: { readonly name?: string } };
    // A matcher: of whatever is made for the time of the run alone.
    if (typeof path !== 'string') return [];
    const name: unknown = method === 'POST' ? metadata?.name : decodeURIComponent(path.split('/').at(-1) ?? '');
    // A name that the server, or chance, gives.
    return typeof name !== 'string' || told.has(`${cluster}: ${name}`) ? [] : [`${method} ${path} ${name}`];
  });
}

/** What a call failed of; of a batch, what each of its items did. */
export function failuresIn(error: FederationError): readonly Pick<FederationError, 'code' | 'message' | 'details'>[] {
  if (error.code !== 'BATCH_FAILED') return [error];
  const { items } = error.details as unknown as { readonly items: readonly { readonly error: FederationError }[] };
  return items.map((item) => item.error);
}

const reasonOf = (error: FederationError): string => [...new Set(failuresIn(error).map(({ code }) => code))].join(', ');
