import { FederationError } from '../../errors.ts';
import { unquoted } from '../../internal/unquoted.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { isPasswordHash } from '../../kubesphere/people-input.ts';
import { kubesphere, type User } from '../../kubesphere/resources.ts';
import { refOf } from '../changes.ts';
import type { Operation } from '../operation.ts';
import { toWatch } from '../rights.ts';
import { edit, type Work, waitFor } from '../work.ts';
import { userLimitMs } from './user-object.ts';

const resource = kubesphere.users;

/** Whether what is stored is the hash of this password, or this very hash. */
async function fits(stored: string | undefined, password: string): Promise<boolean> {
  if (stored === undefined || !isPasswordHash(stored)) return false;
  if (isPasswordHash(password)) return stored === password;
  const { compare } = await import('bcryptjs');
  return compare(password, stored);
}

/** Waits until the user controller has hashed the password: until then it stands there in plain text. */
async function hashed(
  { signal }: Pick<Work, 'signal'>,
  host: KubeSphereCluster,
  name: string,
  password: string,
  also: (user: User) => boolean,
): Promise<void> {
  const found = await waitFor(signal, {
    cluster: host,
    resource,
    select: { fieldSelector: `metadata.name=${name}` },
    test: (objects) => {
      const user = objects.get(name);
      return user?.spec.password !== undefined && isPasswordHash(user.spec.password) && also(user)
        ? { stored: user.spec.password }
        : undefined;
    },
    what: `the password of user "${name}" to be hashed`,
    timeoutMs: userLimitMs,
  });
  if (await fits(found.stored, password)) return;
  throw new FederationError(
    'WORLD_MOVED',
    `${host.name}: user "${name}" has another password by now than the one that was set. Find out who set it; nothing was changed again.`,
  );
}

/**
 * Gives an account a password. The user controller hashes it; no forecast, journal or message holds it, nor anything that it could be
 * guessed from.
 */
export function setPassword(host: KubeSphereCluster, name: string, password: string): Operation<null, void> {
  return {
    async forecast({ signal }) {
      const user = await host.connection.get(resource, { name }, { signal });
      if (await fits(user.spec.password, password))
        return { effect: 'none', why: 'that is the password already', out: undefined };
      return {
        effect: 'change',
        changes: [
          {
            verb: 'update',
            resource: refOf(host.name, resource, user.metadata),
            // No digest: that of a password could be tried out.
            before: { password: user.spec.password === undefined ? 'none' : 'the former one' },
            after: { password: 'the one given' },
          },
        ],
      };
    },
    capture: async () => null,
    async run(work) {
      host.dialect;
      const { uid, password: stored } = await found(work, host, name);
      if (await fits(stored, password)) return;
      await unquoted(
        `${host.name}: the password`,
        password,
        'about users',
        edit(work, { cluster: host, resource, name: { name }, uid }, ({ spec }) =>
          spec.password === password ? undefined : { type: 'merge', body: { spec: { password } } },
        ),
      );
    },
    needs: { verify: toWatch(host, resource) },
    verify: (work) => hashed(work, host, name, password, () => true),
    async compensate() {
      throw new FederationError(
        'UNSUPPORTED',
        `${host.name}: the former password of user "${name}" was kept nowhere. Set one with federation.users.setPassword.`,
      );
    },
  };
}

async function found({ signal }: Pick<Work, 'signal'>, host: KubeSphereCluster, name: string) {
  const { metadata, spec } = await host.connection.get(resource, { name }, { signal });
  return { uid: metadata.uid, password: spec.password };
}

/**
 * The last step of a new account, which until then is disabled for want of a password: one patch sets it and leaves the state to the
 * user controller, which makes it Active once it has hashed the password.
 *
 * @param password - `undefined` where the process that began has died: a journal does not hold it
 */
export function openAccount(
  host: KubeSphereCluster,
  name: string,
  password: string | undefined,
): Operation<null, void> {
  const change = (user: User | undefined) => ({
    verb: 'update' as const,
    resource: refOf(host.name, resource, user?.metadata ?? { name }),
    before: { '/status/state': 'Disabled' },
    after: { '/status/state': 'Active' },
  });
  return {
    async forecast({ signal }) {
      const user = await host.connection.find(resource, { name }, { signal });
      if (user?.spec.password !== undefined && isPasswordHash(user.spec.password) && user.status?.state === 'Active')
        return { effect: 'none', why: 'it has a password, and is open', out: undefined };
      return { effect: 'change', changes: [change(user)] };
    },
    capture: async () => null,
    async run(work) {
      host.dialect;
      const known = password;
      if (known === undefined)
        throw new FederationError(
          'INVALID',
          `${host.name}: the password of user "${name}" died with the process that was given it, for no journal holds it. Roll the run back and create the user again; or set a password and enable the account, then resume.`,
        );
      const { uid } = await found(work, host, name);
      await unquoted(
        `${host.name}: the password`,
        known,
        'about users',
        edit(work, { cluster: host, resource, name: { name }, uid }, ({ spec, status }) =>
          spec.password !== undefined && status?.state !== 'Disabled'
            ? undefined
            : { type: 'merge', body: { spec: { password: known }, status: null } },
        ),
      );
    },
    needs: { verify: toWatch(host, resource) },
    async verify(work) {
      if (password !== undefined) await hashed(work, host, name, password, ({ status }) => status?.state === 'Active');
    },
    async compensate(work) {
      const user = await host.connection.find(resource, { name }, { signal: work.signal });
      if (user === undefined) return;
      await edit(work, { cluster: host, resource, name: { name }, uid: user.metadata.uid }, ({ spec, status }) =>
        spec.password === undefined && status?.state === 'Disabled'
          ? undefined
          : { type: 'merge', body: { spec: { password: null }, status: { state: 'Disabled' } } },
      );
    },
  };
}
