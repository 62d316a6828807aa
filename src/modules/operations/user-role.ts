import { FederationError } from '../../errors.ts';
import type { Resource } from '../../kube/objects.ts';
import { core, type RoleBinding } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { managedLabel, roleTemplateLabel, userLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import type { CallOptions } from '../../types.ts';
import { findMade, refOf } from '../changes.ts';
import { some } from '../closure.ts';
import type { Operation } from '../operation.ts';
import { type RememberedMeta, rememberMeta } from '../remembered.ts';
import { type Right, toWatch } from '../rights.ts';
import { create, remove, type Work, waitFor, waitGone } from '../work.ts';
import { assertAnotherAdmin, platformAdmin } from './platform-admins.ts';
import { removeOriginal } from './remove-original.ts';

/** Where a user has one role: the platform, or one cluster. */
export interface RoleLevel {
  readonly cluster: KubeSphereCluster;
  readonly roles: Resource;
  readonly bindings: Resource<RoleBinding>;
  /** `apiGroup` of the reference to the role. */
  readonly group: string;
  /** For messages: "the platform", "cluster m". */
  readonly where: string;
  /** A member, whose users are copies; or should be. */
  readonly ofMember?: boolean;
}

const rbac = 'rbac.authorization.k8s.io';
const limitMs = 60_000;

/** The platform: GlobalRoles and their bindings, on the host. */
export const platformLevel = (cluster: KubeSphereCluster): RoleLevel => ({
  cluster,
  roles: kubesphere.globalRoles,
  bindings: kubesphere.globalRoleBindings,
  group: 'iam.kubesphere.io',
  where: 'the platform',
});

/** One cluster of a host's: ClusterRoles and their bindings, there. */
export const clusterLevel = (cluster: KubeSphereCluster, host: KubeSphereCluster): RoleLevel => ({
  cluster,
  roles: core.clusterRoles,
  bindings: core.clusterRoleBindings,
  group: rbac,
  where: `cluster ${cluster.name}`,
  ofMember: cluster.uid !== host.uid,
});

const isPlatform = ({ bindings }: RoleLevel): boolean => bindings === kubesphere.globalRoleBindings;
const isUser = (user: string) => (binding: RoleBinding) =>
  (binding.subjects ?? []).some(({ kind, name }) => kind === 'User' && name === user);

/**
 * Names of the roles that can be given to a user on a level. Of the platform: all but the templates that roles are built of, and those
 * that groups have by themselves. Of a cluster: KubeSphere's first, then those of other programs, without Kubernetes' own.
 */
export async function rolesOf(level: RoleLevel, call: CallOptions): Promise<readonly string[]> {
  const { connection } = level.cluster;
  const found = await connection.listMetadata(level.roles, call).toArray();
  const names = found
    .filter(({ metadata }) => !(roleTemplateLabel in (metadata.labels ?? {})))
    .map(({ metadata }) => metadata.name);
  if (!isPlatform(level)) {
    const given = names.filter((name) => !name.startsWith('system:'));
    const ours = (name: string): boolean => name.startsWith('cluster-');
    return [...given.filter(ours), ...given.filter((name) => !ours(name))];
  }
  const ofGroups = new Set<string>();
  for await (const { roleRef, subjects = [] } of connection.list(level.bindings, call))
    if (subjects.some(({ kind }) => kind === 'Group')) ofGroups.add(roleRef.name);
  return names.filter((name) => !ofGroups.has(name));
}

/**
 * What gives a user roles on a level. Of a cluster only what KubeSphere made, which bears the user's label: other bindings are other
 * people's business.
 */
export async function bindingsOf(level: RoleLevel, user: string, call: CallOptions): Promise<readonly RoleBinding[]> {
  const { connection } = level.cluster;
  const found = await connection
    .list(level.bindings, { ...call, ...(isPlatform(level) ? {} : { labelSelector: `${userLabel}=${user}` }) })
    .toArray();
  return found.filter(isUser(user));
}

/** Gives a user a role, as KubeSphere's API does (am.go:389, 667): binding `<user>-<role>` with the label of the user. */
export function giveRole(level: RoleLevel, user: string, role: string): Operation<null, void> {
  const { cluster, bindings, roles, group, where } = level;
  const name = `${user}-${role}`;
  const gives = (binding: RoleBinding | undefined): boolean =>
    binding !== undefined && binding.roleRef.name === role && isUser(user)(binding);
  return {
    async forecast({ signal }) {
      const known = await rolesOf(level, { signal });
      if (!known.includes(role))
        throw new FederationError(
          'NOT_FOUND',
          `${cluster.name}: there is no role "${role}" to give on ${where}; there are ${some(known)}. Nothing was changed.`,
        );
      const stranger =
        level.ofMember === true
          ? await cluster.connection.find(kubesphere.users, { name: user }, { signal })
          : undefined;
      if (stranger?.metadata.labels?.[managedLabel] === 'false')
        return {
          effect: 'blocked',
          why: `${cluster.name} has a user "${user}" of its own, labelled ${managedLabel}=false, with a password of its own: the role would be that account's.`,
          remedy: "See federation.users.syncStatus; once the account there is a copy of the host's, grant again.",
        };
      const existing = await cluster.connection.find(bindings, { name }, { signal });
      if (gives(existing) || (await bindingsOf(level, user, { signal })).some(gives))
        return { effect: 'none', why: `user "${user}" has role ${role} on ${where} already`, out: undefined };
      if (existing !== undefined)
        return {
          effect: 'blocked',
          why: `${cluster.name}: ${bindings.kind} "${name}" is there and gives something else (role ${existing.roleRef.name}).`,
          remedy: 'Find out who made it, and delete or rename it.',
        };
      return {
        effect: 'change',
        changes: [
          {
            verb: 'create',
            resource: refOf(cluster.name, bindings, { name }),
            before: null,
            after: { '/roleRef/name': role },
          },
        ],
      };
    },
    capture: async () => null,
    async run(work) {
      cluster.dialect;
      await create(work, cluster, bindings, {
        metadata: { name, labels: { [userLabel]: user } },
        subjects: [{ kind: 'User', apiGroup: rbac, name: user }],
        roleRef: { apiGroup: group, kind: roles.kind, name: role },
      });
    },
    needs: { verify: toWatch(cluster, bindings), compensate: toRemove(level) },
    async verify({ signal }) {
      await waitFor(signal, {
        cluster,
        resource: bindings,
        select: { fieldSelector: `metadata.name=${name}` },
        test: (objects) => gives(objects.get(name)) || undefined,
        what: `role ${role} of user "${user}"`,
        timeoutMs: limitMs,
      });
    },
    async compensate(work) {
      const made = await findMade(work, { cluster, resource: bindings, name: { name } });
      if (made === undefined) return;
      await removeBinding(work, level, { name, uid: made.metadata.uid, role });
    },
  };
}

const toRemove = (level: RoleLevel): readonly Right[] =>
  toWatch(level.cluster, level.bindings, ...(isPlatform(level) ? [kubesphere.federatedGlobalRoleBindings] : []));

/** Those of the platform are copied to every cluster, the host's own included. */
async function removeBinding(
  work: Work,
  level: RoleLevel,
  { name, uid, role }: Pick<Taken, 'name' | 'uid' | 'role'>,
): Promise<void> {
  const { cluster, bindings } = level;
  if (!isPlatform(level))
    return remove(work, { cluster, resource: bindings, name: { name }, uid, propagationPolicy: 'Background' });
  const federated = kubesphere.federatedGlobalRoleBindings;
  const same = ({ roleRef }: RoleBinding): boolean => roleRef.name === role;
  return removeOriginal(work, { host: cluster, resource: bindings, federated, name, uid, same });
}

/** A binding, with what is needed to make it again. */
export interface Taken extends RememberedMeta {
  readonly name: string;
  readonly uid: string;
  readonly role: string;
  readonly kind: string;
  readonly group: string;
  readonly subjects: readonly { readonly kind: string; readonly name: string; readonly apiGroup?: string }[];
}

function taken(binding: RoleBinding): Taken {
  const { metadata, roleRef, subjects = [] } = binding;
  return {
    ...rememberMeta(binding),
    name: metadata.name,
    uid: metadata.uid,
    role: roleRef.name,
    kind: roleRef.kind,
    group: roleRef.apiGroup,
    subjects: subjects.map(({ kind, name, apiGroup }) => ({
      kind,
      name,
      ...(apiGroup === undefined ? {} : { apiGroup }),
    })),
  };
}

/**
 * Takes every role of a level from a user, but for `keep`. A binding that names others as well is refused: they would lose the role, too.
 */
export function takeRoles(level: RoleLevel, user: string, keep?: string): Operation<readonly Taken[], void> {
  const { cluster, bindings, where } = level;
  const others = async (signal: AbortSignal): Promise<readonly RoleBinding[]> =>
    (await bindingsOf(level, user, { signal })).filter(({ roleRef }) => roleRef.name !== keep);
  return {
    async forecast({ signal }) {
      const found = await others(signal);
      if (found.length === 0)
        return {
          effect: 'none',
          why: `user "${user}" has no ${keep === undefined ? '' : 'other '}role on ${where}`,
          out: undefined,
        };
      const shared = found.find(({ subjects = [] }) => subjects.length > 1);
      if (shared !== undefined)
        return {
          effect: 'blocked',
          why: `${cluster.name}: ${bindings.kind} "${shared.metadata.name}" names others besides user "${user}", who would lose role ${shared.roleRef.name} with it.`,
          remedy: 'Take the user out of it by hand.',
        };
      if (isPlatform(level) && found.some(({ roleRef }) => roleRef.name === platformAdmin))
        await assertAnotherAdmin(cluster, user, signal, 'take that role from');
      return {
        effect: 'change',
        changes: found.map(({ metadata, roleRef }) => ({
          verb: 'delete' as const,
          resource: refOf(cluster.name, bindings, metadata),
          before: { '/roleRef/name': roleRef.name },
          after: null,
        })),
      };
    },
    capture: async ({ signal }) => (await others(signal)).map(taken),
    async run(work, before) {
      cluster.dialect;
      for (const one of before) await removeBinding(work, level, one);
    },
    needs: { verify: toRemove(level) },
    async verify(work, before) {
      for (const { name, uid } of before)
        await waitGone(work, { cluster, resource: bindings, name: { name }, uid }, limitMs);
      const taken = new Set(before.map(({ role }) => role));
      const back = (await others(work.signal)).find(({ roleRef }) => taken.has(roleRef.name));
      if (back === undefined) return;
      throw new FederationError(
        'WORLD_MOVED',
        `${cluster.name}: role ${back.roleRef.name} on ${where} was taken from user "${user}", and somebody has given it again (${bindings.kind} "${back.metadata.name}"). It was left so. Ask who did; then take it away with another call, or leave it.`,
      );
    },
    async compensate(work, before) {
      for (const { name, labels, annotations, subjects, group, kind, role } of before) {
        if ((await cluster.connection.find(bindings, { name }, { signal: work.signal })) !== undefined) continue;
        await create(work, cluster, bindings, {
          metadata: { name, labels, annotations },
          subjects,
          roleRef: { apiGroup: group, kind, name: role },
        });
      }
    },
  };
}
