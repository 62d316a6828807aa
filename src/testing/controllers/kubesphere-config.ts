import { stringify } from 'yaml';
import type { ClusterConfiguration } from '../../kubesphere/resources.ts';
import { recordAt, text } from '../server/object.ts';

/** Role of a cluster in the words of `spec.multicluster.clusterRole`. */
type ClusterRoleName = 'none' | 'host' | 'member';

type Spec = ClusterConfiguration['spec'];
type Section = Readonly<Record<string, unknown>>;

/** The role that a ClusterConfiguration asks for. */
export function roleOf(spec: Spec): ClusterRoleName {
  const role = spec.multicluster?.clusterRole;
  return role === 'host' || role === 'member' ? role : 'none';
}

const prometheus = 'http://prometheus-operated.kubesphere-monitoring-system.svc:9090';
const search = { host: 'http://elasticsearch-logging-data.kubesphere-logging-system.svc:9200' };

/** Sections of components that are there only where their flag is set. */
const optional: Readonly<Record<string, readonly [flag: readonly string[], section: Section]>> = {
  openpitrix: [['openpitrix', 'store'], { s3: { endpoint: 'http://minio.kubesphere-system.svc:9000' } }],
  devops: [['devops'], { host: 'http://devops-jenkins.kubesphere-devops-system.svc/' }],
  servicemesh: [['servicemesh'], { istioPilotHost: 'http://istiod.istio-system.svc:8080/version' }],
  logging: [['logging'], { ...search, indexPrefix: 'ks-logstash-log' }],
  events: [['events'], { ...search, indexPrefix: 'ks-logstash-events' }],
  auditing: [['auditing'], { enable: true, ...search, indexPrefix: 'ks-logstash-auditing' }],
  alerting: [['alerting'], { prometheusEndpoint: prometheus }],
  edgeruntime: [['edgeruntime', 'kubeedge'], { endpoint: 'http://edgeservice.kubeedge.svc/api/' }],
};

function network(spec: Spec): Section {
  const wanted = recordAt(spec, 'network');
  const policy = recordAt(wanted, 'networkpolicy')['enabled'] === true;
  const pool = text(recordAt(wanted, 'ippool')['type']);
  const mapped = text(recordAt(wanted, 'topology')['type']) === 'weave-scope';
  return {
    ...(policy ? { enableNetworkPolicy: true } : {}),
    ...(pool === undefined ? {} : { ippoolType: pool }),
    ...(mapped ? { weaveScopeHost: 'weave-scope-app.weave' } : {}),
  };
}

function multicluster(spec: Spec): Section {
  const clusterRole = roleOf(spec);
  if (clusterRole !== 'host') return { clusterRole, ...(clusterRole === 'member' ? { enable: false } : {}) };
  const wanted = recordAt(spec, 'multicluster');
  const given = ['proxyPublishAddress', 'clusterControllerResyncPeriod', 'hostClusterName'].flatMap((key) => {
    const value = text(wanted[key]) ?? '';
    return value === '' ? [] : [[key, value] as const];
  });
  return {
    clusterRole,
    enable: true,
    agentImage: 'kubesphere/tower:v0.2.1',
    proxyPublishService: 'tower.kubesphere-system.svc',
    ...Object.fromEntries(given),
  };
}

/** `kubesphere.yaml` as the installer writes it: from its template, so that anything written by others is lost. */
export function renderSettings(spec: Spec, jwtSecret: string): string {
  const sections = Object.entries(optional).flatMap(([name, [flag, section]]) =>
    recordAt(spec, ...flag)['enabled'] === true ? [[name, section] as const] : [],
  );
  return stringify({
    authentication: {
      authenticateRateLimiterMaxTries: 10,
      authenticateRateLimiterDuration: '10m0s',
      loginHistoryRetentionPeriod: '168h',
      maximumClockSkew: '10s',
      multipleLogin: true,
      jwtSecret,
      // Tokens that the host issued have no entry in the member's cache.
      oauthOptions: {
        ...(roleOf(spec) === 'member' ? { accessTokenMaxAge: 0 } : {}),
        clients: [{ name: 'kubesphere', secret: 'kubesphere', redirectURIs: ['*'] }],
      },
    },
    ...(spec['network'] === undefined ? {} : { network: network(spec) }),
    ...Object.fromEntries(sections),
    multicluster: multicluster(spec),
    monitoring: { endpoint: prometheus, enableGPUMonitoring: false },
    notification: { endpoint: 'http://notification-manager-svc.kubesphere-monitoring-system.svc:19093' },
    terminal: { timeout: recordAt(spec, 'terminal')['timeout'] ?? 600 },
    gateway: { namespace: 'kubesphere-controls-system' },
  });
}

/** Sections that the product knows; others are lost when it writes the file back. */
const known = [
  ...['devops', 'sonarQube', 'kubernetes', 'servicemesh', 'network', 'ldap', 'cache', 's3', 'openpitrix', 'monitoring'],
  ...['logging', 'authentication', 'authorization', 'multicluster', 'events', 'auditing', 'alerting', 'notification'],
  ...['kubeedge', 'edgeruntime', 'metering', 'gateway', 'gpu', 'terminal'],
];

/**
 * `kubesphere.yaml` as a host's cluster controller writes it back with the name it has for the cluster: read into the
 * product's own types and written from those, so that unknown sections are lost and unset values appear as zeros.
 */
export function withClusterName(settings: Section, clusterName: string): string {
  const authentication = recordAt(settings, 'authentication');
  const zeros = { authenticateRateLimiterMaxTries: 0, authenticateRateLimiterDuration: '0s', maximumClockSkew: '0s' };
  const times = { accessTokenMaxAge: '0s', accessTokenInactivityTimeout: '0s' };
  const written = {
    ...settings,
    authentication: {
      ...{ ...zeros, loginHistoryRetentionPeriod: '0s', multipleLogin: false, jwtSecret: '', kubectlImage: '' },
      ...authentication,
      oauthOptions: { ...times, ...recordAt(authentication, 'oauthOptions') },
    },
    multicluster: { enable: false, ...recordAt(settings, 'multicluster'), clusterName },
  };
  return stringify(Object.fromEntries(Object.entries(written).filter(([name]) => known.includes(name))));
}
