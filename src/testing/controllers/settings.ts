import { parse, stringify } from 'yaml';
import { type ConfigMap, core } from '../../kube/resources.ts';
import { installation, kubesphereNamespace } from '../../kubesphere/names.ts';
import type { ClusterConfiguration } from '../../kubesphere/resources.ts';
import { isRecord, recordAt, text } from '../server/object.ts';
import type { Manager } from './runtime.ts';

/** Role of a cluster in the words of `spec.multicluster.clusterRole`. */
export type ClusterRoleName = 'none' | 'host' | 'member';

/** The role that a ClusterConfiguration asks for. */
export function roleOf(spec: ClusterConfiguration['spec']): ClusterRoleName {
  const role = spec.multicluster?.clusterRole;
  return role === 'host' || role === 'member' ? role : 'none';
}

/** `kubesphere.yaml` as the installer writes it: from its template, so that anything written by others is lost. */
export function renderSettings(spec: ClusterConfiguration['spec'], jwtSecret: string): string {
  const role = roleOf(spec);
  const hostClusterName = text(recordAt(spec, 'multicluster')['hostClusterName']) ?? 'host';
  const enabled = (name: string): boolean => recordAt(spec, name)['enabled'] === true;
  const components = ['alerting', 'auditing', 'devops', 'events', 'logging', 'servicemesh'].filter(enabled);
  return stringify({
    authentication: {
      authenticateRateLimiterMaxTries: 10,
      multipleLogin: true,
      jwtSecret,
      // Tokens that the host issued have no entry in the member's cache.
      oauthOptions: {
        ...(role === 'member' ? { accessTokenMaxAge: 0 } : {}),
        clients: [{ name: 'kubesphere', secret: 'kubesphere', redirectURIs: ['*'] }],
      },
    },
    multicluster: {
      clusterRole: role,
      ...(role === 'none' ? {} : { enable: role === 'host' }),
      ...(role === 'host' ? { hostClusterName, clusterControllerResyncPeriod: '120s' } : {}),
    },
    monitoring: { endpoint: 'http://prometheus-operated.kubesphere-monitoring-system.svc:9090' },
    ...Object.fromEntries(components.map((name) => [name, {}])),
  });
}

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
}

/** Follows kubesphere-config; `onRoleChange` is called when the cluster becomes a host or stops being one. */
export function followSettings(manager: Manager, onRoleChange: () => void): Settings {
  const configs = manager.informer(core.configMaps, {
    namespace: kubesphereNamespace,
    fieldSelector: `metadata.name=${installation.config}`,
  });
  let host: boolean | undefined;
  configs.onChange((_key, { after }) => {
    // The installer deletes nothing here, but a half-written state must not turn a host into a standalone cluster.
    if (after === undefined) return;
    const now = isHostSettings(parseSettings(after));
    if (host !== undefined && now !== host) onRoleChange();
    host = now;
  });
  return { multiCluster: () => host === true };
}
