import { FederationError } from '../../errors.ts';
import type { ObjectRef } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { userLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import type { Change } from '../../workflow/change.ts';
import { refOf } from '../changes.ts';
import { assertTakesNothingKept, deletionClosure, some } from '../closure.ts';
import type { Operation } from '../operation.ts';
import { toListAll, toWatch } from '../rights.ts';
import type { UserLeftover } from '../users/leftovers.ts';
import { remove, waitGone } from '../work.ts';
import { belongings } from './belongings.ts';
import { assertAnotherAdmin } from './platform-admins.ts';
import { userLimitMs } from './user-object.ts';

const resource = kubesphere.users;

/** Workspaces whose template names a user as manager. */
async function managedBy(
  { connection }: KubeSphereCluster,
  user: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { metadata, spec } of connection.list(kubesphere.workspaceTemplates, { signal }))
    if (spec.template.spec?.manager === user) names.push(metadata.name);
  return names;
}

/** How {@link removeUser} removes. */
export interface RemovalOfUser {
  readonly leaveManaged: boolean;
  /** What members still have once the original is gone. */
  readonly leftovers: (signal: AbortSignal) => Promise<readonly UserLeftover[]>;
}

/**
 * Deletes an account by UID. Its bindings go with it; a manager of workspaces is refused, since the next person of that name would
 * manage them.
 */
export function removeUser(
  host: KubeSphereCluster,
  { name, uid }: ObjectRef,
  { leaveManaged, leftovers }: RemovalOfUser,
): Operation<null, readonly UserLeftover[]> {
  const target = { cluster: host, resource, name: { name }, uid };
  return {
    async forecast({ signal }) {
      const managed = await managedBy(host, name, signal);
      if (managed.length > 0 && !leaveManaged)
        return {
          effect: 'blocked',
          why: `${host.name}: user "${name}" is the manager of ${managed.length} workspace(s): ${some(managed)}. Whoever gets that name next would manage them.`,
          remedy: `Give them another manager first, or say managedWorkspaces: 'leave'.`,
        };
      await assertAnotherAdmin(host, name, signal, 'delete');
      const along: Change[] = [];
      for (const kind of belongings)
        for await (const { metadata } of host.connection.listMetadata(kind, {
          signal,
          labelSelector: `${userLabel}=${name}`,
        }))
          along.push({ verb: 'delete', resource: refOf(host.name, kind, metadata), before: {}, after: null });
      return {
        effect: 'change',
        changes: [
          { verb: 'delete', resource: refOf(host.name, resource, { name, uid }), before: {}, after: null },
          ...along,
        ],
      };
    },
    capture: async () => null,
    async run(work) {
      host.dialect;
      assertTakesNothingKept(await deletionClosure(host, [uid], work.signal), `user "${name}"`);
      await remove(work, { ...target, propagationPolicy: 'Background' });
      await waitGone(work, target, userLimitMs);
      return leftovers(work.signal);
    },
    needs: { verify: [...toListAll(host), ...toWatch(host, resource)] },
    verify: (work) => waitGone(work, target, userLimitMs),
    async compensate() {
      throw new FederationError(
        'UNSUPPORTED',
        `${host.name}: user "${name}" cannot come back as it was: its password, bindings and UID are gone. Create it anew.`,
      );
    },
  };
}
