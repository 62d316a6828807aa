import { parse } from 'yaml';
import { FederationError } from '../errors.ts';
import { digest } from '../internal/digest.ts';
import type { Connection } from '../kube/connection.ts';
import { type ConfigMap, core } from '../kube/resources.ts';
import type { CallOptions } from '../types.ts';
import { installation, kubesphereNamespace } from './names.ts';

/** What ConfigMap kubesphere-config says of one cluster; the secret in it only as a digest. */
export interface Installation {
  readonly role: 'host' | 'member' | 'none';
  /** `multicluster.enable`: true only on a host. */
  readonly federates: boolean;
  /** Written by a host's cluster controller: the name under which it has this cluster. */
  readonly clusterName: string | undefined;
  /** SHA-256 of `authentication.jwtSecret`; host and members must agree. */
  readonly jwtDigest: string | undefined;
  /** `accessTokenMaxAge` is 0: tokens that the host issued are accepted without a cache entry. */
  readonly acceptsHostTokens: boolean;
  /** Of a host: where agents are told to dial. */
  readonly proxyPublishAddress: string | undefined;
  /** Of a host: Service of tower, `name.namespace.svc`, whose address agents dial where none is told. */
  readonly proxyPublishService: string | undefined;
  /** Of a host: image of the agent. */
  readonly agentImage: string | undefined;
}

interface ConfigFile {
  readonly authentication?: {
    readonly jwtSecret?: string;
    readonly oauthOptions?: { readonly accessTokenMaxAge?: unknown };
  };
  readonly multicluster?: {
    readonly enable?: boolean;
    readonly clusterRole?: string;
    readonly clusterName?: string;
    readonly proxyPublishAddress?: string;
    readonly proxyPublishService?: string;
    readonly agentImage?: string;
  };
}

const name = { namespace: kubesphereNamespace, name: installation.config };

function parseConfig(map: ConfigMap, cluster: string): ConfigFile {
  try {
    return (parse(map.data?.[installation.configKey] ?? '') ?? {}) as ConfigFile;
  } catch {
    // The parser's message quotes the file, which holds the jwtSecret.
    throw new FederationError('INVALID', `${cluster}: ConfigMap ${name.namespace}/${name.name} holds no valid YAML.`);
  }
}

/** What a ConfigMap kubesphere-config says. @throws FederationError `INVALID` */
export function installationOf(map: ConfigMap, cluster: string): Installation {
  const { authentication, multicluster } = parseConfig(map, cluster);
  const role = multicluster?.clusterRole;
  const secret = authentication?.jwtSecret;
  return {
    role: role === 'host' || role === 'member' ? role : 'none',
    federates: multicluster?.enable === true,
    clusterName: multicluster?.clusterName || undefined,
    jwtDigest: secret ? digest(secret) : undefined,
    acceptsHostTokens: /^0\w*$/.test(String(authentication?.oauthOptions?.accessTokenMaxAge ?? '')),
    proxyPublishAddress: multicluster?.proxyPublishAddress || undefined,
    proxyPublishService: multicluster?.proxyPublishService || undefined,
    agentImage: multicluster?.agentImage || undefined,
  };
}

/**
 * Reads kubesphere-config (ks-installer v3.3.2 kubesphere-config.yaml.j2).
 *
 * @throws ApiError `NOT_FOUND` where the ConfigMap is missing, `FORBIDDEN` where it may not be read.
 */
export async function readInstallation(connection: Connection, options?: CallOptions): Promise<Installation> {
  return installationOf(await connection.get(core.configMaps, name, options), connection.cluster);
}

/** The jwtSecret itself, for handing it to another cluster; `undefined` where none is set. Never log or journal it. */
export async function readJwtSecret(connection: Connection, options?: CallOptions): Promise<string | undefined> {
  return (
    parseConfig(await connection.get(core.configMaps, name, options), connection.cluster).authentication?.jwtSecret ||
    undefined
  );
}
