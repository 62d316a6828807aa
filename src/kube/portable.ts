import { readFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { FederationError } from '../errors.ts';
import { credentialsExpire } from './expiry.ts';
import { type ChosenContext, chooseContext, type KubeconfigSource } from './kubeconfig.ts';
import { serviceAccountOf } from './token.ts';

/** A kubeconfig that another machine can use: one context, nothing that points to a file or a program of this one. */
export interface PortableKubeconfig {
  /** YAML. A secret. */
  readonly text: string;
  readonly server: string;
  /** KubeSphere 3.3 never gets a cluster Ready whose kubeconfig has none (kubesphere/kubesphere#5395). */
  readonly clientCertificate: boolean;
  /** Namespace and name of the ServiceAccount whose token it is, if it is one's. */
  readonly serviceAccount: string | undefined;
  /** When its credentials end, as ISO 8601; `undefined` where they do not, or where that cannot be read. */
  readonly expires: string | undefined;
}

const embedded = async (data: string | undefined, file: string | undefined): Promise<string | undefined> =>
  data ?? (file === undefined ? undefined : (await readFile(file)).toString('base64'));

function refuseLocal({ where, user, tokenFile }: ChosenContext): void {
  const local =
    user.exec !== undefined || user.authProvider !== undefined
      ? 'a credential plugin'
      : tokenFile === undefined
        ? undefined
        : 'a token file';
  if (local === undefined) return;
  throw new FederationError(
    'KUBECONFIG_INVALID',
    `${where} uses ${local} of this machine, which a host cannot use. Give one with a client certificate or a token in it.`,
  );
}

/**
 * Makes a kubeconfig that can be handed to a host.
 *
 * @throws FederationError `KUBECONFIG_INVALID` where it rests on a plugin or a token file of this machine
 */
export async function portableKubeconfig(source: KubeconfigSource, context?: string): Promise<PortableKubeconfig> {
  const chosen = await chooseContext(source, context);
  refuseLocal(chosen);
  const { cluster, user } = chosen;
  const caData = await embedded(cluster.caData, cluster.caFile);
  const certData = await embedded(user.certData, user.certFile);
  const keyData = await embedded(user.keyData, user.keyFile);
  const name = cluster.name;
  const text = stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    contexts: [{ name, context: { cluster: name, user: user.name } }],
    clusters: [
      {
        name,
        cluster: {
          server: cluster.server,
          ...(caData === undefined ? {} : { 'certificate-authority-data': caData }),
          ...(cluster.tlsServerName === undefined ? {} : { 'tls-server-name': cluster.tlsServerName }),
          ...(cluster.skipTLSVerify === true ? { 'insecure-skip-tls-verify': true } : {}),
          ...(cluster.proxyUrl === undefined ? {} : { 'proxy-url': cluster.proxyUrl }),
        },
      },
    ],
    users: [
      {
        name: user.name,
        user: {
          ...(certData === undefined ? {} : { 'client-certificate-data': certData }),
          ...(keyData === undefined ? {} : { 'client-key-data': keyData }),
          ...(user.token === undefined ? {} : { token: user.token }),
          ...(user.username === undefined ? {} : { username: user.username, password: user.password }),
        },
      },
    ],
  });
  return {
    text,
    server: cluster.server,
    clientCertificate: certData !== undefined,
    serviceAccount: serviceAccountOf(user.token),
    expires: credentialsExpire(text),
  };
}
