import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { core, type PolicyRule } from '../../../src/kube/resources.ts';
import type { MethodName } from '../../../src/modules/required/names.ts';
import { requiredRules } from '../../../src/modules/required-rules.ts';
import type { Form } from '../../../src/modules/shield-forms.ts';
import type { Ground } from '../../grounds.ts';
import { specsByModule } from './all-specs.ts';
import { bindRights, grantTo } from './granted.ts';
import { type AnyMethodSpec, type Dispensable, failuresIn, isRead } from './method.ts';
import { methodOf, rightsToCall } from './rights.ts';
import { type ModuleWorld, startWorld } from './world.ts';

const clusters = ['a', 'm', 'n'] as const;
const clustersOf = { host: ['a'], members: ['m', 'n'] } as const;
const who = 'least';

/** A write with all of its variants, whichever folder has them: it takes all to need every rule. */
export type VariantsOfMethod = readonly [method: MethodName, variants: readonly AnyMethodSpec[]];

/** Every write, by the folder that has its first variant: they play in one world. */
export async function writesByModule(): Promise<
  readonly { readonly module: string; readonly methods: readonly VariantsOfMethod[] }[]
> {
  const modules = await specsByModule();
  const all = Map.groupBy(
    modules.flatMap(({ module, methods }) => methods.map((spec) => ({ module, spec }))),
    ({ spec }) => methodOf(spec) as MethodName,
  );
  const writes = [...all].flatMap(([method, [first, ...rest]]) =>
    first === undefined || isRead(first.spec)
      ? []
      : [{ module: first.module, variants: [method, [first, ...rest].map(({ spec }) => spec)] as const }],
  );
  return [...Map.groupBy(writes, ({ module }) => module)].map(([module, found]) => ({
    module,
    methods: found.map(({ variants }) => variants),
  }));
}

type Rules = ReturnType<typeof requiredRules>;
/** One verb of one rule of one side that a call is to do without. */
interface Taken {
  readonly side: keyof Rules;
  readonly rule: PolicyRule;
  readonly verb: string;
}

/** Whether a write takes other rights where shields are made of something else. */
export function raisesShields([method]: VariantsOfMethod): boolean {
  const [policy, webhook] = (['policy', 'webhook'] as const).map((shield) => requiredRules([method], { shield }));
  return !isDeepStrictEqual(policy, webhook);
}

/** Runs each write with exactly the rules that it is said to need where shields are of that form, and without any one verb of them. */
export function describeLeastPrivilege(ground: Ground, methods: readonly VariantsOfMethod[], shield: Form): void {
  describe(`least privilege on ${ground.name}`, () => {
    let world: ModuleWorld;
    beforeAll(async () => {
      world = await startWorld(ground);
      for (const name of clusters) await bindRights(who, world.clusters[name].connection);
    }, 1_200_000);
    afterEach(() => world.calm());
    afterAll(() => world?.[Symbol.asyncDispose](), 120_000);

    test.each(methods)('%s', { timeout: 900_000 }, async (method, variants) => {
      const rules = requiredRules([method], { shield });
      const left = new Set(takenFrom(rules).map(labelOf));
      for (const spec of variants) for (const tried of await play(world, spec, rules)) left.delete(tried);
      // What no variant asked for this time: the more reason to see whether one of them fails without it.
      for (const one of takenFrom(rules).filter((taken) => left.has(labelOf(taken))))
        for (const spec of variants)
          if (left.has(labelOf(one)) && (await isRefusedWithout(world, spec, rules, one))) left.delete(labelOf(one));
      expect([...left], `${method} does without these, and requiredRules says that it needs them`).toEqual([]);
    });
  });
}

/** Takes away each right that a variant asks for, and then none: what was taken comes back. */
async function play(world: ModuleWorld, spec: AnyMethodSpec, rules: Rules): Promise<readonly string[]> {
  const own = await rightsToCall(world, spec);
  const needed = takenFrom(rules).filter(({ side, rule, verb }) => own[side].includes(textOf(verb, rule)));
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
  for (const one of needed)
    if (dispensable(one) === undefined) {
      const answer = await refusalWithout(world, spec, args, rules, one);
      if (answer !== undefined)
        throw new Error(`${spec.method} did without ${labelOf(one)}: ${JSON.stringify(answer.did)}`);
    }
  await grant(world, rules);
  const answer = await asLeast(world, (federation) => spec.call(federation, args, {}));
  world.calm();
  await spec.done(world, args, answer);
  return needed.map(labelOf);
}

/** Sees that a call without that right is refused by its name, and left nothing half-done; else what it did. */
async function refusalWithout(
  world: ModuleWorld,
  spec: AnyMethodSpec,
  args: unknown,
  rules: Rules,
  one: Taken,
): Promise<{ readonly did: unknown } | undefined> {
  const [settled] = await Promise.allSettled([without(world, spec, args, rules, one)]);
  if (settled.status === 'fulfilled') return { did: settled.value };
  if (!FederationError.is(settled.reason)) throw settled.reason;
  for (const error of failuresIn(settled.reason))
    expect(error, `${spec.method} without ${labelOf(one)}`).toSatisfy((it: Failure) => names(it, one));
  world.calm();
  await Promise.resolve(spec.untouched?.(world, args)).catch((cause: unknown) => {
    throw new Error(`without ${labelOf(one)} it left something half-done: ${settled.reason}`, { cause });
  });
  return undefined;
}

async function isRefusedWithout(world: ModuleWorld, spec: AnyMethodSpec, rules: Rules, one: Taken): Promise<boolean> {
  const answer = await refusalWithout(world, spec, await spec.prepare(world), rules, one);
  world.calm();
  return answer === undefined;
}

/** Calls it with all of these rules but one. */
async function without(
  world: ModuleWorld,
  spec: AnyMethodSpec,
  args: unknown,
  rules: Rules,
  { side, rule, verb }: Taken,
): Promise<unknown> {
  const rest = { ...rule, verbs: rule.verbs.filter((it) => it !== verb) };
  const left = rule.resources?.[0] === '*' ? await toAllKindsButOne(world) : [];
  const less = rules[side].flatMap((one) => (one === rule ? [rest, ...left] : [one]));
  await grant(world, { ...rules, [side]: less.filter(({ verbs }) => verbs.length > 0) });
  return asLeast(world, (federation) => spec.call(federation, args, { retry: false }));
}

/** A kind that nobody asks for who does not go through all of them. */
const hidden = 'ingresses';

/**
 * The right to list each kind by itself, which any of the clusters serves: kinds of a host are asked for on members, too. It takes the right
 * to list whatever there is to list that one. Shields are looked for also where a server has not heard of what they are made of.
 */
async function toAllKindsButOne({ clusters: all }: ModuleWorld): Promise<readonly PolicyRule[]> {
  const kinds = await Promise.all(clusters.map((name) => all[name].connection.resources()));
  const shields = [core.validatingAdmissionPolicies, core.validatingAdmissionPolicyBindings];
  const shown = [...kinds.flat(), ...shields].filter(({ plural }) => plural !== hidden);
  expect(shown.length).toBeLessThan(kinds.flat().length + shields.length);
  return [...Map.groupBy(shown, ({ group }) => group)].map(([group, served]) => ({
    apiGroups: [group],
    resources: served.map(({ plural }) => plural),
    verbs: ['list'],
  }));
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

type Failure = ReturnType<typeof failuresIn>[number];

/**
 * Whether a refusal names verb, resource and cluster of a right: among the rights that were asked for before, or in the words of the server
 * that refused the request.
 */
function names({ code, message, details }: Failure, { side, rule, verb }: Taken): boolean {
  if (code !== 'FORBIDDEN') return false;
  const { refused = [] } = (details ?? {}) as { readonly refused?: readonly string[] };
  const [group, plural] = [rule.apiGroups?.[0] ?? '', rule.resources?.[0] ?? ''];
  return clustersOf[side].some((cluster) => {
    const right = `${cluster}: ${textOf(verb, rule)}`;
    if (refused.some((one) => one === right || one.startsWith(`${right} in `))) return message.includes(`${cluster}: `);
    const [, said = ''] = message.split(new RegExp(`(?:^| )${cluster}: (?=[A-Z]+ )`));
    // What the server's own words do not name: rights to hand on, and to list whatever there is.
    if (['bind', 'escalate'].includes(verb) || plural === '*') return said.includes(` right to ${textOf(verb, rule)} `);
    return said.includes(` cannot ${verb} resource "${plural}" in API group "${group}"`);
  });
}

const takenFrom = (rules: Rules): readonly Taken[] =>
  (['host', 'members'] as const).flatMap((side) =>
    rules[side].flatMap((rule) => rule.verbs.map((verb): Taken => ({ side, rule, verb }))),
  );

const textOf = (verb: string, { apiGroups = [], resources = [] }: PolicyRule): string =>
  `${verb} ${resources[0]}${apiGroups[0] === '' ? '' : `.${apiGroups[0]}`}`;

const labelOf = ({ side, rule, verb }: Taken): string =>
  `${textOf(verb, rule)} on ${side === 'host' ? 'the host' : 'members'}`;
