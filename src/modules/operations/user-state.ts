import { FederationError } from '../../errors.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { identityProviderLabel } from '../../kubesphere/names.ts';
import { kubesphere, type User } from '../../kubesphere/resources.ts';
import { refOf } from '../changes.ts';
import type { Operation } from '../operation.ts';
import { toWatch } from '../rights.ts';
import { edit, waitFor } from '../work.ts';
import { assertAnotherAdmin } from './platform-admins.ts';
import { userLimitMs } from './user-object.ts';

const resource = kubesphere.users;

/** Closes an account, or opens it again. A closed one is refused with its tokens, too, wherever its copy says so (jwt.go:69). */
export function setState(
  host: KubeSphereCluster,
  name: string,
  state: 'Active' | 'Disabled',
): Operation<{ readonly state: string | null }, void> {
  const is = (user: Pick<User, 'status'> | undefined): boolean => user?.status?.state === state;
  return {
    async forecast({ signal }) {
      const user = await host.connection.get(resource, { name }, { signal });
      if (is(user)) return { effect: 'none', why: `it is ${state} already`, out: undefined };
      if (state === 'Active' && !user.spec.password && !user.metadata.labels?.[identityProviderLabel])
        return {
          effect: 'blocked',
          why: `${host.name}: user "${name}" has no password; the user controller would disable the account again.`,
          remedy: 'Set one with federation.users.setPassword first.',
        };
      if (state === 'Disabled') await assertAnotherAdmin(host, name, signal, 'disable');
      return {
        effect: 'change',
        changes: [
          {
            verb: 'update',
            resource: refOf(host.name, resource, user.metadata),
            before: { '/status/state': user.status?.state ?? null },
            after: { '/status/state': state },
          },
        ],
      };
    },
    capture: async ({ signal }) => ({
      state: (await host.connection.get(resource, { name }, { signal })).status?.state ?? null,
    }),
    async run(work) {
      host.dialect;
      const { metadata } = await host.connection.get(resource, { name }, { signal: work.signal });
      await edit(work, { cluster: host, resource, name: { name }, uid: metadata.uid }, (user) =>
        is(user)
          ? undefined
          : {
              type: 'merge',
              body: {
                status: { state, reason: null, lastTransitionTime: new Date().toISOString().replace(/\.\d+/, '') },
              },
            },
      );
    },
    needs: { verify: toWatch(host, kubesphere.federatedUsers) },
    async verify({ signal }) {
      await waitFor(signal, {
        cluster: host,
        resource: kubesphere.federatedUsers,
        select: { fieldSelector: `metadata.name=${name}` },
        test: (objects) => is(objects.get(name)?.spec.template as User | undefined) || undefined,
        what: `the state of user "${name}" to be handed to kubefed`,
        timeoutMs: userLimitMs,
      });
      if (is(await host.connection.get(resource, { name }, { signal }))) return;
      throw new FederationError(
        'NOT_OBSERVED',
        `${host.name}: user "${name}" was set ${state} and is not so any more. Which tool or person writes its status?`,
        { retryable: true },
      );
    },
    async compensate(work, before) {
      await edit(work, { cluster: host, resource, name: { name } }, () => ({
        type: 'merge',
        body: { status: { state: before.state } },
      }));
    },
  };
}
