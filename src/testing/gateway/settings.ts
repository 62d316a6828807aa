import { core } from '../../kube/resources.ts';
import { installation, kubesphereNamespace } from '../../kubesphere/names.ts';
import { parseSettings } from '../controllers/settings.ts';
import { durationMs } from '../go-duration.ts';
import { isRecord, recordAt, recordsAt, text } from '../server/object.ts';
import type { KubeClient } from './kube.ts';

/** An OAuth client that may ask for tokens. */
interface OAuthClient {
  readonly name: string;
  readonly secret: string;
}

/** What ks-apiserver takes from kubesphere-config. */
export interface Settings {
  readonly jwtSecret: string;
  /** 0: tokens do not expire, and none needs an entry in the cache. */
  readonly accessTokenMaxAgeMs: number;
  /** How much longer a refresh token lives than an access token. */
  readonly inactivityMs: number;
  readonly clockSkewMs: number;
  readonly clients: readonly OAuthClient[];
  /** So many wrong passwords ... */
  readonly maxTries: number;
  /** ... within this time close an account, for as long. */
  readonly triesWithinMs: number;
  readonly multipleLogin: boolean;
  readonly multicluster: {
    /** Whether requests for other clusters are passed on. */
    readonly enabled: boolean;
    readonly role: string;
    readonly proxyPublishAddress: string;
    readonly proxyPublishService: string;
    readonly agentImage: string;
  };
  /** Which components are configured: what `configz` answers. */
  readonly configz: Readonly<Record<string, boolean>>;
}

const minute = 60_000;

/** Reads the settings of a cluster; defaults are those of 3.3 (pkg/apiserver/authentication, .../multicluster). */
export function settingsOf(config: Record<string, unknown>): Settings {
  const authentication = recordAt(config, 'authentication');
  const oauth = recordAt(authentication, 'oauthOptions');
  const multicluster = recordAt(config, 'multicluster');
  return {
    jwtSecret: text(authentication['jwtSecret']) ?? '',
    accessTokenMaxAgeMs: durationMs(oauth['accessTokenMaxAge'], 120 * minute),
    inactivityMs: durationMs(oauth['accessTokenInactivityTimeout'], 120 * minute),
    clockSkewMs: durationMs(authentication['maximumClockSkew'], 10_000),
    clients: recordsAt(oauth, 'clients').map(({ name, secret }) => ({
      name: text(name) ?? '',
      secret: text(secret) ?? '',
    })),
    maxTries: Number(authentication['authenticateRateLimiterMaxTries'] ?? 10),
    triesWithinMs: durationMs(authentication['authenticateRateLimiterDuration'], 10 * minute),
    multipleLogin: authentication['multipleLogin'] === true,
    multicluster: {
      enabled: multicluster['enable'] === true,
      role: text(multicluster['clusterRole']) ?? '',
      proxyPublishAddress: text(multicluster['proxyPublishAddress']) ?? '',
      proxyPublishService: text(multicluster['proxyPublishService']) ?? '',
      agentImage: text(multicluster['agentImage']) || 'kubesphere/tower:v1.0',
    },
    configz: configzOf(config),
  };
}

/** Components that are there as soon as they are configured. */
const configured = [
  ...['devops', 'servicemesh', 'cache', 's3', 'monitoring', 'logging', 'events', 'auditing', 'alerting'],
  ...['notification', 'kubeedge', 'edgeruntime', 'gpu'],
];
/** Components that have defaults, so that they are always there. */
const always = ['kubernetes', 'authentication', 'authorization', 'metering', 'gateway', 'terminal', 'openpitrix'];

/** pkg/apiserver/config of 3.3: whether each component is configured, and nothing of its configuration. */
function configzOf(config: Record<string, unknown>): Record<string, boolean> {
  const network = recordAt(config, 'network');
  const poolType = text(network['ippoolType']) ?? 'none';
  const topology = text(network['weaveScopeHost']) ?? '';
  return {
    ...Object.fromEntries(configured.map((name) => [name, isRecord(config[name])])),
    ...Object.fromEntries(always.map((name) => [name, true])),
    sonarqube: isRecord(config['sonarQube']),
    multicluster: recordAt(config, 'multicluster')['enable'] === true,
    network: network['enableNetworkPolicy'] === true,
    'network.ippool': poolType !== 'none',
    ...(isRecord(config['network']) ? { 'network.topology': topology !== '' } : {}),
    'openpitrix.appstore': Object.keys(recordAt(config, 'openpitrix')).length > 0,
  };
}

/** The settings as they are in the cluster now. */
export async function readSettings(kube: Pick<KubeClient, 'find'>): Promise<Settings> {
  const at = { namespace: kubesphereNamespace, name: installation.config };
  return settingsOf(parseSettings(await kube.find(core.configMaps, at)));
}
