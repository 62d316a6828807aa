import { randomBytes } from 'node:crypto';
import type { Connection } from '../kube/connection.ts';
import { core, defineResource } from '../kube/resources.ts';
import { installation, kubesphereNamespace, managedLabel, systemWorkspace } from '../kubesphere/names.ts';
import { kubesphere } from '../kubesphere/resources.ts';
import type { SandboxRole, SandboxVersion } from './attach.ts';
import { hostCluster } from './controllers/host-cluster.ts';
import { productVersion, runInstaller } from './controllers/installer/run.ts';
import { components } from './controllers/installer/wanted.ts';
import { builtInRoleBases } from './controllers/role-bases.ts';
import { createUnlessThere } from './controllers/writes.ts';
import { installDefinitions } from './crds.ts';
import { builtInGlobalRoleBindings, builtInGlobalRoles, everything } from './gateway/global-roles.ts';

/** Options of {@link installKubeSphere}. */
export interface InstallOptions {
  readonly role: SandboxRole;
  /** @defaultValue '3.3' */
  readonly version?: SandboxVersion;
  /** Written into the ClusterConfiguration; empty draws one. @defaultValue a random one */
  readonly jwtSecret?: string;
  /**
   * Of the User `admin`: written into the ClusterConfiguration, and by the first run into kubesphere-secret, as
   * `initAdminPassword`; empty draws one. @defaultValue `P@88w0rd`, which is written nowhere
   */
  readonly adminPassword?: string;
  /** What a host calls itself. @defaultValue 'host' */
  readonly hostClusterName?: string;
  /** How often a host looks at every Cluster: `multicluster.clusterControllerResyncPeriod`. @defaultValue the product's, 120000 */
  readonly clusterResyncMs?: number;
  /** How a host reaches itself: text of a kubeconfig. Required for a host, whose own Cluster object stores it. */
  readonly kubeconfig?: string;
}

/** What others stand on, as each version's own ClusterConfiguration has it. */
const commonOf = {
  '3.3': { redis: { enabled: false }, openldap: { enabled: false } },
  '3.4': {
    redis: { enabled: false },
    openldap: { enabled: false },
    es: { enabled: false },
    opensearch: { enabled: true },
  },
} as const;

const nodes = defineResource({ version: 'v1', kind: 'Node', plural: 'nodes' });

/**
 * Leaves an API server as an installation of KubeSphere 3.x leaves it, without workloads: definitions, namespaces,
 * configuration, built-in roles, system-workspace, the admin user, and on a host its own Cluster
 * object. Repeating it changes nothing but the configuration.
 */
export async function installKubeSphere(connection: Connection, options: InstallOptions): Promise<void> {
  const { role, version = '3.3' } = options;
  await installDefinitions(connection, { role, version });
  await installNode(connection);
  await createUnlessThere(connection, core.namespaces, { metadata: { name: kubesphereNamespace } });
  await installConfiguration(connection, options);
  await installRoles(connection);
  await installAccounts(connection);
  if (role === 'host' && options.kubeconfig !== undefined) {
    await createUnlessThere(
      connection,
      kubesphere.clusters,
      hostCluster(options.hostClusterName ?? 'host', options.kubeconfig),
    );
  }
}

/** Writes the installer's configuration and runs it once: what two installations of the same kind differ in. */
export async function installConfiguration(
  connection: Connection,
  {
    role,
    version = '3.3',
    jwtSecret = randomBytes(16).toString('hex'),
    adminPassword,
    hostClusterName,
    clusterResyncMs,
  }: InstallOptions,
): Promise<void> {
  const name = installation.configuration;
  await createUnlessThere(connection, kubesphere.clusterConfigurations, {
    metadata: { name, namespace: kubesphereNamespace, labels: { version: productVersion[version] } },
    spec: {
      authentication: { jwtSecret, ...(adminPassword === undefined ? {} : { adminPassword }) },
      common: commonOf[version],
      multicluster: {
        clusterRole: role === 'standalone' ? 'none' : role,
        ...(hostClusterName === undefined ? {} : { hostClusterName }),
        ...(clusterResyncMs === undefined ? {} : { clusterControllerResyncPeriod: `${clusterResyncMs}ms` }),
      },
      ...Object.fromEntries(components.map((key) => [key, { enabled: false }])),
      servicemesh: { enabled: false, istio: {} },
      network: { networkpolicy: { enabled: false }, ippool: { type: 'none' }, topology: { type: 'none' } },
      openpitrix: { store: { enabled: false } },
      terminal: { timeout: 600 },
    },
  });
  const at = { namespace: kubesphereNamespace, name };
  const run = { connection, version, pause: async () => {} };
  await runInstaller(run, await connection.get(kubesphere.clusterConfigurations, at));
}

async function installRoles(connection: Connection): Promise<void> {
  for (const { name, scope, role } of builtInRoleBases()) {
    await createUnlessThere(connection, kubesphere.roleBases, {
      metadata: { name, labels: { [scope]: '' } },
      ...{ role },
    });
  }
  for (const [name, rules] of Object.entries(builtInGlobalRoles))
    await createUnlessThere(connection, kubesphere.globalRoles, { metadata: { name }, ...{ rules } });
  await createUnlessThere(connection, core.clusterRoles, { metadata: { name: 'cluster-admin' }, rules: everything });
  await createUnlessThere(connection, core.clusterRoles, {
    metadata: { name: 'cluster-viewer' },
    rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] }],
  });
}

async function installAccounts(connection: Connection): Promise<void> {
  const labels = { [managedLabel]: 'false' };
  await createUnlessThere(connection, kubesphere.workspaceTemplates, {
    metadata: { name: systemWorkspace, labels },
    spec: { template: { spec: { manager: 'admin' } }, placement: { clusterSelector: {} } },
  });
  await createUnlessThere(connection, kubesphere.workspaces, {
    metadata: { name: systemWorkspace, labels },
    spec: { manager: 'admin' },
  });
  for (const { name, role, subject } of builtInGlobalRoleBindings) {
    await createUnlessThere(connection, kubesphere.globalRoleBindings, {
      metadata: { name },
      roleRef: { apiGroup: 'iam.kubesphere.io', kind: 'GlobalRole', name: role },
      subjects: [subject],
    });
  }
}

/** One node: what the cluster controller counts, and tells a host from its members by. */
async function installNode(connection: Connection): Promise<void> {
  const at = { name: 'node1' };
  await createUnlessThere(connection, nodes, { metadata: at });
  const status = { nodeInfo: { machineID: randomBytes(16).toString('hex') } };
  await connection.patch(nodes, at, { type: 'merge', body: { status } }, { subresource: 'status' });
}
