import { compare } from 'bcryptjs';
import { managedLabel } from '../../kubesphere/names.ts';
import { kubesphere, type User } from '../../kubesphere/resources.ts';
import type { KubeClient } from './kube.ts';
import { Refusal } from './refusal.ts';
import type { Settings } from './settings.ts';

/** Why nobody gets in, in ks-apiserver's words (pkg/models/auth). */
export const loginFailures = Object.freeze({
  password: 'incorrect password',
  inactive: 'account is not active',
  limit: 'auth rate limit exceeded',
});

/** Checks passwords, and closes accounts that were tried too often. */
export interface Passwords {
  /** @throws Refusal with one of {@link loginFailures} */
  authenticate(settings: Settings, username: string, password: string): Promise<User>;
}

/** The User of a name or an e-mail address. */
async function findUser(kube: KubeClient, username: string): Promise<User | undefined> {
  if (!username.includes('@')) return kube.find(kubesphere.users, { name: username });
  return (await kube.list(kubesphere.users)).find(({ spec }) => spec.email === username);
}

/**
 * Passwords of the Users of one cluster. Failures are counted in `failures`, by user, where the product keeps LoginRecords and lets
 * ks-controller-manager count them; what is seen from outside, the state of the User, is the same. That the account opens
 * again is left to the user controller here, too.
 */
export function createPasswords(
  kube: KubeClient,
  now: () => number,
  failures: Map<string, readonly number[]>,
): Passwords {
  async function countFailure({ maxTries, triesWithinMs }: Settings, user: User): Promise<void> {
    // What kubefed manages is left to the host's controller.
    if (user.metadata.labels?.[managedLabel] === 'true') return;
    const counts = (at: number): boolean => at + triesWithinMs > now();
    for (const [name, times] of failures) if (!times.some(counts)) failures.delete(name);
    const recent = [...(failures.get(user.metadata.name) ?? []).filter(counts), now()];
    failures.set(user.metadata.name, recent);
    if (recent.length < maxTries) return;
    failures.delete(user.metadata.name);
    const reason = `Failed login attempts exceed ${recent.length} in last ${triesWithinMs / 60_000}m0s`;
    const status = { state: 'AuthLimitExceeded', reason, lastTransitionTime: new Date(now()).toISOString() };
    await kube.patch(kubesphere.users, { name: user.metadata.name }, 'merge-patch', { status });
  }

  return {
    async authenticate(settings, username, password) {
      if (username === '' || password === '') throw new Refusal(400, loginFailures.password);
      const user = await findUser(kube, username);
      if (user === undefined) throw new Refusal(400, loginFailures.password);
      const state = user.status?.state;
      if (state === 'AuthLimitExceeded') throw new Refusal(429, loginFailures.limit);
      if (state !== 'Active') throw new Refusal(400, loginFailures.inactive);
      if (user.spec.password !== undefined && (await compare(password, user.spec.password))) return user;
      await countFailure(settings, user);
      throw new Refusal(400, loginFailures.password);
    },
  };
}
