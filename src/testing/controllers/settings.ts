import { parse } from 'yaml';
import { type ConfigMap, core } from '../../kube/resources.ts';
import { installation, kubesphereNamespace } from '../../kubesphere/names.ts';
import { durationMs } from '../go-duration.ts';
import { isRecord, recordAt } from '../server/object.ts';
import type { Manager } from './runtime.ts';

/** `kubesphere.yaml` of a ConfigMap kubesphere-config, parsed. */
export function parseSettings(config: ConfigMap | undefined): Record<string, unknown> {
  const parsed: unknown = parse(config?.data?.[installation.configKey] ?? '');
  return isRecord(parsed) ? parsed : {};
}

/** Whether settings are those of a host. */
function isHostSettings(settings: Record<string, unknown>): boolean {
  return recordAt(settings, 'multicluster')['enable'] === true;
}

/** What controllers ask the configuration of their own cluster while they run. */
export interface Settings {
  /** Whether this cluster is a host: `multicluster.enable`, read live. */
  multiCluster(): boolean;
  /** What a host calls itself. */
  hostClusterName(): string;
  /** How often a host looks at every Cluster, in milliseconds: `multicluster.clusterControllerResyncPeriod`, 2 minutes where it is not set. */
  clusterResyncMs(): number;
}

/** Follows kubesphere-config; `onRoleChange` is called when the cluster becomes a host or stops being one. */
export function followSettings(manager: Manager, onRoleChange: () => void): Settings {
  const configs = manager.informer(core.configMaps, {
    namespace: kubesphereNamespace,
    fieldSelector: `metadata.name=${installation.config}`,
  });
  let settings: Record<string, unknown> | undefined;
  configs.onChange((_key, { after }) => {
    // The installer deletes nothing here, but a half-written state must not turn a host into a standalone cluster.
    if (after === undefined) return;
    const before = settings;
    settings = parseSettings(after);
    if (before !== undefined && isHostSettings(before) !== isHostSettings(settings)) onRoleChange();
  });
  return {
    multiCluster: () => settings !== undefined && isHostSettings(settings),
    hostClusterName() {
      const name = recordAt(settings, 'multicluster')['hostClusterName'];
      return typeof name === 'string' && name !== '' ? name : 'host';
    },
    clusterResyncMs: () => durationMs(recordAt(settings, 'multicluster')['clusterControllerResyncPeriod'], 120_000),
  };
}
