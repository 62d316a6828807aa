import { core } from '../../../src/kube/resources.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import type { GroundCluster } from '../../grounds.ts';

/** Shorter texts are told by chance. */
const shortest = 12;
const decoded = (text: string): string => Buffer.from(text, 'base64').toString();

/** Every token, key, password hash, kubeconfig and jwtSecret that lies on these clusters, as it is there and decoded. */
export async function secretsOf(clusters: readonly GroundCluster[]): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const { connection, kubeconfig, tokenKubeconfig } of clusters) {
    for (const text of [kubeconfig, tokenKubeconfig]) for (const secret of credentialsIn(text)) found.add(secret);
    for (const { type, data = {} } of await connection.list(core.secrets).toArray())
      for (const [key, value] of Object.entries(data))
        if (type !== 'helm.sh/release.v1' && !['ca.crt', 'namespace'].includes(key)) {
          found.add(value);
          found.add(decoded(value));
        }
    for (const { spec } of await connection.list(kubesphere.users).toArray()) found.add(spec.password ?? '');
    for (const { spec } of await connection.list(kubesphere.clusters).toArray()) {
      const { kubeconfig: stored = '', token = '' } = spec.connection;
      for (const secret of [stored, token, ...credentialsIn(decoded(stored))]) found.add(secret);
    }
    const config = await connection.find(core.configMaps, {
      namespace: 'kubesphere-system',
      name: 'kubesphere-config',
    });
    for (const [, secret = ''] of (config?.data?.['kubesphere.yaml'] ?? '').matchAll(/jwtSecret: *"?([^"\s]+)/g))
      found.add(secret);
  }
  return [...found].filter((text) => text.length >= shortest);
}

function credentialsIn(kubeconfig: string): readonly string[] {
  return [...kubeconfig.matchAll(/"?(?:token|client-key-data)"?: *"?([A-Za-z0-9+/=._-]+)/g)].flatMap(
    ([, secret = '']) => secret,
  );
}

/** What of `told` holds a secret: the text before it, which says where. */
export function leaksIn(told: readonly string[], secrets: readonly string[]): readonly string[] {
  return told.flatMap((text) => {
    const secret = secrets.find((one) => text.includes(one));
    if (secret === undefined) return [];
    const at = text.indexOf(secret);
    return [`${text.slice(Math.max(0, at - 120), at)}<a secret>`];
  });
}
