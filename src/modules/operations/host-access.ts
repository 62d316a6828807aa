import type { KubeObject, Resource } from '../../kube/objects.ts';
import { core, type Role, type RoleBinding, type ServiceAccount } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { hostClusterRole, hostServiceAccount, kubefedNamespace } from '../../kubesphere/names.ts';
import { refOf } from '../changes.ts';
import { assertTakesNothingKept, deletionClosure } from '../closure.ts';
import type { Operation } from '../operation.ts';
import { rememberMeta } from '../remembered.ts';
import { onlyFor, type Right, toDelete, toGet, toListAll, toWatch, within } from '../rights.ts';
import { create, remove, type Work, waitGone } from '../work.ts';

interface Made<Body> {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly body: Body;
}

/** What {@link shutOut} captures. */
export interface HostAccess {
  readonly account: Made<null> | null;
  readonly role: Made<Pick<Role, 'rules'>> | null;
  readonly binding: Made<Pick<RoleBinding, 'roleRef' | 'subjects'>> | null;
}

const goneLimitMs = 60_000;

/** What it takes to find and delete what a host's access to a member is made of. */
export function toShutOut(member: KubeSphereCluster, cluster: string): readonly Right[] {
  const at = names(cluster);
  return [toGet, toDelete].flatMap((to) => [
    ...onlyFor(at.role.name, to(member, core.clusterRoles, core.clusterRoleBindings)),
    ...onlyFor(at.account.name, within(kubefedNamespace, to(member, core.serviceAccounts))),
  ]);
}

function names(cluster: string) {
  return {
    account: { namespace: kubefedNamespace, name: hostServiceAccount(cluster) },
    role: { name: hostClusterRole(cluster) },
  };
}

async function find(work: Pick<Work, 'signal'>, { connection }: KubeSphereCluster, cluster: string) {
  const at = names(cluster);
  const options = { signal: work.signal };
  const [account, role, binding] = await Promise.all([
    connection.find(core.serviceAccounts, at.account, options),
    connection.find(core.clusterRoles, at.role, options),
    connection.find(core.clusterRoleBindings, at.role, options),
  ]);
  return { account, role, binding };
}

function made<Body>(object: KubeObject | undefined, body: Body): Made<Body> | null {
  return object === undefined ? null : { ...rememberMeta(object), body };
}

/**
 * Shuts a host out of a member: its ServiceAccount, and with it the token, and its rights (H12). Before another host joins,
 * for both use the same account and token, and kubefed does not notice when it is replaced (domain reference, 8.3).
 *
 * @param cluster the name under which the host has the member
 */
export function shutOut(member: KubeSphereCluster, cluster: string): Operation<HostAccess, void> {
  const kinds: readonly (readonly [Resource, (found: Awaited<ReturnType<typeof find>>) => KubeObject | undefined])[] = [
    [core.clusterRoleBindings, ({ binding }) => binding],
    [core.clusterRoles, ({ role }) => role],
    [core.serviceAccounts, ({ account }) => account],
  ];
  return {
    async forecast(work) {
      const found = await find(work, member, cluster);
      const changes = kinds.flatMap(([resource, pick]) => {
        const object = pick(found);
        return object === undefined
          ? []
          : [
              {
                verb: 'delete' as const,
                resource: refOf(member.name, resource, object.metadata),
                before: {},
                after: null,
              },
            ];
      });
      return changes.length === 0
        ? { effect: 'none', why: `no host has an account for "${cluster}" there`, out: undefined }
        : { effect: 'change', changes };
    },
    async capture(work) {
      const { account, role, binding } = await find(work, member, cluster);
      return {
        account: made(account, null),
        role: made(role, role?.rules === undefined ? {} : { rules: role.rules }),
        binding:
          binding === undefined ? null : made(binding, { roleRef: binding.roleRef, subjects: binding.subjects ?? [] }),
      };
    },
    async run(work) {
      member.dialect;
      const found = await find(work, member, cluster);
      const uids = kinds.flatMap(([, pick]) => pick(found)?.metadata.uid ?? []);
      if (uids.length > 0)
        assertTakesNothingKept(
          await deletionClosure(member, uids, work.signal),
          `the account and rights of the host of "${cluster}"`,
        );
      for (const [resource, pick] of kinds) {
        const object = pick(found);
        if (object === undefined) continue;
        const { name, namespace, uid } = object.metadata;
        const target = {
          cluster: member,
          resource,
          name: { name, ...(namespace === undefined ? {} : { namespace }) },
          uid,
        };
        await remove(work, { ...target, propagationPolicy: 'Background' });
        await waitGone(work, target, goneLimitMs);
      }
    },
    needs: {
      verify: [
        ...toListAll(member),
        ...toWatch(member, core.clusterRoles, core.clusterRoleBindings),
        ...within(kubefedNamespace, toWatch(member, core.serviceAccounts, core.secrets)),
      ],
    },
    async verify(work) {
      // The token lives in Secrets of the account: access ends when the last one is gone.
      const { name } = names(cluster).account;
      for (const secret of await tokensOf(work, member, name))
        await waitGone(
          work,
          {
            cluster: member,
            resource: core.secrets,
            name: { namespace: kubefedNamespace, name: secret.name },
            uid: secret.uid,
          },
          goneLimitMs,
        );
    },
    async compensate(work, { account, role, binding }) {
      const now = await find(work, member, cluster);
      const at = names(cluster);
      if (account !== null && now.account === undefined)
        await create<ServiceAccount>(work, member, core.serviceAccounts, {
          metadata: { ...at.account, labels: account.labels, annotations: account.annotations },
        });
      if (role !== null && now.role === undefined)
        await create(work, member, core.clusterRoles, {
          metadata: { ...at.role, labels: role.labels, annotations: role.annotations },
          ...role.body,
        });
      if (binding !== null && now.binding === undefined)
        await create(work, member, core.clusterRoleBindings, {
          metadata: { ...at.role, labels: binding.labels, annotations: binding.annotations },
          ...binding.body,
        });
    },
  };
}

/** Token Secrets of a host's ServiceAccount. Metadata only: nobody here needs the token. */
async function tokensOf(work: Pick<Work, 'signal'>, { connection }: KubeSphereCluster, account: string) {
  const found = await connection
    .listMetadata(core.secrets, { namespace: kubefedNamespace, signal: work.signal })
    .toArray();
  return found
    .filter(({ metadata }) => metadata.annotations?.['kubernetes.io/service-account.name'] === account)
    .map(({ metadata }) => ({ name: metadata.name, uid: metadata.uid }));
}
