import { hash } from 'bcryptjs';
import { core } from '../../kube/resources.ts';
import { finalizers, managedLabel, userLabel } from '../../kubesphere/names.ts';
import { kubesphere, type User } from '../../kubesphere/resources.ts';
import { extra } from '../kinds.ts';
import { recordAt, text } from '../server/object.ts';
import { type Context, loop } from './context.ts';
import { federate } from './federate.ts';
import type { Outcome } from './queue.ts';
import { addFinalizer, dropFinalizers, ignoring, named, update } from './writes.ts';

/** The least that bcrypt allows (the product uses 10): these passwords guard nothing. */
const hashCost = 4;
const isHash = (password: string): boolean => /^\$2[aby]\$\d\d\$/.test(password);

/** Everything that names a user by label and goes with it. */
const belongings = [
  kubesphere.globalRoleBindings,
  kubesphere.workspaceRoleBindings,
  core.clusterRoleBindings,
  core.roleBindings,
  kubesphere.groupBindings,
  extra.loginRecords,
];
/** The product's authenticateRateLimiterDuration. */
const blockedMs = 600_000;
const providerLabel = 'iam.kubesphere.io/identify-provider';

/**
 * pkg/controller/user of 3.x, on every cluster. A host federates a user before the password is hashed, so that the plain
 * text reaches the members for a moment; copies made by kubefed are left alone.
 */
export function userController(context: Context): void {
  const { manager, settings } = context;
  const { connection } = manager;
  const sync = federate(manager, {
    resource: kubesphere.users,
    federated: kubesphere.federatedUsers,
    template: ({ spec, status }: User) => ({ spec, ...(status === undefined ? {} : { status }) }),
  });

  async function hashPassword(user: User): Promise<User> {
    const { password } = user.spec;
    if (password === undefined || password === '' || isHash(password)) return user;
    return update(connection, kubesphere.users, user, {
      metadata: {
        annotations: {
          'iam.kubesphere.io/last-password-change-time': manager.timestamp(),
          // Holds the plain text where kubectl apply made the user.
          'kubectl.kubernetes.io/last-applied-configuration': null,
        },
      },
      spec: { password: await hash(password, hashCost) },
    });
  }

  /** Without a password a user is disabled, unless another identity provider answers for it. Blocked ones are let in again. */
  async function writeState(user: User): Promise<Outcome> {
    const { password = '' } = user.spec;
    const state = user.status?.state ?? '';
    const mapped = (user.metadata.labels?.[providerLabel] ?? '') !== '';
    const since = Date.parse(text(recordAt(user.status)['lastTransitionTime']) ?? '');
    const blocked = password !== '' && state === 'AuthLimitExceeded';
    if (blocked && !(since + blockedMs < manager.clock.now())) return { againAfterMs: blockedMs };
    if (state === 'Disabled' || (password !== '' && state !== '' && !blocked)) return undefined;
    const next = password === '' && !mapped ? 'Disabled' : 'Active';
    if (next === state) return undefined;
    const status = { state: next, lastTransitionTime: manager.timestamp() };
    await update(connection, kubesphere.users, user, { status });
    return undefined;
  }

  async function deleteBelongings(name: string): Promise<void> {
    const labelSelector = `${userLabel}=${name}`;
    for (const resource of belongings) {
      for await (const object of connection.list(resource, { labelSelector })) {
        await ignoring(connection.delete(resource, named(object), { propagationPolicy: 'Background' }), 'NOT_FOUND');
      }
    }
  }

  loop(context, {
    name: 'user',
    informer: manager.informer(kubesphere.users),
    async reconcile(cached) {
      if (cached.metadata.deletionTimestamp !== undefined) {
        if (cached.metadata.finalizers?.includes(finalizers.user) !== true) return undefined;
        await deleteBelongings(cached.metadata.name);
        await dropFinalizers(connection, kubesphere.users, cached, finalizers.user);
        return undefined;
      }
      let user = await addFinalizer(connection, kubesphere.users, cached, finalizers.user);
      if (settings.multiCluster()) user = await sync(user);
      if (user.metadata.labels?.[managedLabel] === 'true') return undefined;
      return writeState(await hashPassword(user));
    },
  });
}
