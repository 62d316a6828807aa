import type { Connection } from '../../../kube/connection.ts';
import { core } from '../../../kube/resources.ts';
import {
  installation,
  kubefedNamespace,
  kubesphereNamespace,
  systemNamespaces,
  systemWorkspace,
  workspaceLabel,
} from '../../../kubesphere/names.ts';
import { type ClusterConfiguration, kubesphere } from '../../../kubesphere/resources.ts';
import type { SandboxVersion } from '../../attach.ts';
import { installKubefedDefinitions } from '../../crds.ts';
import { recordAt, text } from '../../server/object.ts';
import { renderSettings } from '../kubesphere-config.ts';
import { createUnlessThere, ignoring } from '../writes.ts';
import { writeAdmin } from './admin.ts';
import { writeSecret } from './secret.ts';
import { wantedAfter, wantedBefore } from './wanted.ts';

/** What `status.core.version` says of each version line. */
export const productVersion = { '3.3': 'v3.3.2', '3.4': 'v3.4.1' } as const;
/** The Deployment that is kubefed, in {@link kubefedNamespace}: where it is, kubefed runs, whatever the role is now. */
export const kubefedDeployment = 'kubefed-controller-manager';

const created = ['kubesphere-controls-system', 'kubesphere-monitoring-system', 'kubesphere-monitoring-federated'];
const configurationAt = { namespace: kubesphereNamespace, name: installation.configuration };

/** Where and how a run of the installer takes place. */
interface InstallerRun {
  readonly connection: Connection;
  readonly version: SandboxVersion;
  /** Lets a piece of work take its time. */
  readonly pause: (fromMs: number, toMs: number) => Promise<void>;
}

/**
 * One run of the installer, in the order of its playbooks: what others stand on, ks-core with kubesphere-secret and the User
 * `admin`, the components all at once, kubesphere-config, and last `status.core.version`. What is enabled already is skipped, and nothing is ever removed:
 * a host that became a member keeps kubefed.
 */
export async function runInstaller(run: InstallerRun, configuration: ClusterConfiguration): Promise<void> {
  const { connection, version, pause } = run;
  const { spec } = configuration;
  await pause(30_000, 60_000);
  await labelNamespaces(connection);
  for (const path of wantedBefore(configuration, version)) {
    await pause(5_000, 10_000);
    await writeEnabled(connection, path);
  }
  const jwtSecret = await writeSecret(connection, spec.authentication?.jwtSecret ?? '');
  await writeAdmin(connection, text(recordAt(spec, 'authentication')['adminPassword']));
  for (const name of ['ks-apiserver', 'ks-controller-manager'])
    await installDeployment(connection, kubesphereNamespace, name);
  await Promise.all(
    wantedAfter(configuration).map(async (paths) => {
      await pause(20_000, 40_000);
      if (paths[0]?.[0] === 'multicluster') await installKubefed(run);
      for (const path of paths) await writeEnabled(connection, path);
    }),
  );
  await writeSettings(connection, renderSettings(spec, jwtSecret));
  await pause(10_000, 20_000);
  await writeStatus(connection, { core: { ...enabledNow(), version: productVersion[version] } });
}

const enabledNow = () => ({ status: 'enabled', enabledTime: new Date().toISOString() });

/** Leaves alone what else stands at the path. */
function writeEnabled(connection: Connection, path: readonly string[]): Promise<unknown> {
  const entry: object = enabledNow();
  return writeStatus(
    connection,
    path.reduceRight((value, key) => ({ [key]: value }), entry),
  );
}

function writeStatus(connection: Connection, status: object): Promise<unknown> {
  return connection.patch(kubesphere.clusterConfigurations, configurationAt, { type: 'merge', body: { status } });
}

/** From its template, so that anything written by others is lost. */
async function writeSettings(connection: Connection, text: string): Promise<void> {
  const at = { namespace: kubesphereNamespace, name: installation.config };
  const data = { [installation.configKey]: text };
  const present = await connection.find(core.configMaps, at);
  if (present === undefined) await createUnlessThere(connection, core.configMaps, { metadata: at, data });
  else await connection.patch(core.configMaps, at, { type: 'merge', body: { data } });
}

/** System namespaces belong to system-workspace; a label that is there is never overwritten. */
async function labelNamespaces(connection: Connection): Promise<void> {
  const labels = { [workspaceLabel]: systemWorkspace };
  for (const name of [kubesphereNamespace, ...created])
    await createUnlessThere(connection, core.namespaces, { metadata: { name, labels } });
  for await (const { metadata } of connection.listMetadata(core.namespaces)) {
    const { name, labels: present } = metadata;
    if (name === kubefedNamespace || !systemNamespaces.has(name) || present?.[workspaceLabel] !== undefined) continue;
    await ignoring(
      connection.patch(core.namespaces, { name }, { type: 'merge', body: { metadata: { labels } } }),
      'NOT_FOUND',
    );
  }
}

/** What a host alone gets: kubefed with its kinds, and tower. */
async function installKubefed({ connection, version }: InstallerRun): Promise<void> {
  const labels = { [workspaceLabel]: systemWorkspace };
  await createUnlessThere(connection, core.namespaces, { metadata: { name: kubefedNamespace, labels } });
  // Here, and only here, a label that is there is overwritten.
  const body = { metadata: { labels } };
  await connection.patch(core.namespaces, { name: kubefedNamespace }, { type: 'merge', body });
  await installKubefedDefinitions(connection, version);
  await installDeployment(connection, kubesphereNamespace, 'tower');
  await installDeployment(connection, kubefedNamespace, kubefedDeployment);
}

/** A Deployment that says it is available; where pods run, the image decides. */
async function installDeployment(connection: Connection, namespace: string, name: string): Promise<void> {
  const at = { namespace, name };
  if ((await connection.find(core.deployments, at)) !== undefined) return;
  const labels = { app: name };
  await createUnlessThere(connection, core.deployments, {
    metadata: { ...at, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name, image: `kubesphere/${name}:sandbox` }] } },
    },
  });
  const status = { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 };
  await connection.patch(core.deployments, at, { type: 'merge', body: { status } }, { subresource: 'status' });
}
