import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { kubesphere, type User } from '../../kubesphere/resources.ts';
import type { Json } from '../../types.ts';
import { findMade, madeBy, refOf } from '../changes.ts';
import { assertTakesNothingKept, deletionClosure } from '../closure.ts';
import type { Operation } from '../operation.ts';
import { toListAll, toWatch } from '../rights.ts';
import { create, edit, remove, waitFor, waitGone } from '../work.ts';

const resource = kubesphere.users;
/** How long a host's controllers may take to carry a user on. */
export const userLimitMs = 120_000;

/** What of an account is no secret, and can be changed. */
export interface UserProfile {
  /** Unique among the users of a cluster: KubeSphere's webhook sees to it. */
  readonly email: string;
  readonly displayName?: string;
  readonly description?: string;
  /** Language of the console: `en`, `zh`. */
  readonly lang?: string;
  /** Groups, by name, which the user is said to be in. */
  readonly groups?: readonly string[];
}

/** Who else has this e-mail address on a cluster: the webhook would refuse the write. */
async function ownerOfEmail(
  { connection }: KubeSphereCluster,
  name: string,
  email: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  for await (const { metadata, spec } of connection.list(resource, { signal }))
    if (spec.email === email && metadata.name !== name) return metadata.name;
  return undefined;
}

const emailTaken = (host: KubeSphereCluster, email: string, owner: string) =>
  ({
    effect: 'blocked',
    why: `${host.name}: user "${owner}" has the e-mail address ${email}, and no two users may.`,
    remedy: 'Give another address, or change that of the other user first.',
  }) as const;

/**
 * Creates an account without a password: its controller disables it, so that a create that arrives late lets nobody in. Its way back
 * deletes only the account that this run made.
 */
export function createAccount(
  host: KubeSphereCluster,
  { name, ...profile }: UserProfile & { readonly name: string },
): Operation<null, void> {
  return {
    async forecast({ signal, runId }) {
      const found = await host.connection.find(resource, { name }, { signal });
      if (found !== undefined && madeBy(runId, found))
        return { effect: 'none', why: `user "${name}" is there`, out: undefined };
      if (found !== undefined)
        return {
          effect: 'blocked',
          why: `${host.name} has a user "${name}" already; equal names need not mean the same person.`,
          remedy: 'Give another name, or change the one that is there with federation.users.update.',
        };
      const owner = await ownerOfEmail(host, name, profile.email, signal);
      if (owner !== undefined) return emailTaken(host, profile.email, owner);
      return {
        effect: 'change',
        changes: [
          {
            verb: 'create',
            resource: refOf(host.name, resource, { name }),
            before: null,
            after: { '/spec/email': profile.email },
          },
        ],
      };
    },
    capture: async () => null,
    async run(work) {
      host.dialect;
      await create(work, host, resource, { metadata: { name }, spec: profile });
    },
    needs: { verify: toWatch(host, resource, kubesphere.federatedUsers), compensate: toListAll(host) },
    async verify({ signal }) {
      await waitFor(signal, {
        cluster: host,
        resource,
        select: { fieldSelector: `metadata.name=${name}` },
        test: (objects) => objects.get(name)?.status?.state !== undefined || undefined,
        what: `user "${name}" to be taken up by the user controller`,
        timeoutMs: userLimitMs,
      });
      await waitFor(signal, {
        cluster: host,
        resource: kubesphere.federatedUsers,
        select: { fieldSelector: `metadata.name=${name}` },
        test: (objects) => objects.has(name) || undefined,
        what: `user "${name}" to be federated`,
        timeoutMs: userLimitMs,
      });
    },
    async compensate(work) {
      const user = await findMade(work, { cluster: host, resource, name: { name } });
      if (user === undefined) return;
      const { uid } = user.metadata;
      assertTakesNothingKept(await deletionClosure(host, [uid], work.signal), `user "${name}"`);
      const target = { cluster: host, resource, name: { name }, uid };
      await remove(work, { ...target, propagationPolicy: 'Background' });
      await waitGone(work, target, userLimitMs);
    },
  };
}

const fields = ['email', 'displayName', 'description', 'lang', 'groups'] as const;
type Former = Readonly<Record<string, Json>>;

/** What is empty counts as absent: KubeSphere's own writes leave it out. */
const profileOf = ({ spec }: User, wanted: Partial<UserProfile>): Former =>
  Object.fromEntries(
    fields
      .filter((field) => field in wanted)
      .map((field) => [field, (spec[field]?.length ? spec[field] : null) as Json]),
  );

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** Changes what is given of a profile, and leaves the rest. */
export function updateProfile(
  host: KubeSphereCluster,
  name: string,
  wanted: Partial<UserProfile>,
): Operation<Former, void> {
  const write = { ...wanted };
  const is = (user: User): boolean =>
    same(profileOf(user, wanted), profileOf({ ...user, spec: write as User['spec'] }, wanted));
  const pointers = (values: Former): Json =>
    Object.fromEntries(Object.entries(values).map(([field, value]) => [`/spec/${field}`, value]));
  return {
    async forecast({ signal }) {
      const user = await host.connection.get(resource, { name }, { signal });
      if (is(user)) return { effect: 'none', why: 'the account is as wanted already', out: undefined };
      const owner = wanted.email === undefined ? undefined : await ownerOfEmail(host, name, wanted.email, signal);
      if (owner !== undefined) return emailTaken(host, wanted.email ?? '', owner);
      return {
        effect: 'change',
        changes: [
          {
            verb: 'update',
            resource: refOf(host.name, resource, user.metadata),
            before: pointers(profileOf(user, wanted)),
            after: pointers(profileOf({ ...user, spec: write as User['spec'] }, wanted)),
          },
        ],
      };
    },
    capture: async ({ signal }) => profileOf(await host.connection.get(resource, { name }, { signal }), wanted),
    async run(work) {
      host.dialect;
      const { metadata } = await host.connection.get(resource, { name }, { signal: work.signal });
      await edit(work, { cluster: host, resource, name: { name }, uid: metadata.uid }, (user) =>
        is(user) ? undefined : { type: 'merge', body: { spec: write } },
      );
    },
    needs: { verify: toWatch(host, kubesphere.federatedUsers) },
    async verify({ signal }) {
      await waitFor(signal, {
        cluster: host,
        resource: kubesphere.federatedUsers,
        select: { fieldSelector: `metadata.name=${name}` },
        test: (objects) => {
          const template = objects.get(name)?.spec.template;
          return template !== undefined && is(template as User) ? true : undefined;
        },
        what: `the change of user "${name}" to be handed to kubefed`,
        timeoutMs: userLimitMs,
      });
    },
    async compensate(work, before) {
      await edit(work, { cluster: host, resource, name: { name } }, () => ({ type: 'merge', body: { spec: before } }));
    },
  };
}
