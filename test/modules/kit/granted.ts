import type { Connection } from '../../../src/kube/connection.ts';
import { core, type PolicyRule } from '../../../src/kube/resources.ts';
import { until } from '../../../src/testing/index.ts';
import type { FaultProxy } from './fault-proxy.ts';

/** Binds a user to the ClusterRole of that name, which {@link grantTo} makes. */
export async function bindRights(user: string, connection: Connection): Promise<void> {
  await connection.create(core.clusterRoleBindings, {
    metadata: { name: user },
    subjects: [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }],
    roleRef: { kind: 'ClusterRole', name: user, apiGroup: 'rbac.authorization.k8s.io' },
  });
}

let granted = 0;

/** Gives a user these rights and no others, and waits until the server knows: one that is only a mark is given along, with a new name each time. */
export async function grantTo(
  user: string,
  connection: Connection,
  proxy: FaultProxy,
  rules: readonly PolicyRule[],
): Promise<void> {
  granted += 1;
  const mark = `mark-${granted}`;
  const all = [...rules, { apiGroups: ['example.com'], resources: [mark], verbs: ['get'] }];
  const found = await connection.find(core.clusterRoles, { name: user });
  if (found === undefined) await connection.create(core.clusterRoles, { metadata: { name: user }, rules: all });
  else await connection.patch(core.clusterRoles, { name: user }, { type: 'merge', body: { rules: all } });
  proxy.actAs(user);
  await until(`the server knows the rights of ${user}`, async () =>
    proxy.allowed({ group: 'example.com', resource: mark, verb: 'get' }),
  );
  proxy.actAs(undefined);
}
