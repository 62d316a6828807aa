import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import type { Connection } from '../../kube/connection.ts';
import { core } from '../../kube/resources.ts';
import { installation, kubesphereNamespace } from '../../kubesphere/names.ts';
import { type ClusterConfiguration, kubesphere } from '../../kubesphere/resources.ts';
import { recordAt, text } from '../server/object.ts';
import type { Context } from './context.ts';
import { renderSettings, roleOf } from './settings.ts';
import { createUnlessThere, ignoring, same } from './writes.ts';

/** Minutes on a real cluster. */
const runMs = 60_000;
/** Components of the model with an entry in the status, each with its flag in the spec. */
const components = ['alerting', 'auditing', 'devops', 'events', 'logging', 'servicemesh'] as const;

const productVersion = { '3.3': 'v3.3.2', '3.4': 'v3.4.1' } as const;
const config = { namespace: kubesphereNamespace, name: installation.config };
const secret = { namespace: kubesphereNamespace, name: installation.secret };
const encoded = (value: string): string => Buffer.from(value).toString('base64');

/** ks-installer: any change of the spec of ks-installer's ClusterConfiguration makes it run, slowly, from start to end. */
export function installerController({ manager, version }: Context): void {
  const { connection } = manager;
  const configurations = manager.informer(kubesphere.clusterConfigurations, { namespace: kubesphereNamespace });
  const queue = manager.controller({
    name: 'installer',
    async reconcile(key) {
      const configuration = configurations.get(key);
      if (configuration !== undefined) await runInstaller(connection, configuration, version);
      return undefined;
    },
  });
  configurations.onChange((key, { before, after }) => {
    const done = before === undefined ? after?.status?.['core'] !== undefined : same(before.spec, after?.spec);
    if (after?.metadata.name === installation.configuration && !done) queue.addAfter(key, manager.scaled(runMs));
  });
}

/** One run of the installer: kubesphere-secret, kubesphere-config, then the status that says what is installed. */
export async function runInstaller(
  connection: Connection,
  { metadata, spec, status }: Pick<ClusterConfiguration, 'metadata' | 'spec' | 'status'>,
  version: '3.3' | '3.4',
): Promise<void> {
  const jwtSecret = await writeSecret(connection, spec.authentication?.jwtSecret ?? '');
  const data = { [installation.configKey]: renderSettings(spec, jwtSecret) };
  const present = await connection.find(core.configMaps, config);
  if (present === undefined) await connection.create(core.configMaps, { metadata: config, data });
  else await connection.patch(core.configMaps, config, { type: 'merge', body: { data } });

  const enabledTime = new Date().toISOString();
  const enabled = { status: 'enabled', enabledTime };
  const wanted = components.filter((name) => recordAt(spec, name)['enabled'] === true);
  // What is enabled already is skipped, so it keeps its time.
  const fresh = [...wanted, 'monitoring', ...(roleOf(spec) === 'host' ? ['multicluster'] : [])].filter(
    (name) => recordAt(status, name)['status'] !== 'enabled',
  );
  const coreStatus = { ...enabled, version: productVersion[version] };
  await connection.patch(
    kubesphere.clusterConfigurations,
    { namespace: kubesphereNamespace, name: metadata.name },
    {
      type: 'merge',
      body: { status: { core: coreStatus, ...Object.fromEntries(fresh.map((name) => [name, enabled])) } },
    },
  );
}

/** A secret given in the spec replaces the whole Secret on every run; without one, it is drawn once and kept. */
async function writeSecret(connection: Connection, given: string): Promise<string> {
  const present = await connection.find(core.secrets, secret);
  const kept = text(present?.data?.['secret']);
  if (given === '' && kept !== undefined) return Buffer.from(kept, 'base64').toString();
  const jwtSecret = given === '' ? randomBytes(16).toString('hex') : given;
  if (present !== undefined) {
    await ignoring(connection.delete(core.secrets, secret, { propagationPolicy: 'Background' }), 'NOT_FOUND');
  }
  await createUnlessThere(connection, core.secrets, {
    metadata: secret,
    type: 'Opaque',
    data: { secret: encoded(jwtSecret), token: encoded(randomBytes(24).toString('hex')) },
  });
  return jwtSecret;
}
