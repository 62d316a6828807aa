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
import { recordAt } from '../../server/object.ts';
import { renderSettings, roleOf } from '../kubesphere-config.ts';
import { createUnlessThere, ignoring } from '../writes.ts';
import { writeSecret } from './secret.ts';

/** What `status.core.version` says of each version line. */
export const productVersion = { '3.3': 'v3.3.2', '3.4': 'v3.4.1' } as const;
/** Components of the model that are enabled with `spec.NAME.enabled` and then have an entry in the status. */
export const components = ['alerting', 'auditing', 'devops', 'events', 'logging', 'servicemesh'] as const;
/** The Deployment that is kubefed, in {@link kubefedNamespace}: where it is, kubefed runs, whatever the role is now. */
export const kubefedDeployment = 'kubefed-controller-manager';

/** Components that are switched elsewhere than at `spec.NAME.enabled`, by the path of their entry in the status. */
const elsewhere: readonly (readonly [
  status: readonly string[],
  wanted: (spec: ClusterConfiguration['spec']) => boolean,
])[] = [
  [['metricsServer'], (spec) => recordAt(spec, 'metrics_server')['enabled'] === true],
  [['gatekeeper'], (spec) => recordAt(spec, 'gatekeeper')['enabled'] === true],
  [
    ['edgeruntime'],
    (spec) =>
      [recordAt(spec, 'edgeruntime'), recordAt(spec, 'edgeruntime', 'kubeedge')].every(
        (one) => one['enabled'] === true,
      ),
  ],
  [['network', 'topology'], (spec) => recordAt(spec, 'network', 'topology')['type'] === 'weave-scope'],
];

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
 * One run of the installer, in the order of its playbooks: ks-core with kubesphere-secret, the components all at once,
 * kubesphere-config, and last `status.core.version`. What is enabled already is skipped, and nothing is ever removed:
 * a host that became a member keeps kubefed.
 */
export async function runInstaller(run: InstallerRun, { spec, status }: ClusterConfiguration): Promise<void> {
  const { connection, version, pause } = run;
  await pause(30_000, 60_000);
  await labelNamespaces(connection);
  const jwtSecret = await writeSecret(connection, spec.authentication?.jwtSecret ?? '');
  for (const name of ['ks-apiserver', 'ks-controller-manager'])
    await installDeployment(connection, kubesphereNamespace, name);
  const wanted = ['monitoring', ...components.filter((name) => recordAt(spec, name)['enabled'] === true)];
  const fresh = [
    ...[...wanted, ...(roleOf(spec) === 'host' ? ['multicluster'] : [])].map((name) => [name]),
    ...elsewhere.filter(([, isWanted]) => isWanted(spec)).map(([path]) => path),
  ].filter((path) => recordAt(status, ...path)['status'] !== 'enabled');
  await Promise.all(
    fresh.map(async (path) => {
      await pause(20_000, 40_000);
      if (path[0] === 'multicluster') await installKubefed(run);
      const entry: object = { status: 'enabled', enabledTime: new Date().toISOString() };
      await writeStatus(
        connection,
        path.reduceRight((value, key) => ({ [key]: value }), entry),
      );
    }),
  );
  await writeSettings(connection, renderSettings(spec, jwtSecret));
  await pause(10_000, 20_000);
  const enabled = { status: 'enabled', enabledTime: new Date().toISOString() };
  await writeStatus(connection, { core: { ...enabled, version: productVersion[version] } });
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
