import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import type { PolicyRule } from '../../../src/kube/resources.ts';
import type { MethodName } from '../../../src/modules/required/names.ts';
import { requiredRules } from '../../../src/modules/required-rules.ts';
import type { Ground } from '../../grounds.ts';
import { bindRights, grantTo } from './granted.ts';
import { type AnyMethodSpec, type Dispensable, failuresIn, isRead } from './method.ts';
import { methodOf, rightsToCall } from './rights.ts';
import { type ModuleWorld, startWorld } from './world.ts';

const clusters = ['a', 'm', 'n'] as const;
const who = 'least';

type Rules = ReturnType<typeof requiredRules>;
/** One verb of one rule of one side that a call is to do without. */
interface Taken {
  readonly side: keyof Rules;
  readonly rule: PolicyRule;
  readonly verb: string;
}

/** Runs each write with exactly the rules that it is said to need, and without any one verb of them. */
export function describeLeastPrivilege(ground: Ground, specs: readonly AnyMethodSpec[]): void {
  describe(`least privilege on ${ground.name}`, () => {
    let world: ModuleWorld;
    beforeAll(async () => {
      world = await startWorld(ground);
      for (const name of clusters) await bindRights(who, world.clusters[name].connection);
    }, 1_200_000);
    afterEach(() => world.calm());
    afterAll(() => world?.[Symbol.asyncDispose](), 120_000);

    test.each(specs.filter((spec) => !isRead(spec)).map((spec) => [spec.method, spec] as const))(
      '%s',
      { timeout: 300_000 },
      async (_name, spec) => {
        const rules = requiredRules([methodOf(spec) as MethodName]);
        const own = await rightsToCall(world, spec);
        const needed = (['host', 'members'] as const).flatMap((side) =>
          rules[side].flatMap((rule) =>
            rule.verbs
              .filter((verb) => own[side].includes(textOf(verb, rule)))
              .map((verb): Taken => ({ side, rule, verb })),
          ),
        );
        expect(needed.length).toBeGreaterThan(0);
        const { managesWithout = [] } = spec;
        const dispensable = ({ side, rule, verb }: Taken): Dispensable | undefined =>
          managesWithout.find(
            (one) => one.side === side && one.resource === rule.resources?.[0] && (one.verb ?? verb) === verb,
          );
        expect(new Set(needed.flatMap((one) => dispensable(one) ?? []))).toEqual(new Set(managesWithout));
        for (const one of needed) {
          const known = dispensable(one);
          if (known === undefined) continue;
          const said = await without(world, spec, await spec.prepare(world), rules, one);
          expect(said).toMatchObject({ outcome: 'changed' });
          if (known.says !== undefined) expect(JSON.stringify(said)).toMatch(known.says);
          world.calm();
        }
        const args: unknown = await spec.prepare(world);
        for (const one of needed) {
          if (dispensable(one) !== undefined) continue;
          const [settled] = await Promise.allSettled([without(world, spec, args, rules, one)]);
          if (settled.status === 'fulfilled')
            throw new Error(
              `${spec.method} did without ${textOf(one.verb, one.rule)} on the ${one.side}: ${JSON.stringify(settled.value)}`,
            );
          if (!FederationError.is(settled.reason)) throw settled.reason;
          for (const error of failuresIn(settled.reason))
            expect([error.code, error.message]).toEqual(['FORBIDDEN', expect.stringContaining(namedBy(one))]);
          world.calm();
          await Promise.resolve(spec.untouched?.(world, args)).catch((cause: unknown) => {
            const lacking = `${textOf(one.verb, one.rule)} on the ${one.side}`;
            throw new Error(`without ${lacking} it left something half-done: ${settled.reason}`, { cause });
          });
        }
        await grant(world, rules);
        const answer = await asLeast(world, (federation) => spec.call(federation, args, {}));
        world.calm();
        await spec.done(world, args, answer);
      },
    );
  });
}

/** Calls it with all of these rules but one. */
async function without(
  world: ModuleWorld,
  spec: AnyMethodSpec,
  args: unknown,
  rules: Rules,
  { side, rule, verb }: Taken,
): Promise<unknown> {
  const less = rules[side].map((one) =>
    one === rule ? { ...rule, verbs: rule.verbs.filter((it) => it !== verb) } : one,
  );
  await grant(world, { ...rules, [side]: less.filter(({ verbs }) => verbs.length > 0) });
  return asLeast(world, (federation) => spec.call(federation, args, { retry: false }));
}

async function asLeast<T>(world: ModuleWorld, work: (federation: ModuleWorld['federation']) => Promise<T>): Promise<T> {
  for (const name of clusters) world.proxies[name].actAs(who);
  try {
    await using federation = await world.connect();
    return await work(federation);
  } finally {
    for (const name of clusters) world.proxies[name].actAs(undefined);
  }
}

/** Gives these rights on the host and on the members. */
async function grant({ clusters: all, proxies }: ModuleWorld, { host, members }: Rules): Promise<void> {
  for (const name of clusters) await grantTo(who, all[name].connection, proxies[name], name === 'a' ? host : members);
}

/** What a refusal says of a right. Whoever may not bind a role is told what is in it. */
const namedBy = ({ rule, verb }: Taken): string => {
  if (verb === 'bind') return 'attempting to grant RBAC permissions not currently held';
  return rule.resources?.[0] === '*' ? ':' : String(rule.resources?.[0]);
};

const textOf = (verb: string, { apiGroups = [], resources = [] }: PolicyRule): string =>
  `${verb} ${resources[0]}${apiGroups[0] === '' ? '' : `.${apiGroups[0]}`}`;
