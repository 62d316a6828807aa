import { parse } from 'yaml';
import { FederationError } from '../errors.ts';
import type { ConfigMap } from '../kube/resources.ts';
import { installation, kubesphereNamespace } from './names.ts';

type Section = Readonly<Record<string, unknown>>;

const section = (value: unknown): Section | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Section) : undefined;

/** What kubesphere-config says of components that have no entry in a ClusterConfiguration's status. */
export interface Configz {
  /** `openpitrix.appstore` */
  readonly appStore: boolean;
  /** `network` */
  readonly networkPolicy: boolean;
  /** `network.ippool` */
  readonly ipPool: boolean;
  /** `network.topology` */
  readonly topology: boolean;
}

/**
 * Which components a cluster's ks-apiserver is configured for, as its own `configz` answers (pkg/apiserver/config/config.go:196-290 of
 * 3.3.2), read from the file itself: what a host copies into `Cluster.status.configz` is up to two minutes old, and stays when a look
 * fails. Nothing but the answers leaves this function, for the file holds the jwtSecret.
 *
 * @throws FederationError `INVALID` where the file is no YAML
 */
export function configzOf(map: ConfigMap, cluster: string): Configz {
  let settings: Section | undefined;
  try {
    settings = section(parse(map.data?.[installation.configKey] ?? ''));
  } catch {
    // The parser's message quotes the file.
    throw new FederationError(
      'INVALID',
      `${cluster}: ConfigMap ${kubesphereNamespace}/${installation.config} holds no valid YAML.`,
    );
  }
  const network = section(settings?.['network']) ?? {};
  const pool = network['ippoolType'];
  const topology = network['weaveScopeHost'];
  return {
    appStore: Object.keys(section(settings?.['openpitrix']) ?? {}).length > 0,
    networkPolicy: network['enableNetworkPolicy'] === true,
    ipPool: typeof pool === 'string' && pool !== '' && pool !== 'none',
    topology: typeof topology === 'string' && topology !== '',
  };
}
