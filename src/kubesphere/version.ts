import { FederationError } from '../errors.ts';
import type { Connection } from '../kube/connection.ts';
import { core } from '../kube/resources.ts';
import type { CallOptions } from '../types.ts';
import { installation, kubesphereNamespace } from './names.ts';
import { kubesphere } from './resources.ts';

/** The version of KubeSphere on one cluster, as that cluster itself says. */
export interface KubeSphereVersion {
  /** As installed: `v3.3.2`. */
  readonly text: string;
  readonly major: number;
  readonly minor: number;
  /** 3.3 and 3.4 rest on kubefed; 4.1 does not. */
  readonly line: '3.x' | '4.x';
}

/** Reads `v3.3.2`, `3.4` and the like. @throws FederationError `UNSUPPORTED` where no line we know is meant. */
function parseVersion(text: string, cluster: string): KubeSphereVersion {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(text) ?? [];
  const line = major === '3' && Number(minor) >= 3 ? '3.x' : major === '4' ? '4.x' : undefined;
  if (line === undefined)
    throw new FederationError(
      'UNSUPPORTED',
      `${cluster}: KubeSphere "${text}" is not supported; 3.3, 3.4 and 4.1 are. Upgrade that cluster first.`,
    );
  return { text, major: Number(major), minor: Number(minor), line };
}

/**
 * Reads the version from the cluster. 3.x: what the installer wrote into its ClusterConfiguration (`status.core.version`,
 * or the label `version`; ks-installer v3.3.2 roles/check-result). 4.x: the version label of Deployment ks-apiserver.
 *
 * @throws FederationError `UNSUPPORTED` where there is no KubeSphere, or one of another line.
 */
export async function detectVersion(connection: Connection, options?: CallOptions): Promise<KubeSphereVersion> {
  const { cluster } = connection;
  const name = { namespace: kubesphereNamespace, name: installation.configuration };
  const configuration = await connection.find(kubesphere.clusterConfigurations, name, options);
  if (configuration !== undefined) {
    const core = configuration.status?.['core'] as { readonly version?: string } | undefined;
    const text = core?.version ?? configuration.metadata.labels?.['version'];
    if (text !== undefined) return parseVersion(text, cluster);
    throw new FederationError(
      'UNSUPPORTED',
      `${cluster}: KubeSphere's installer has not finished yet (ClusterConfiguration ${name.name} names no version). Wait for it.`,
    );
  }
  const server = await connection.find(
    core.deployments,
    { namespace: kubesphereNamespace, name: 'ks-apiserver' },
    options,
  );
  const text = server?.metadata.labels?.['app.kubernetes.io/version'];
  if (text !== undefined) return parseVersion(text, cluster);
  throw new FederationError(
    'UNSUPPORTED',
    `${cluster}: no KubeSphere found (neither ClusterConfiguration ${name.namespace}/${name.name} nor Deployment ks-apiserver). Is ${connection.server} the cluster you meant?`,
  );
}
