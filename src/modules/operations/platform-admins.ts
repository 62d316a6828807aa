import { FederationError } from '../../errors.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { kubesphere } from '../../kubesphere/resources.ts';

/** The role that may do everything; the host's controller knows it by this name (globalrolebinding_controller.go:235). */
export const platformAdmin = 'platform-admin';

/**
 * Refuses to take a platform's last administrator away: nobody could bring one back through KubeSphere.
 *
 * @throws FederationError `KEPT_AT_RISK`
 */
export async function assertAnotherAdmin(
  { name: cluster, connection }: KubeSphereCluster,
  user: string,
  signal: AbortSignal,
  act: string,
): Promise<void> {
  const admins = new Set<string>();
  for await (const { roleRef, subjects = [] } of connection.list(kubesphere.globalRoleBindings, { signal }))
    if (roleRef.name === platformAdmin) for (const { kind, name } of subjects) if (kind === 'User') admins.add(name);
  if (!admins.delete(user)) return;
  for (const name of admins)
    if ((await connection.find(kubesphere.users, { name }, { signal }))?.status?.state === 'Active') return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `${cluster}: user "${user}" is the last active administrator of the platform (role ${platformAdmin}); to ${act} them would leave nobody. Nothing was changed. Give the role to another user first.`,
  );
}
