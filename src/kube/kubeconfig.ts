import { isAbsolute, resolve } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { FederationError } from '../errors.ts';
import { isRecord } from './json.ts';
import { type Invalid, isText, readKubeconfig, takenData } from './kubeconfig-text.ts';

/** A cluster as `KubeConfig` of client-node holds it. */
export interface KubeconfigCluster {
  readonly name: string;
  readonly server: string;
  readonly caData?: string;
  readonly caFile?: string;
  readonly tlsServerName?: string;
  readonly skipTLSVerify?: boolean;
  readonly proxyUrl?: string;
}

/** A user as `KubeConfig` of client-node holds it. */
export interface KubeconfigUser {
  readonly name: string;
  readonly token?: string;
  readonly certData?: string;
  readonly certFile?: string;
  readonly keyData?: string;
  readonly keyFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly impersonateUser?: string;
  readonly exec?: unknown;
  readonly authProvider?: unknown;
}

/** What is used of a client-node `KubeConfig`: its data, whichever copy of that package made it. */
export interface KubeConfigLike {
  readonly clusters: readonly KubeconfigCluster[];
  readonly users: readonly KubeconfigUser[];
  readonly contexts: readonly { readonly name: string; readonly cluster: string; readonly user?: string }[];
  readonly currentContext?: string;
}

/** Where credentials come from: a path, YAML (or JSON) text, or a client-node `KubeConfig`. */
export type KubeconfigSource = string | KubeConfigLike;

/** One context of a kubeconfig, complete. */
export interface ChosenContext {
  /** What messages call the kubeconfig; never its content. */
  readonly where: string;
  readonly context: string;
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
  /** Holds the bearer token; read again while it is used. */
  readonly tokenFile: string | undefined;
  /** A client-node `KubeConfig` of just this context that has cached nothing yet. */
  readonly fresh: () => KubeConfig;
}

/** Loaded with the first kubeconfig; asking the loader each time costs more than reading one. */
let clientNode: Promise<{ readonly KubeConfig: new () => KubeConfig }> | undefined;

/**
 * Reads a kubeconfig and picks one context of it. Loads client-node, and sends nothing.
 *
 * @throws FederationError `KUBECONFIG_INVALID`, with the path and never the content.
 */
export async function chooseContext(source: KubeconfigSource, context?: string): Promise<ChosenContext> {
  const where = describeSource(source);
  const invalid = (what: string): FederationError => new FederationError('KUBECONFIG_INVALID', `${where} ${what}`);
  clientNode ??= import('@kubernetes/client-node');
  const { KubeConfig: Config } = await clientNode;
  const { config, tokenFiles, folder } =
    typeof source === 'string' ? await readKubeconfig(source, new Config(), invalid) : takenData(source, invalid);

  const names = config.contexts.map(({ name }) => name);
  const wanted = context ?? config.currentContext;
  if (wanted === undefined || wanted === '')
    throw invalid(`names no current-context. Give the option context; it has ${list(names)}.`);
  const entry = config.contexts.find(({ name }) => name === wanted);
  if (entry === undefined) throw invalid(`has no context "${wanted}". Choose one that it has: ${list(names)}.`);
  const cluster = config.clusters.find(({ name }) => name === entry.cluster);
  if (cluster === undefined)
    throw invalid(
      `has a context "${wanted}" for the cluster "${entry.cluster}", which is not in it. Add that cluster.`,
    );
  const user = config.users.find(({ name }) => name === entry.user);
  if (user === undefined && entry.user !== undefined && entry.user !== '')
    throw invalid(`has a context "${wanted}" for the user "${entry.user}", which is not in it. Add that user.`);
  checkServer(cluster.server, invalid, wanted);
  if (isRecord(user?.exec) && !user.exec['command'])
    throw invalid(`has a credential plugin (exec) without command for the user "${user.name}". Add exec.command.`);

  // client-node applies the certificate authority only where there is a user, refuses plain http otherwise, and would make
  // an agent for a proxy that is ours to make.
  const plain = cluster.server.startsWith('http:');
  const { proxyUrl: _ours, ...rest } = cluster;
  const theCluster = plain ? { ...rest, skipTLSVerify: true } : rest;
  const theUser = withExecInfo(withoutNull(user ?? { name: 'anonymous' }), theCluster, folder);
  return {
    where,
    context: wanted,
    cluster,
    user: theUser,
    tokenFile: tokenFileOf(theUser, tokenFiles),
    fresh() {
      const fresh = new Config();
      fresh.loadFromOptions({
        clusters: [theCluster],
        users: [theUser],
        contexts: [{ name: wanted, cluster: theCluster.name, user: theUser.name }],
        currentContext: wanted,
      });
      return fresh;
    },
  };
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.map((name) => `"${name}"`).join(', ');
}

function describeSource(source: KubeconfigSource): string {
  if (typeof source !== 'string') return 'The given KubeConfig object';
  if (isText(source)) return 'The given kubeconfig text';
  // Something this long is hardly a path, and may well be an encoded kubeconfig.
  return source.length > 255 ? 'The kubeconfig path given (too long to be shown)' : `The kubeconfig "${source}"`;
}

function tokenFileOf(user: KubeconfigUser, tokenFiles: ReadonlyMap<string, string>): string | undefined {
  const provided = isRecord(user.authProvider) ? user.authProvider['config'] : undefined;
  const file = isRecord(provided) ? provided['tokenFile'] : undefined;
  return tokenFiles.get(user.name) ?? (typeof file === 'string' ? file : undefined);
}

/** client-node writes null for what a user without any data lacks. */
function withoutNull(user: KubeconfigUser): KubeconfigUser {
  return { ...Object.fromEntries(Object.entries(user).filter(([, value]) => value !== null)), name: user.name };
}

/** Credential plugins expect KUBERNETES_EXEC_INFO, and a relative command is meant from the kubeconfig's folder; client-node knows neither. */
function withExecInfo(user: KubeconfigUser, cluster: KubeconfigCluster, folder: string | undefined): KubeconfigUser {
  if (!isRecord(user.exec)) return user;
  const { command, env, apiVersion, provideClusterInfo } = user.exec;
  const info = {
    apiVersion,
    kind: 'ExecCredential',
    spec: {
      interactive: false,
      ...(provideClusterInfo === true && {
        cluster: {
          server: cluster.server,
          'tls-server-name': cluster.tlsServerName,
          'insecure-skip-tls-verify': cluster.skipTLSVerify,
          'certificate-authority-data': cluster.caData,
        },
      }),
    },
  };
  const relative = typeof command === 'string' && folder !== undefined && /[/\\]/.test(command) && !isAbsolute(command);
  return {
    ...user,
    exec: {
      ...user.exec,
      command: relative ? resolve(folder, command) : command,
      env: [...(Array.isArray(env) ? env : []), { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }],
    },
  };
}

function checkServer(server: string, invalid: Invalid, context: string): void {
  const url = URL.parse(server);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw invalid(
      `has a context "${context}" whose server is no http or https address. Correct clusters[].cluster.server.`,
    );
}
