import { FederationError } from '../errors.ts';
import { sleep } from '../internal/signal.ts';
import type { Connection } from '../kube/connection.ts';
import type { KubeObject, NewObject, Resource } from '../kube/objects.ts';
import { core, type Untyped } from '../kube/resources.ts';
import { kubesphere } from '../kubesphere/resources.ts';
import type { SandboxRole, SandboxVersion } from './attach.ts';
import { createUnlessThere } from './controllers/writes.ts';
import { extra, installedKinds, kubefedKinds } from './kinds.ts';
import { recordsAt } from './server/object.ts';

/** Cluster has none in 3.x, nor have User and the roles: their controllers write status with a plain update. */
const withStatusSubresource: ReadonlySet<string> = new Set([
  kubesphere.kubeFedClusters.kind,
  kubesphere.helmReleases.kind,
  kubesphere.helmApplications.kind,
  kubesphere.helmRepos.kind,
  kubesphere.resourceQuotas.kind,
  extra.applications.kind,
  extra.gateways.kind,
  extra.helmApplicationVersions.kind,
  extra.helmCategories.kind,
  extra.ipPools.kind,
]);

/** The CustomResourceDefinition of one of KubeSphere's kinds: name, scope and subresources as shipped, schema open. */
function definitionOf(resource: Resource): NewObject<Untyped> {
  const { group, version, kind, plural, namespaced } = resource;
  const status = group === kubesphere.federatedUsers.group || withStatusSubresource.has(kind);
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  // Kubernetes wants to know who allowed a group under its own name.
  const approved = 'unapproved, of kubernetes-sigs/application';
  const annotations = group.endsWith('.k8s.io') ? { 'api-approved.kubernetes.io': approved } : {};
  return {
    metadata: { name: nameOf(resource), annotations },
    spec: {
      group,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        { name: version, served: true, storage: true, schema, ...(status ? { subresources: { status: {} } } : {}) },
      ],
    },
  };
}

/** Options of {@link installDefinitions}. */
export interface DefinitionsOptions {
  /** Kubefed and its kinds come with a host alone. @defaultValue 'host' */
  readonly role?: SandboxRole;
  /** @defaultValue '3.3' */
  readonly version?: SandboxVersion;
}

/** Creates the definitions that an installation of KubeSphere brings and that are not there yet, and waits until they are served. */
export async function installDefinitions(
  connection: Connection,
  { role = 'host', version = '3.3' }: DefinitionsOptions = {},
): Promise<void> {
  await define(connection, [...installedKinds(version), ...(role === 'host' ? kubefedKinds(version) : [])]);
}

/** Creates what kubefed's chart brings, and waits until it is served. */
export function installKubefedDefinitions(connection: Connection, version: SandboxVersion): Promise<void> {
  return define(connection, kubefedKinds(version));
}

async function define(connection: Connection, resources: readonly Resource[]): Promise<void> {
  const present = new Set<string>();
  for await (const { metadata } of connection.listMetadata(core.customResourceDefinitions)) present.add(metadata.name);
  const missing = resources.filter((resource) => !present.has(nameOf(resource)));
  await Promise.all(
    missing.map((resource) => createUnlessThere(connection, core.customResourceDefinitions, definitionOf(resource))),
  );
  let waiting: readonly Resource[] = missing;
  for (let attempt = 0; attempt < 600 && waiting.length > 0; attempt++) {
    if (attempt > 0) await sleep(100);
    const established = await establishedNames(connection);
    const served = await Promise.all(
      waiting.map(async (resource) => established.has(nameOf(resource)) && (await answers(connection, resource))),
    );
    waiting = waiting.filter((_resource, index) => served[index] !== true);
  }
  const [late] = waiting;
  if (late === undefined) return;
  throw new FederationError(
    'NOT_OBSERVED',
    `${connection.cluster} does not serve ${nameOf(late)} a minute after its creation.`,
  );
}

const nameOf = ({ plural, group }: Resource): string => `${plural}.${group}`;

async function establishedNames(connection: Connection): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for await (const definition of connection.list(core.customResourceDefinitions)) {
    const conditions = recordsAt(definition, 'status', 'conditions');
    if (conditions.some(({ type, status }) => type === 'Established' && status === 'True'))
      names.add(definition.metadata.name);
  }
  return names;
}

/** A definition is Established a moment before its first list succeeds. */
async function answers(connection: Connection, resource: Resource<KubeObject>): Promise<boolean> {
  try {
    for await (const _page of connection.list(resource, { limit: 1, retry: false }).pages()) break;
    return true;
  } catch (error) {
    if (FederationError.is(error, 'NOT_FOUND', 'SERVER_ERROR', 'RATE_LIMITED')) return false;
    throw error;
  }
}
