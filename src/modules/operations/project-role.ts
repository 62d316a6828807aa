import { FederationError } from '../../errors.ts';
import { core, type RoleBinding } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { userLabel } from '../../kubesphere/names.ts';
import { findMade, refOf } from '../changes.ts';
import type { Operation } from '../operation.ts';
import { type RememberedMeta, rememberMeta } from '../remembered.ts';
import { create, remove, type Work } from '../work.ts';

const rbac = 'rbac.authorization.k8s.io';

/** Who gets which role of a project. */
export interface ProjectRole {
  readonly namespace: string;
  readonly user: string;
  readonly role: string;
}

/** Gives a user a role of a project: the RoleBinding that KubeSphere's own API makes, `<user>-<role>` (am.go:741). */
export function giveProjectRole(
  cluster: KubeSphereCluster,
  { namespace, user, role }: ProjectRole,
): Operation<null, void> {
  const at = { namespace, name: `${user}-${role}` };
  const find = ({ signal }: Pick<Work, 'signal'>): Promise<RoleBinding | undefined> =>
    cluster.connection.find(core.roleBindings, at, { signal });
  const gives = ({ roleRef, subjects = [] }: RoleBinding): boolean =>
    roleRef.kind === 'Role' &&
    roleRef.name === role &&
    subjects.some(({ kind, name }) => kind === 'User' && name === user);
  return {
    async forecast(work) {
      const found = await find(work);
      if (found !== undefined && gives(found))
        return { effect: 'none', why: `"${user}" is ${role} already`, out: undefined };
      if (found !== undefined)
        return {
          effect: 'blocked',
          why: `${cluster.name}: RoleBinding ${namespace}/${at.name} gives something else than role "${role}" to "${user}".`,
          remedy: 'Look at who made it, and delete it or give it another name.',
        };
      return {
        effect: 'change',
        changes: [{ verb: 'create', resource: refOf(cluster.name, core.roleBindings, at), before: null, after: {} }],
      };
    },
    capture: async () => null,
    async run(work) {
      cluster.dialect;
      await create(work, cluster, core.roleBindings, {
        metadata: { ...at, labels: { [userLabel]: user } },
        roleRef: { apiGroup: rbac, kind: 'Role', name: role },
        subjects: [{ kind: 'User', apiGroup: rbac, name: user }],
      });
    },
    async verify(work) {
      const found = await find(work);
      if (found !== undefined && gives(found)) return;
      throw new FederationError(
        'NOT_OBSERVED',
        `${cluster.name}: RoleBinding ${namespace}/${at.name} was made, and is not there. Who deletes it?`,
        { retryable: true },
      );
    },
    async compensate(work) {
      const found = await findMade(work, { cluster, resource: core.roleBindings, name: at });
      if (found === undefined) return;
      const { uid } = found.metadata;
      await remove(work, { cluster, resource: core.roleBindings, name: at, uid, propagationPolicy: 'Background' });
    },
  };
}

/** A RoleBinding, pinned by UID. */
export type BindingRef = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
};

/** What {@link takeProjectRole} captures: the binding, to be made again. `null` where it is gone. */
export type BindingBefore =
  | (RememberedMeta & {
      readonly roleRef: { readonly apiGroup: string; readonly kind: string; readonly name: string };
      readonly subjects: readonly { readonly kind: string; readonly name: string; readonly apiGroup?: string }[];
    })
  | null;

/** Takes a role of a project from a user by deleting the RoleBinding, this very one. */
export function takeProjectRole(cluster: KubeSphereCluster, binding: BindingRef): Operation<BindingBefore, void> {
  const { namespace, name, uid } = binding;
  const at = { namespace, name };
  const find = async ({ signal }: Pick<Work, 'signal'>): Promise<RoleBinding | undefined> => {
    const found = await cluster.connection.find(core.roleBindings, at, { signal });
    return found?.metadata.uid === uid ? found : undefined;
  };
  return {
    async forecast(work) {
      if ((await find(work)) === undefined) return { effect: 'none', why: 'it is gone', out: undefined };
      return {
        effect: 'change',
        changes: [
          { verb: 'delete', resource: refOf(cluster.name, core.roleBindings, binding), before: {}, after: null },
        ],
      };
    },
    async capture(work) {
      const found = await find(work);
      if (found === undefined) return null;
      return { ...rememberMeta(found), roleRef: found.roleRef, subjects: found.subjects ?? [] };
    },
    async run(work) {
      cluster.dialect;
      await remove(work, { cluster, resource: core.roleBindings, name: at, uid, propagationPolicy: 'Background' });
    },
    async verify(work) {
      if ((await find(work)) === undefined) return;
      throw new FederationError(
        'NOT_OBSERVED',
        `${cluster.name}: RoleBinding ${namespace}/${name} was deleted, and is still there: what finalizer holds it?`,
        { retryable: true },
      );
    },
    async compensate(work, before) {
      if (
        before === null ||
        (await cluster.connection.find(core.roleBindings, at, { signal: work.signal })) !== undefined
      )
        return;
      const { roleRef, subjects, ...metadata } = before;
      await create(work, cluster, core.roleBindings, { metadata: { ...metadata, ...at }, roleRef, subjects });
    },
  };
}
