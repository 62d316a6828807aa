import { FederationError } from '../../errors.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { refOf } from '../changes.ts';
import { namespacesOf, some } from '../closure.ts';
import type { Operation } from '../operation.ts';
import {
  assertSafeToLift,
  isProven,
  lowerShield,
  type Raised,
  raiseShield,
  type Shielded,
  shieldForm,
  toLower,
  unfindable,
} from '../shield.ts';
import { type Form, type Part, parts } from '../shield-forms.ts';
import { shieldsUp } from '../shields-up.ts';
import { create, type Work } from '../work.ts';

const forms: readonly Form[] = ['policy', 'webhook'];

const isThere =
  ({ connection }: KubeSphereCluster, { signal }: Pick<Work, 'signal'>) =>
  async ({ resource, name }: Part): Promise<boolean> =>
    (await connection.find(resource, { name }, { signal })) !== undefined;

async function filterAsync<T>(items: readonly T[], test: (item: T) => Promise<boolean>): Promise<T[]> {
  const kept = await Promise.all(items.map(test));
  return items.filter((_item, index) => kept[index]);
}

/** A protection of what is not there keeps nothing, and looks as if it did. @throws FederationError `NOT_FOUND` */
async function assertAllThere(
  { signal }: Pick<Work, 'signal'>,
  cluster: KubeSphereCluster,
  { namespaces, workspaces }: Shielded,
): Promise<void> {
  const known = await namespacesOf(cluster, signal);
  const missing = [
    ...namespaces.filter((name) => !known.has(name)).map((name) => `namespace "${name}"`),
    ...(
      await filterAsync(
        workspaces,
        async (name) => (await cluster.connection.find(kubesphere.workspaces, { name }, { signal })) === undefined,
      )
    ).map((name) => `Workspace "${name}"`),
  ];
  if (missing.length > 0)
    throw new FederationError(
      'NOT_FOUND',
      `${cluster.name}: there is no ${some(missing)} to protect. Nothing was changed. Are the names those of that cluster?`,
    );
}

/**
 * Puts a shield up that is no run's: the same names are the same shield, so that a second call finds it, and one whose first attempt
 * died half way completes it.
 */
export function protectProjects(cluster: KubeSphereCluster, shielded: Shielded): Operation<Raised, Raised> {
  const raising = raiseShield(cluster, shielded);
  const missing = async (work: Pick<Work, 'signal'>, form: Form): Promise<Part[]> => {
    const there = isThere(cluster, work);
    return filterAsync(parts(form, shielded), async (part) => !(await there(part)));
  };
  return {
    ...raising,
    async forecast(work) {
      const form = await shieldForm(cluster, work.signal);
      await assertAllThere(work, cluster, shielded);
      const unfound = await unfindable(cluster, shielded.namespaces, work.signal);
      if (unfound !== undefined) return { effect: 'blocked', ...unfound };
      const left = await missing(work, form);
      if (left.length === 0)
        return (await isProven(work, cluster, shielded))
          ? { effect: 'none', why: 'they are protected already', out: { form } }
          : { effect: 'unknown', why: 'The shield is there, and has yet to be seen to refuse.', touches: [] };
      return {
        effect: 'change',
        changes: left.map(({ resource, name }) => ({
          verb: 'create',
          resource: refOf(cluster.name, resource, { name }),
          before: null,
          after: {},
        })),
        expects: { form },
      };
    },
    async run(work, { form }) {
      cluster.dialect;
      if (form !== null)
        for (const { resource, name, body } of await missing(work, form))
          await create(work, cluster, resource, { ...body, metadata: { name } });
      return { form };
    },
  };
}

/** What {@link unprotectProjects} captures: in which form they were protected. */
export interface Protected {
  readonly forms: readonly Form[];
}

/** Takes such a shield down, once nothing that it keeps depends on an owner that is gone; puts it up again as its way back. */
export function unprotectProjects(cluster: KubeSphereCluster, shielded: Shielded): Operation<Protected, void> {
  const up = async (work: Pick<Work, 'signal'>) => {
    const there = isThere(cluster, work);
    return Promise.all(forms.map(async (form) => ({ form, found: await filterAsync(parts(form, shielded), there) })));
  };
  /** Others that keep some of these: who asks for other names than were given to `protect` learns what there is. */
  const others = async (signal: AbortSignal): Promise<readonly string[]> =>
    (await shieldsUp(cluster, { signal }))
      .filter(
        ({ namespaces, workspaces }) =>
          namespaces.some((name) => shielded.namespaces.includes(name)) ||
          shielded.workspaces.some((name) => workspaces === 'all' || workspaces.includes(name)),
      )
      .map(({ id, namespaces, workspaces }) => {
        const kept = workspaces === 'all' ? ['all Workspaces'] : workspaces.map((name) => `Workspace ${name}`);
        return `${id}: ${some([...namespaces, ...kept])}`;
      });
  return {
    async forecast(work) {
      const found = (await up(work)).flatMap((one) => one.found);
      if (found.length === 0) {
        const keeping = await others(work.signal);
        if (keeping.length === 0) return { effect: 'none', why: 'nothing protects them', out: undefined };
        return {
          effect: 'blocked',
          why: `${cluster.name}: no protection keeps just these; there is ${keeping.join('; ')}.`,
          remedy: 'Give the names of one of them, all of them.',
        };
      }
      await assertSafeToLift(work, cluster, shielded.namespaces);
      return {
        effect: 'change',
        changes: found.map(({ resource, name }) => ({
          verb: 'delete',
          resource: refOf(cluster.name, resource, { name }),
          before: {},
          after: null,
        })),
      };
    },
    async capture(work) {
      return { forms: (await up(work)).flatMap(({ form, found }) => (found.length > 0 ? [form] : [])) };
    },
    async run(work, before) {
      cluster.dialect;
      await assertSafeToLift(work, cluster, shielded.namespaces);
      for (const form of before.forms) await lowerShield(work, cluster, { ...shielded, form });
    },
    async needs(work) {
      const forms = (await up(work)).flatMap(({ form, found }) => (found.length > 0 ? [form] : []));
      return {
        verify: (await Promise.all(forms.map((form) => toLower(cluster, form, shielded, work.signal)))).flat(),
      };
    },
    async verify(work) {
      const left = (await up(work)).flatMap(({ found }) => found.map(({ name }) => name));
      if (left.length === 0) return;
      throw new FederationError(
        'NOT_OBSERVED',
        `${cluster.name}: ${some(left)} was deleted, and is there again. Who puts it up?`,
        { retryable: true },
      );
    },
    async compensate(work, before) {
      for (const form of before.forms)
        for (const { resource, name, body } of parts(form, shielded))
          if ((await cluster.connection.find(resource, { name }, { signal: work.signal })) === undefined)
            await create(work, cluster, resource, { ...body, metadata: { name } });
    },
  };
}
