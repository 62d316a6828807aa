import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { core, type PolicyRule } from '../../../src/kube/resources.ts';
import type { MethodName } from '../../../src/modules/required/names.ts';
import { requiredRules } from '../../../src/modules/required-rules.ts';
import { until } from '../../../src/testing/index.ts';
import type { Ground } from '../../grounds.ts';
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
      for (const name of clusters)
        await world.clusters[name].connection.create(core.clusterRoleBindings, {
          metadata: { name: who },
          subjects: [{ kind: 'User', name: who, apiGroup: 'rbac.authorization.k8s.io' }],
          roleRef: { kind: 'ClusterRole', name: who, apiGroup: 'rbac.authorization.k8s.io' },
        });
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

let granted = 0;
/** Gives these rights, and waits until the servers know: a right that is only a mark is given along, with a new name each time. */
async function grant({ clusters: all, proxies }: ModuleWorld, { host, members }: Rules): Promise<void> {
  granted += 1;
  const mark = `mark-${granted}`;
  for (const name of clusters) {
    const { connection } = all[name];
    const rules = [
      ...(name === 'a' ? host : members),
      { apiGroups: ['example.com'], resources: [mark], verbs: ['get'] },
    ];
    const found = await connection.find(core.clusterRoles, { name: who });
    if (found === undefined) await connection.create(core.clusterRoles, { metadata: { name: who }, rules });
    else await connection.patch(core.clusterRoles, { name: who }, { type: 'merge', body: { rules } });
    proxies[name].actAs(who);
    await until(`${name} knows the rights of ${who}`, async () =>
      proxies[name].allowed({ group: 'example.com', resource: mark, verb: 'get' }),
    );
    proxies[name].actAs(undefined);
  }
}

/** What a refusal says of a right. Whoever may not bind a role is told what is in it. */
const namedBy = ({ rule, verb }: Taken): string => {
  if (verb === 'bind') return 'attempting to grant RBAC permissions not currently held';
  return rule.resources?.[0] === '*' ? ':' : String(rule.resources?.[0]);
};

const textOf = (verb: string, { apiGroups = [], resources = [] }: PolicyRule): string =>
  `${verb} ${resources[0]}${apiGroups[0] === '' ? '' : `.${apiGroups[0]}`}`;
