import { FederationError } from '../../errors.ts';
import type { ObjectRef } from '../../kube/objects.ts';
import type { RoleBinding, Subject } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { userLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { findMade, refOf } from '../changes.ts';
import type { Operation } from '../operation.ts';
import { type RememberedMeta, rememberMeta } from '../remembered.ts';
import { toWatch } from '../rights.ts';
import { create, type Work, waitFor } from '../work.ts';
import { removeOriginal } from './remove-original.ts';

const resource = kubesphere.workspaceRoleBindings;
const federated = kubesphere.federatedWorkspaceRoleBindings;
const limitMs = 120_000;

/** Who is to have which role of which workspace; `role` is the WorkspaceRole's full name. */
export interface WorkspaceGrant {
  readonly workspace: string;
  readonly user: string;
  readonly role: string;
}

/** Name that KubeSphere's own API gives to the binding (am.go:631). */
export const bindingName = ({ user, role }: Pick<WorkspaceGrant, 'user' | 'role'>): string => `${user}-${role}`;

async function arrived(
  work: Pick<Work, 'signal'>,
  members: readonly KubeSphereCluster[],
  name: string,
  there: boolean,
): Promise<void> {
  await Promise.all(
    members.map((cluster) =>
      waitFor(work.signal, {
        cluster,
        resource,
        select: { fieldSelector: `metadata.name=${name}` },
        test: (objects) => objects.has(name) === there || undefined,
        what: `WorkspaceRoleBinding "${name}" to ${there ? 'arrive from' : 'go with that of'} the host`,
        timeoutMs: limitMs,
      }),
    ),
  );
}

/** Gives a user a role of a workspace, on the host; kubefed copies the binding. Seen on the members given. */
export function grantWorkspaceRole(
  host: KubeSphereCluster,
  members: readonly KubeSphereCluster[],
  grant: WorkspaceGrant,
): Operation<null, void> {
  const name = bindingName(grant);
  const { workspace, user, role } = grant;
  const gives = ({ metadata, roleRef, subjects = [] }: RoleBinding): boolean =>
    roleRef.name === role &&
    subjects.some((one) => one.kind === 'User' && one.name === user) &&
    metadata.labels?.[workspaceLabel] === workspace;
  return {
    async forecast({ signal }) {
      const found = await host.connection.find(resource, { name }, { signal });
      if (found !== undefined && gives(found))
        return { effect: 'none', why: `${user} has role ${role} already`, out: undefined };
      if (found !== undefined)
        return {
          effect: 'blocked',
          why: `${host.name}: WorkspaceRoleBinding "${name}" is there and gives something else (role ${found.roleRef.name}).`,
          remedy: 'Find out who made it, and delete it.',
        };
      return {
        effect: 'change',
        changes: [{ verb: 'create', resource: refOf(host.name, resource, { name }), before: null, after: {} }],
      };
    },
    capture: async () => null,
    async run(work) {
      host.dialect;
      await create(work, host, resource, {
        metadata: { name, labels: { [userLabel]: user, [workspaceLabel]: workspace } },
        roleRef: { apiGroup: 'iam.kubesphere.io', kind: 'WorkspaceRole', name: role },
        subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
      });
    },
    needs: {
      verify: members.flatMap((member) => toWatch(member, resource)),
      compensate: toWatch(host, resource, federated),
    },
    verify: (work) => arrived(work, members, name, true),
    async compensate(work) {
      const found = await findMade(work, { cluster: host, resource, name: { name } });
      if (found === undefined) return;
      const { uid } = found.metadata;
      await removeOriginal(work, { host, resource, federated, name, uid, same: gives });
    },
  };
}

/** What {@link revokeWorkspaceRole} captures. */
export interface RevokedBinding extends RememberedMeta {
  readonly roleRef: { readonly apiGroup: string; readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly kind: string; readonly name: string; readonly apiGroup: string | null }[];
}

/** Deletes the very binding of a user to a role of a workspace, on the host. Its way back makes it again, under a new UID. */
export function revokeWorkspaceRole(
  host: KubeSphereCluster,
  members: readonly KubeSphereCluster[],
  { name, uid }: ObjectRef,
): Operation<RevokedBinding, void> {
  return {
    async forecast({ signal }) {
      const found = await host.connection.find(resource, { name }, { signal });
      if (found?.metadata.uid !== uid) return { effect: 'none', why: 'it is gone', out: undefined };
      return {
        effect: 'change',
        changes: [{ verb: 'delete', resource: refOf(host.name, resource, { name, uid }), before: {}, after: null }],
      };
    },
    async capture({ signal }) {
      const found = await host.connection.get(resource, { name }, { signal });
      const subjects = (found.subjects ?? []).map(({ kind, name, apiGroup = null }) => ({ kind, name, apiGroup }));
      return { ...rememberMeta(found), roleRef: found.roleRef, subjects };
    },
    async run(work, { roleRef: { name: role } }) {
      host.dialect;
      await removeOriginal(work, {
        host,
        resource,
        federated,
        name,
        uid,
        same: ({ roleRef }) => roleRef.name === role,
      });
    },
    needs: {
      verify: [...toWatch(host, resource, federated), ...members.flatMap((member) => toWatch(member, resource))],
    },
    async verify(work) {
      const back = await host.connection.find(resource, { name }, { signal: work.signal });
      if (back !== undefined)
        throw new FederationError(
          'WORLD_MOVED',
          `${host.name}: WorkspaceRoleBinding "${name}" was deleted, and somebody has made it again (role ${back.roleRef.name}). It was left so. Ask who did; then take it away with another call, or leave it.`,
        );
      await arrived(work, members, name, false);
    },
    async compensate(work, { labels, annotations, roleRef, subjects }) {
      if ((await host.connection.find(resource, { name }, { signal: work.signal })) !== undefined) return;
      await create(work, host, resource, {
        metadata: { name, labels, annotations },
        roleRef,
        subjects: subjects.map(({ apiGroup, ...one }): Subject => (apiGroup === null ? one : { ...one, apiGroup })),
      });
    },
  };
}
