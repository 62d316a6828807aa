import { FederationError } from '../../../errors.ts';
import { installation, kubesphereNamespace } from '../../../kubesphere/names.ts';
import { type ClusterConfiguration, kubesphere } from '../../../kubesphere/resources.ts';
import { recordAt } from '../../server/object.ts';
import type { Context } from '../context.ts';
import { named, same } from '../writes.ts';
import { productVersion, runInstaller } from './run.ts';
import { upgraded } from './upgrade.ts';

/**
 * ks-installer: any change of the spec of ks-installer's ClusterConfiguration makes it run, slowly, from start to end.
 * A run that fails half-way is not repeated: what it did stays, until somebody changes the spec again.
 */
export function installerController({ manager, version }: Context): void {
  const { connection } = manager;
  const configurations = manager.informer(kubesphere.clusterConfigurations, { namespace: kubesphereNamespace });
  const pause = (fromMs: number, toMs: number): Promise<void> => manager.pause(fromMs, toMs);

  /** Settings of a former release: the object is made anew, under another UID, and makes it run again. */
  async function renew(configuration: ClusterConfiguration, spec: object): Promise<void> {
    const { clusterId } = recordAt(configuration, 'status');
    const at = named(configuration);
    await connection.delete(kubesphere.clusterConfigurations, at, { propagationPolicy: 'Background' });
    await connection.create(kubesphere.clusterConfigurations, {
      metadata: { ...at, labels: { version: productVersion[version] } },
      spec: { ...spec },
      ...(clusterId === undefined ? {} : { status: { clusterId } }),
    });
  }

  const queue = manager.controller({
    name: 'installer',
    async reconcile(key) {
      const configuration = configurations.get(key);
      if (configuration === undefined) return undefined;
      try {
        const next = upgraded(configuration, productVersion[version]);
        if (next === undefined) await runInstaller({ connection, version, pause }, configuration);
        else await renew(configuration, next);
      } catch (error) {
        if (!FederationError.is(error)) throw error;
        if (!manager.signal.aborted) manager.log('error', `installer: the run failed: ${error.message}`);
      }
      return undefined;
    },
  });
  configurations.onChange((key, { before, after }) => {
    if (after?.metadata.name !== installation.configuration) return;
    const done =
      before === undefined ? recordAt(after, 'status', 'core')['version'] !== undefined : same(before.spec, after.spec);
    if (!done) queue.add(key);
  });
}
