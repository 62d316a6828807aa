import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import type { Connection } from '../kube/connection.ts';
import { core } from '../kube/resources.ts';
import {
  hostLabel,
  installation,
  kubefedNamespace,
  kubesphereNamespace,
  managedLabel,
  systemNamespaces,
  systemWorkspace,
  workspaceLabel,
} from '../kubesphere/names.ts';
import { kubesphere } from '../kubesphere/resources.ts';
import type { SandboxRole, SandboxVersion } from './attach.ts';
import { runInstaller } from './controllers/installer.ts';
import { builtInRoleBases } from './controllers/role-bases.ts';
import { createUnlessThere } from './controllers/writes.ts';
import { installDefinitions } from './crds.ts';

/** Options of {@link installKubeSphere}. */
export interface InstallOptions {
  readonly role: SandboxRole;
  /** @defaultValue '3.3' */
  readonly version?: SandboxVersion;
  /** Written into the ClusterConfiguration; empty draws one. @defaultValue a random one */
  readonly jwtSecret?: string;
  /** What a host calls itself. @defaultValue 'host' */
  readonly hostClusterName?: string;
  /** How a host reaches itself: text of a kubeconfig. Required for a host, whose own Cluster object stores it. */
  readonly kubeconfig?: string;
}

const platformRoles = ['platform-admin', 'platform-self-provisioner', 'platform-regular'];
const created = ['kubesphere-controls-system', 'kubesphere-monitoring-system', 'kubesphere-monitoring-federated'];

/**
 * Leaves an API server as an installation of KubeSphere 3.x leaves it, without workloads: definitions, namespaces,
 * configuration, built-in roles, system-workspace, the admin user (password `P@88w0rd`), and on a host its own Cluster
 * object. Repeating it changes nothing but the configuration.
 */
export async function installKubeSphere(connection: Connection, options: InstallOptions): Promise<void> {
  const { role, version = '3.3', jwtSecret = randomBytes(16).toString('hex') } = options;
  await installDefinitions(connection);
  await installNamespaces(connection, role);
  await installConfiguration(connection, { ...options, version, jwtSecret });
  await installRoles(connection);
  await installAccounts(connection);
  await Promise.all(['ks-apiserver', 'ks-controller-manager'].map((name) => installDeployment(connection, name)));
  if (role === 'host' && options.kubeconfig !== undefined) {
    await createUnlessThere(connection, kubesphere.clusters, {
      metadata: {
        name: options.hostClusterName ?? 'host',
        labels: { [hostLabel]: '', 'kubesphere.io/managed': 'true' },
      },
      spec: {
        joinFederation: true,
        enable: true,
        provider: 'kubesphere',
        connection: { type: 'direct', kubeconfig: Buffer.from(options.kubeconfig).toString('base64') },
      },
    });
  }
}

/** System namespaces belong to system-workspace; the installer never overwrites a label. */
async function installNamespaces(connection: Connection, role: SandboxRole): Promise<void> {
  const labels = { [workspaceLabel]: systemWorkspace };
  for (const name of [kubesphereNamespace, ...created, ...(role === 'host' ? [kubefedNamespace] : [])]) {
    await createUnlessThere(connection, core.namespaces, { metadata: { name, labels } });
  }
  for await (const { metadata } of connection.listMetadata(core.namespaces)) {
    const { name, labels: present } = metadata;
    if (!systemNamespaces.has(name) || present?.[workspaceLabel] !== undefined) continue;
    await connection.patch(core.namespaces, { name }, { type: 'merge', body: { metadata: { labels } } });
  }
}

async function installConfiguration(
  connection: Connection,
  { role, version, jwtSecret, hostClusterName }: InstallOptions & { readonly version: SandboxVersion },
): Promise<void> {
  const name = installation.configuration;
  await createUnlessThere(connection, kubesphere.clusterConfigurations, {
    metadata: { name, namespace: kubesphereNamespace, labels: { version: `v${version}.0` } },
    spec: {
      authentication: { jwtSecret: jwtSecret ?? '' },
      multicluster: {
        clusterRole: role === 'standalone' ? 'none' : role,
        ...(hostClusterName === undefined ? {} : { hostClusterName }),
      },
      ...Object.fromEntries(
        ['alerting', 'auditing', 'devops', 'events', 'logging', 'servicemesh'].map((key) => [key, { enabled: false }]),
      ),
    },
  });
  const at = { namespace: kubesphereNamespace, name };
  await runInstaller(connection, await connection.get(kubesphere.clusterConfigurations, at), version);
}

async function installRoles(connection: Connection): Promise<void> {
  for (const { name, scope, role } of builtInRoleBases()) {
    await createUnlessThere(connection, kubesphere.roleBases, {
      metadata: { name, labels: { [scope]: '' } },
      ...{ role },
    });
  }
  const everything = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
  for (const name of platformRoles) {
    const rules = name === 'platform-admin' ? everything : [];
    await createUnlessThere(connection, kubesphere.globalRoles, { metadata: { name }, ...{ rules } });
  }
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
  await createUnlessThere(connection, kubesphere.users, {
    metadata: { name: 'admin' },
    spec: { email: 'admin@kubesphere.io', password: 'P@88w0rd' },
  });
  await createUnlessThere(connection, kubesphere.globalRoleBindings, {
    metadata: { name: 'admin' },
    roleRef: { apiGroup: 'iam.kubesphere.io', kind: 'GlobalRole', name: 'platform-admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'admin' }],
  });
}

/** A Deployment that says it is available; where pods run, the image decides. */
async function installDeployment(connection: Connection, name: string): Promise<void> {
  const at = { namespace: kubesphereNamespace, name };
  const labels = { app: name };
  await createUnlessThere(connection, core.deployments, {
    metadata: { ...at, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name, image: `kubesphere/${name}:sandbox` }] },
      },
    },
  });
  const status = { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 };
  await connection.patch(core.deployments, at, { type: 'merge', body: { status } }, { subresource: 'status' });
}
