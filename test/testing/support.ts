import { FederationError } from '../../src/errors.ts';
import type { Connection } from '../../src/kube/connection.ts';
import type { ObjectName, Resource } from '../../src/kube/objects.ts';
import { core } from '../../src/kube/resources.ts';
import {
  finalizers,
  hostClusterRole,
  hostServiceAccount,
  kubefedNamespace,
  managedLabel,
  workspaceLabel,
} from '../../src/kubesphere/names.ts';
import { type Condition, type FederatedObject, federatedKinds, kubesphere } from '../../src/kubesphere/resources.ts';
import {
  createProjects,
  createUser,
  createWorkspace,
  observeProjects,
  until,
  untilFederated,
} from '../../src/testing/index.ts';

/** A wait long enough for the slowest thing on the slowest ground. */
export const patient = { timeoutMs: 120_000, everyMs: 100 } as const;

/** Limit of one test or hook: these wait for conditions, on real control planes too. */
export const slow = { timeout: 300_000 } as const;

export const background = { propagationPolicy: 'Background' } as const;

/** A workspace of a cluster that is no host, with `count` filled projects. */
export async function localWorkspace(connection: Connection, name: string, count: number): Promise<string[]> {
  const manager = `${name}-manager`;
  await createUser(connection, { name: manager });
  await createWorkspace(connection, { name, manager });
  const names = Array.from({ length: count }, (_, index) => `${name}-${index + 1}`);
  await createProjects(connection, { workspace: name, names, creator: manager });
  return names;
}

/** Refuses DELETE of objects of one kind by name, the way the shield does; resolves once that holds. Returns how to lift it. */
export async function forbidDelete(
  connection: Connection,
  resource: Resource,
  names: readonly string[],
): Promise<() => Promise<void>> {
  const name = `keep-${resource.plural}-${names[0] ?? ''}`;
  await connection.create(core.validatingAdmissionPolicies, {
    metadata: { name },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: [resource.group],
            apiVersions: ['*'],
            operations: ['DELETE'],
            resources: [resource.plural],
          },
        ],
      },
      validations: [
        { expression: `!(request.name in ${JSON.stringify(names)})`, message: 'kept for the length of this test' },
      ],
    },
  });
  await connection.create(core.validatingAdmissionPolicyBindings, {
    metadata: { name },
    spec: { policyName: name, validationActions: ['Deny'] },
  });
  const probe: ObjectName = { name: names[0] ?? '' };
  await until(`DELETE of ${names[0]} is refused`, () => refused(connection, resource, probe), patient);
  return async () => {
    await connection.delete(core.validatingAdmissionPolicyBindings, { name }, background);
    await connection.delete(core.validatingAdmissionPolicies, { name }, background);
    await until('it is accepted again', async () => !(await refused(connection, resource, probe)), patient);
  };
}

async function refused(connection: Connection, resource: Resource, at: ObjectName): Promise<boolean> {
  try {
    await connection.delete(resource, at, { ...background, dryRun: true });
    return false;
  } catch (error) {
    if (FederationError.is(error, 'REJECTED', 'FORBIDDEN')) return true;
    if (FederationError.is(error, 'NOT_FOUND')) return false;
    throw error;
  }
}

/** The page's first step for one project: label off, then owner references emptied. */
export async function unbindAsThePageSays(connection: Connection, name: string): Promise<void> {
  const label = { metadata: { labels: { [workspaceLabel]: null } } };
  await connection.patch(core.namespaces, { name }, { type: 'merge', body: label });
  await connection.patch(core.namespaces, { name }, { type: 'merge', body: { metadata: { ownerReferences: [] } } });
}

/** Waits until an object does not exist (any more). */
export async function untilGone(connection: Connection, resource: Resource, at: ObjectName): Promise<void> {
  await until(
    `${resource.kind} ${at.name} is gone`,
    async () => (await connection.find(resource, at)) === undefined,
    patient,
  );
}

/** Waits until every named namespace is gone or going. */
export async function untilGoing(connection: Connection, names: readonly string[]): Promise<void> {
  await until(
    `${names.length} projects are gone or going`,
    async () => {
      const seen = await observeProjects(connection, names);
      return Object.values(seen).every(({ deletionTimestamp }) => deletionTimestamp !== undefined);
    },
    patient,
  );
}

/**
 * Proves that the garbage collector has dealt with an owner that is gone: a ConfigMap made now with that owner disappears.
 * Only then "it was not deleted" says anything about the others.
 */
export async function untilCollected(connection: Connection, owner: { name: string; uid: string }): Promise<void> {
  const at = { namespace: 'default', name: `canary-${owner.name}-${Math.floor(performance.now())}` };
  await connection.create(core.configMaps, {
    metadata: {
      ...at,
      ownerReferences: [{ apiVersion: 'tenant.kubesphere.io/v1alpha1', kind: 'Workspace', ...owner }],
    },
    data: {},
  });
  await untilGone(connection, core.configMaps, at);
}

/** UID of a Workspace. */
export async function workspaceUid(connection: Connection, name: string): Promise<string> {
  return (await connection.get(kubesphere.workspaces, { name })).metadata.uid;
}

/** A workspace of a host that lives on `cluster`, its manager included, arrived there, with `count` filled projects. */
export async function hostWorkspace(
  host: Connection,
  member: Connection,
  options: { readonly name: string; readonly cluster: string; readonly count: number },
): Promise<string[]> {
  const { name, cluster, count } = options;
  const manager = `${name}-manager`;
  await createUser(host, { name: manager });
  await createWorkspace(host, { name, manager, clusters: [cluster] });
  await untilFederated(host, { name: cluster, workspaces: [name] });
  const names = Array.from({ length: count }, (_, index) => `${name}-${index + 1}`);
  await createProjects(member, { workspace: name, names, creator: manager });
  return names;
}

/** Sets the clusters that a workspace lives on. */
export async function place(host: Connection, name: string, clusters: readonly string[]): Promise<void> {
  const placement = { clusters: clusters.map((cluster) => ({ name: cluster })) };
  await host.patch(kubesphere.workspaceTemplates, { name }, { type: 'merge', body: { spec: { placement } } });
}

/** Adds the flag with which a template's deletion orphans its projects. */
export async function addOrphanFlag(connection: Connection, name: string): Promise<void> {
  const { metadata } = await connection.get(kubesphere.workspaceTemplates, { name });
  const body = { metadata: { finalizers: [...(metadata.finalizers ?? []), finalizers.orphan] } };
  await connection.patch(kubesphere.workspaceTemplates, { name }, { type: 'merge', body });
}

/** Sets or (with `null`) takes off kubefed's mark. */
export async function mark(
  connection: Connection,
  resource: Resource,
  at: ObjectName,
  value: 'true' | 'false' | null,
): Promise<void> {
  const body = { metadata: { labels: { [managedLabel]: value } } };
  await connection.patch(resource, at, { type: 'merge', body });
}

/** The entry of a cluster in a federated object's status; `''` is well, `undefined` is no entry. */
export async function propagation(
  host: Connection,
  resource: Resource<FederatedObject>,
  at: ObjectName,
  cluster: string,
): Promise<string | undefined> {
  const entry = (await host.find(resource, at))?.status?.clusters?.find(({ name }) => name === cluster);
  return entry === undefined ? undefined : (entry.status ?? '');
}

/** Status of a condition. */
export function conditionOf(
  object: { readonly status?: { readonly conditions?: readonly Condition[] } } | undefined,
  type: string,
) {
  return object?.status?.conditions?.find((condition) => condition.type === type);
}

/** Shuts a host out of a member: deletes its ServiceAccount and that account's rights. */
export async function shutOut(member: Connection, cluster: string): Promise<void> {
  const role = { name: hostClusterRole(cluster) };
  const account = { namespace: kubefedNamespace, name: hostServiceAccount(cluster) };
  await member.delete(core.clusterRoleBindings, role, background);
  await member.delete(core.clusterRoles, role, background);
  const { secrets = [] } = await member.get(core.serviceAccounts, account);
  await member.delete(core.serviceAccounts, account, background);
  for (const { name } of secrets) await untilGone(member, core.secrets, { namespace: kubefedNamespace, name });
}

/** Deletes the Cluster object, which is all that unbinding a member is. */
export async function detach(host: Connection, name: string): Promise<void> {
  await host.delete(kubesphere.clusters, { name }, background);
  await untilGone(host, kubesphere.clusters, { name });
}

/** A multi-cluster project of a host, with a ConfigMap in it, on `cluster`. */
export async function createFederatedProject(
  host: Connection,
  options: { readonly name: string; readonly workspace: string; readonly cluster: string },
): Promise<void> {
  const { name, workspace, cluster } = options;
  const labels = { [workspaceLabel]: workspace };
  const placement = { clusters: [{ name: cluster }] };
  await host.create(core.namespaces, { metadata: { name, labels: { ...labels, [managedLabel]: 'false' } } });
  await host.create(kubesphere.federatedNamespaces, {
    metadata: { name, namespace: name },
    spec: { template: { metadata: { labels } }, placement },
  });
  await host.create(kubesphere.federatedConfigMaps, {
    metadata: { name: 'shared', namespace: name },
    spec: { template: { data: { from: 'host' } }, placement },
  });
}

/** Takes kubefed's mark off everything that it copies to members. */
export async function stripMarks(member: Connection): Promise<void> {
  for (const { target } of federatedKinds) {
    for await (const { metadata } of member.listMetadata(target, { labelSelector: `${managedLabel}=true` })) {
      const { namespace, name } = metadata;
      await mark(member, target, namespace === undefined ? { name } : { namespace, name }, null);
    }
  }
}
