import { Buffer } from 'node:buffer';
import type { Connection } from '../kube/connection.ts';
import { core } from '../kube/resources.ts';
import { creatorAnnotation, workspaceLabel } from '../kubesphere/names.ts';
import { kubesphere } from '../kubesphere/resources.ts';
import { createUnlessThere } from './controllers/writes.ts';
import { eachOf } from './each-of.ts';
import { until } from './until.ts';

/** Requests under way at once while seeding. */
const concurrency = 16;

/** A user as {@link createUser} makes it. */
export interface SeedUser {
  readonly name: string;
  /** @defaultValue `<name>@example.com` */
  readonly email?: string;
  /** Plain text; KubeSphere hashes it. @defaultValue `P@88w0rd` */
  readonly password?: string;
}

/** A workspace as {@link createWorkspace} makes it. */
export interface SeedWorkspace {
  readonly name: string;
  /** User who becomes its administrator. */
  readonly manager: string;
  /** Clusters it lives on; only a host looks at them. @defaultValue none */
  readonly clusters?: readonly string[];
}

/** Projects as {@link createProjects} makes them. */
export interface SeedProjects {
  readonly workspace: string;
  readonly names: readonly string[];
  /** User in the creator annotation, who becomes admin of each project. */
  readonly creator: string;
}

/** Creates a user, and waits until KubeSphere has hashed the password. */
export async function createUser(connection: Connection, { name, email, password }: SeedUser): Promise<void> {
  await createUnlessThere(connection, kubesphere.users, {
    metadata: { name },
    spec: { email: email ?? `${name}@example.com`, password: password ?? 'P@88w0rd' },
  });
  await until(`the password of user ${name} is hashed`, async () => {
    const user = await connection.get(kubesphere.users, { name });
    return user.spec.password?.startsWith('$2') === true;
  });
}

/**
 * Creates a WorkspaceTemplate, or places one that is there on these clusters too; on a cluster that is no host it waits for the
 * Workspace, on a host for the federated one.
 */
export async function createWorkspace(
  connection: Connection,
  { name, manager, clusters = [] }: SeedWorkspace,
): Promise<void> {
  await createUnlessThere(connection, kubesphere.workspaceTemplates, {
    metadata: { name, annotations: { [creatorAnnotation]: manager } },
    spec: {
      template: { spec: { manager } },
      placement: { clusters: clusters.map((cluster) => ({ name: cluster })) },
    },
  });
  await placeAlso(connection, name, clusters);
  await until(`workspace ${name} is set up`, async () => {
    const binding = await connection.find(kubesphere.workspaceRoleBindings, { name: `${name}-admin` });
    const workspace =
      (await connection.find(kubesphere.workspaces, { name })) ??
      (await connection.find(kubesphere.federatedWorkspaces, { name }));
    return binding !== undefined && workspace !== undefined;
  });
}

/** Adds clusters to the placement of a workspace; one that is placed by a selector is left as it is. */
async function placeAlso(connection: Connection, name: string, clusters: readonly string[]): Promise<void> {
  const { metadata, spec } = await connection.get(kubesphere.workspaceTemplates, { name });
  const placed = spec.placement?.clusters;
  const missing = clusters.filter((cluster) => placed?.some((one) => one.name === cluster) === false);
  if (placed === undefined || missing.length === 0) return;
  const body = { spec: { placement: { clusters: [...placed, ...missing.map((cluster) => ({ name: cluster }))] } } };
  const { uid, resourceVersion } = metadata;
  await connection.patch(kubesphere.workspaceTemplates, { name }, { type: 'merge', body }, { uid, resourceVersion });
}

/**
 * Creates projects the way people fill them: each with a Deployment, a PersistentVolumeClaim, a Secret, a ConfigMap and
 * a RoleBinding. Waits until every one belongs to the cluster's Workspace and has its built-in roles.
 */
export async function createProjects(
  connection: Connection,
  { workspace, names, creator }: SeedProjects,
): Promise<void> {
  await eachOf(names, concurrency, async (name) => {
    await createUnlessThere(connection, core.namespaces, {
      metadata: {
        name,
        labels: { [workspaceLabel]: workspace },
        annotations: { [creatorAnnotation]: creator, 'kubesphere.io/description': `Project ${name} of ${workspace}` },
      },
    });
    await fill(connection, name, creator);
  });
  await until(
    `the ${names.length} projects of ${workspace} are bound`,
    async () => {
      const owner = (await connection.get(kubesphere.workspaces, { name: workspace })).metadata.uid;
      const bound = new Set<string>();
      for await (const { metadata } of connection.list(core.namespaces, {
        labelSelector: `${workspaceLabel}=${workspace}`,
      })) {
        if (metadata.ownerReferences?.some(({ uid }) => uid === owner)) bound.add(metadata.name);
      }
      if (!names.every((name) => bound.has(name))) return false;
      const viewers = await connection.list(core.roles, { fieldSelector: 'metadata.name=viewer' }).toArray();
      const ready = new Set(viewers.map(({ metadata }) => metadata.namespace));
      return names.every((name) => ready.has(name));
    },
    { timeoutMs: 300_000, everyMs: 100 },
  );
}

async function fill(connection: Connection, namespace: string, creator: string): Promise<void> {
  const labels = { app: 'web' };
  const at = (name: string) => ({ name, namespace, labels });
  const rbac = 'rbac.authorization.k8s.io';
  await Promise.all([
    createUnlessThere(connection, core.deployments, {
      metadata: at('web'),
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'nginx:1.27' }] } },
      },
    }),
    createUnlessThere(connection, core.persistentVolumeClaims, {
      metadata: at('data'),
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    }),
    createUnlessThere(connection, core.secrets, {
      metadata: at('credentials'),
      type: 'Opaque',
      data: { user: Buffer.from(creator).toString('base64') },
    }),
    createUnlessThere(connection, core.configMaps, { metadata: at('settings'), data: { project: namespace } }),
    createUnlessThere(connection, core.roleBindings, {
      metadata: at('auditor-viewer'),
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'viewer' },
      subjects: [{ apiGroup: rbac, kind: 'User', name: 'auditor' }],
    }),
  ]);
}
