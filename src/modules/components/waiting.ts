import { FederationError } from '../../errors.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { configzOf } from '../../kubesphere/configz.ts';
import { installation, kubesphereNamespace } from '../../kubesphere/names.ts';
import { type ClusterConfiguration, kubesphere } from '../../kubesphere/resources.ts';
import { waitFor } from '../work.ts';
import type { PluggableComponent } from './component.ts';
import { configurationAt, installedState, isWanted } from './state.ts';

/**
 * Waits until the installer is done with a component on one cluster. The installer may delete the ClusterConfiguration and make it anew: an
 * object that is gone says nothing, and the new one is followed as the former was.
 *
 * @throws FederationError `NOT_OBSERVED` when the time is over, when the component is not asked for, and when the installer, while one
 * waits, says that it failed
 */
export async function waitUntilInstalled(
  cluster: KubeSphereCluster,
  component: PluggableComponent,
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<void> {
  const end = performance.now() + timeoutMs;
  const left = (): number => Math.max(1, end - performance.now());
  const key = `${configurationAt.namespace}/${configurationAt.name}`;
  const what = `component ${component.name} to be installed`;
  let failedAtFirst: boolean | undefined;
  const asked = (configuration: ClusterConfiguration): void => {
    if (isWanted(configuration, component)) return;
    throw new FederationError(
      'NOT_OBSERVED',
      `${cluster.name}: component ${component.name} is not switched on there, and never gets ready. Enable it first.`,
    );
  };
  await waitFor(signal, {
    cluster,
    resource: kubesphere.clusterConfigurations,
    select: { namespace: configurationAt.namespace, fieldSelector: `metadata.name=${configurationAt.name}` },
    test: (objects) => {
      const now = objects.get(key);
      if (now === undefined) return undefined;
      asked(now);
      if (component.statusPath === undefined) return true;
      const state = installedState(now, component);
      // What stands there at first may be of an earlier run.
      failedAtFirst ??= state === 'failed';
      if (state !== 'failed') failedAtFirst = false;
      if (state === 'failed' && !failedAtFirst)
        throw new FederationError(
          'NOT_OBSERVED',
          `${cluster.name}: the installer says that component ${component.name} failed. See the log of ks-installer in ${kubesphereNamespace}; it runs again when the spec changes.`,
        );
      return state === 'enabled' ? true : undefined;
    },
    what,
    timeoutMs: left(),
  });
  const { configz } = component;
  if (component.statusPath !== undefined || configz === undefined) return;
  await waitFor(signal, {
    cluster,
    resource: core.configMaps,
    select: { namespace: kubesphereNamespace, fieldSelector: `metadata.name=${installation.config}` },
    test: (objects) => {
      const map = objects.get(`${kubesphereNamespace}/${installation.config}`);
      return map !== undefined && configzOf(map, cluster.name)[configz] ? true : undefined;
    },
    what,
    timeoutMs: left(),
  });
}
