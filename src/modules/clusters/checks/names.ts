import { core, defineResource } from '../../../kube/resources.ts';
import type { KubeSphereCluster } from '../../../kubesphere/cluster.ts';
import { managedLabel, systemWorkspace, userLabel } from '../../../kubesphere/names.ts';
import { type FederatedObject, kubesphere, type Workspace } from '../../../kubesphere/resources.ts';
import { some } from '../../closure.ts';
import { keyOf, managedObjects, shownManaged } from '../managed.ts';
import type { Placed } from '../placed.ts';
import { blocks, type ClusterFinding, warns } from './finding.ts';
import type { HostView } from './host.ts';
import { type Newcomer, reaches } from './reach.ts';

/** Those of these Workspaces that are called like a workspace of a host which will be placed on the cluster, by name or by selector. */
export function workspacesReached(
  { templates }: Pick<Placed, 'templates'>,
  newcomer: Newcomer,
  live: readonly Workspace[],
): readonly Workspace[] {
  const arriving = templates.filter(({ spec }) => reaches(spec.placement, newcomer, 'possibly'));
  const names = new Set(arriving.map(({ metadata }) => metadata.name));
  return live.filter(({ metadata }) => names.has(metadata.name));
}

/** Workspaces of equal names: the host's takes the member's over, or is refused the join for it (2.4, 8.4). */
export async function checkWorkspaces(
  { host, templates }: HostView,
  newcomer: Newcomer,
  { connection }: KubeSphereCluster,
  signal: AbortSignal,
): Promise<ClusterFinding[]> {
  const { name } = newcomer;
  const names = new Set(templates.map(({ metadata }) => metadata.name));
  const equal = (await connection.list(kubesphere.workspaces, { signal }).toArray()).filter(
    ({ metadata }) => metadata.name !== systemWorkspace && names.has(metadata.name),
  );
  const placed = workspacesReached({ templates }, newcomer, equal);
  const refused = equal.filter((one) => !placed.includes(one) && one.metadata.labels?.[managedLabel] === 'true');
  const rest = equal.filter((one) => !placed.includes(one) && !refused.includes(one));
  const named = (of: readonly Workspace[]): string => some(of.map(({ metadata }) => metadata.name));
  const found: ClusterFinding[] = [];
  if (placed.length > 0)
    found.push(
      blocks(
        'WORKSPACE_NAME',
        name,
        `Workspace(s) ${named(placed)} are on ${name}, and ${host.name} has workspaces of these names placed there: it takes them over with their projects as soon as it joins. Equal names need not mean the same workspace.`,
        'If they are the same, move the member with memberMigration; else rename one, or take the cluster out of the placement.',
      ),
    );
  if (refused.length > 0)
    found.push(
      blocks(
        'WORKSPACE_CONFLICT',
        name,
        `Workspace(s) ${named(refused)} on ${name} are left from a host, and ${host.name} has workspaces of these names that are placed elsewhere: it refuses the join.`,
        'Place them on this cluster if they are the same; else move the member with memberMigration and another name for them.',
      ),
    );
  if (rest.length > 0)
    found.push(
      blocks(
        'WORKSPACE_NAME',
        name,
        `Workspace(s) ${named(rest)} are on ${name}, and ${host.name} has workspaces of these names that are not placed there: their roles, and whoever has them, go to every member and count in these.`,
        'If they are the same, accept it, and place them there; else rename one of them.',
      ),
    );
  return found;
}

/** Accounts of equal names and addresses: names are all that rights hang on (2.5, H16). */
export async function checkUsers(
  { host, users }: HostView,
  { name, connection }: KubeSphereCluster,
  signal: AbortSignal,
): Promise<ClusterFinding[]> {
  const found: ClusterFinding[] = [];
  const there = await connection.list(kubesphere.users, { signal }).toArray();
  const ours = new Map(users.map(({ metadata, spec }) => [metadata.name, spec.email]));
  const owner = new Map(users.map(({ metadata, spec }) => [spec.email, metadata.name]));
  const named = (of: readonly { readonly metadata: { readonly name: string } }[]): string =>
    some(of.map(({ metadata }) => metadata.name));
  const strangers = there.filter(
    ({ metadata, spec }) =>
      metadata.name !== 'admin' && ours.has(metadata.name) && ours.get(metadata.name) !== spec.email,
  );
  if (strangers.length > 0)
    found.push(
      blocks(
        'SAME_USER_NAME',
        name,
        `${named(strangers)}: user(s) with the same name but another e-mail on ${name} and on ${host.name}; the host's would take over the rights of the others.`,
        'Rename one of them, or correct the e-mail address if it is the same person.',
      ),
    );
  const clashing = there.filter(
    ({ metadata, spec }) => owner.has(spec.email) && owner.get(spec.email) !== metadata.name,
  );
  if (clashing.length > 0)
    found.push(
      blocks(
        'SAME_EMAIL',
        name,
        `${named(clashing)} on ${name} have the e-mail address of another user of ${host.name}: that user can never be copied there.`,
        'Delete them, or give them another address.',
      ),
    );
  const common = there.filter((user) => ours.has(user.metadata.name) && !strangers.includes(user));
  const stubborn = common.filter(({ metadata }) => metadata.labels?.[managedLabel] === 'false');
  if (stubborn.length > 0)
    found.push(
      warns(
        'USERS_KEEP',
        name,
        `${named(stubborn)} on ${name} bear ${managedLabel}=false, as on a former host: they keep their old passwords and rights there.`,
        `Take the label off them, and ${host.name} brings its own.`,
      ),
    );
  const overwritten = common.filter(({ metadata }) => metadata.labels?.[managedLabel] === undefined);
  if (overwritten.length > 0)
    found.push(
      warns(
        'OVERWRITTEN',
        name,
        `${named(overwritten)} on ${name} get the passwords and rights that they have on ${host.name}.`,
        'Save these User objects first if they may be needed again.',
      ),
    );
  const bindings = await connection
    .listMetadata(core.clusterRoleBindings, { labelSelector: userLabel, signal })
    .toArray();
  const granted = [...new Set(bindings.map(({ metadata }) => metadata.labels?.[userLabel] ?? ''))].filter(
    (user) => user !== 'admin' && ours.has(user),
  );
  if (granted.length > 0)
    found.push(
      warns(
        'STALE_RIGHTS',
        name,
        `ClusterRoleBindings on ${name} give rights over the whole cluster to ${some(granted)}, as users of ${host.name} are called, too.`,
        'Delete the bindings that those users are not to have.',
      ),
    );
  return found;
}

/** What a former host's kubefed left: the new one's deletes whatever it knows under these names and does not place there (H5). */
export async function checkLeftovers(
  { host, federatedNamespaces }: HostView,
  newcomer: Newcomer,
  member: KubeSphereCluster,
  signal: AbortSignal,
): Promise<ClusterFinding[]> {
  const left = await managedObjects(member, signal);
  if (left.length === 0) return [];
  const counts = new Map<string, number>();
  for (const { kind } of left) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const kinds = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, count]) => `${count} ${kind}`);
  const endangered: string[] = [];
  const federated = (await host.connection.resources({ signal })).filter(({ group }) => group === 'types.kubefed.io');
  const isPlaced = ({ spec }: FederatedObject): boolean => reaches(spec.placement, newcomer, 'surely');
  const namespaces = new Set(federatedNamespaces.filter(isPlaced).map(({ metadata }) => metadata.name));
  for (const kind of counts.keys()) {
    const resource = federated.find((one) => one.kind === `Federated${kind}`);
    if (resource === undefined) continue;
    const placements = new Map<string, boolean>();
    for await (const one of host.connection.list(defineResource<FederatedObject>(resource), { signal })) {
      const { metadata } = one;
      placements.set(
        kind === 'Namespace' ? metadata.name : keyOf(metadata),
        isPlaced(one) && (metadata.namespace === undefined || namespaces.has(metadata.namespace)),
      );
    }
    for (const object of left)
      if (object.kind === kind && placements.get(keyOf(object.metadata)) === false)
        endangered.push(shownManaged(object));
  }
  const remedy = `Take the label ${managedLabel} off them first, as memberMigration does.`;
  return [
    warns(
      'LEFTOVERS',
      member.name,
      `${member.name} has objects that a host's kubefed put there: ${kinds.join(', ')}.`,
      remedy,
    ),
    ...(endangered.length === 0
      ? []
      : [
          blocks(
            'LEFTOVERS_LOST',
            member.name,
            `${host.name} has federated objects of the same names that are not placed on "${member.name}": its kubefed would delete ${some(endangered)}.`,
            remedy,
          ),
        ]),
  ];
}
