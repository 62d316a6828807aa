import { FederationError } from './errors.ts';
import { connectCluster } from './kube/connect.ts';
import type { KubeconfigSource } from './kube/kubeconfig.ts';
import type { KubeSphereCluster } from './kubesphere/cluster.ts';
import { type GatewayAddress, type GatewaySession, openGateway } from './kubesphere/gateway/connect.ts';
import { readInstallation } from './kubesphere/installation.ts';
import { checkObject, checkObjectName, checkText } from './kubesphere/validation.ts';
import { Clusters } from './modules/clusters.ts';
import { Components } from './modules/components.ts';
import { inTime } from './modules/in-time.ts';
import { Members, opened } from './modules/members.ts';
import { Namespaces } from './modules/namespaces.ts';
import { callOptions, callOptionsIn, checkArgument, checkOptions, type FieldsOf } from './modules/options.ts';
import { type FederationOverview, overview } from './modules/overview.ts';
import { Users } from './modules/users.ts';
import { Workspaces } from './modules/workspaces.ts';
import type { CallOptions, Logger } from './types.ts';

/** How to reach one cluster. */
export interface ConnectOptions extends CallOptions {
  /** A path, YAML text, or a client-node `KubeConfig`. */
  readonly kubeconfig: KubeconfigSource;
  /** @defaultValue the kubeconfig's current-context */
  readonly context?: string;
  readonly logger?: Logger;
}

/** What both ways to a federation have in common. */
export interface CommonFederationOptions extends CallOptions {
  /** What messages and plans call the host. @defaultValue the cluster's name in the kubeconfig; `host` through the gateway */
  readonly name?: string;
  /** Credentials of one's own for members, instead of the stored ones or the way through the gateway. */
  readonly members?: Readonly<Record<string, Pick<ConnectOptions, 'kubeconfig' | 'context'>>>;
  readonly logger?: Logger;
}

/**
 * How to reach a federation: the API server of its host, and members by the kubeconfigs stored there; or KubeSphere's own
 * gateway, as one of its users, and members through it, so that those that are connected by agent can be reached from outside.
 */
export type FederationOptions =
  | (CommonFederationOptions & Pick<ConnectOptions, 'kubeconfig' | 'context'> & { readonly gateway?: never })
  | (CommonFederationOptions & {
      readonly gateway: GatewayAddress;
      readonly kubeconfig?: never;
      readonly context?: never;
    });

const connectOptions: FieldsOf<ConnectOptions> = { ...callOptions, kubeconfig: true, context: true, logger: true };
const federationOptions: FieldsOf<FederationOptions> = { ...connectOptions, name: true, members: true, gateway: true };

function checkNamed({ name, context }: Pick<CommonFederationOptions & ConnectOptions, 'name' | 'context'>): void {
  if (name !== undefined) checkText('name', name);
  if (context !== undefined) checkText('context', context);
}

/** A member, reached directly. */
export type MemberCluster = KubeSphereCluster;

/**
 * Connects to a member without any host: the migration's own way to it.
 *
 * @param options - `name` is the one under which its host has it
 * @throws FederationError `INVALID`, `KUBECONFIG_INVALID`, `UNREACHABLE`, `UNSUPPORTED` where it has no KubeSphere
 */
export async function connectMember(options: ConnectOptions & { readonly name: string }): Promise<MemberCluster> {
  checkObject('options', options);
  checkOptions(options, { ...connectOptions, name: true });
  const { kubeconfig, context, name, logger } = options;
  checkObjectName('name', name);
  checkNamed(options);
  const connection = await connectCluster({
    kubeconfig,
    name,
    ...(context === undefined ? {} : { context }),
    ...(logger === undefined ? {} : { logger }),
  });
  return inTime(callOptionsIn(options), `reach "${name}"`, (call) => opened(connection, call));
}

/**
 * A host and its members.
 *
 * @example
 * ```ts
 * import { Federation } from 'kubesphere-federation';
 *
 * await using federation = await Federation.connect({ kubeconfig: '/etc/kubesphere/host.yaml' });
 * for await (const { name, ready } of federation.clusters.list()) console.log(name, ready);
 * ```
 */
export class Federation implements AsyncDisposable {
  /** The host cluster itself. */
  readonly host: KubeSphereCluster;
  /** Clusters that the host manages. */
  readonly clusters: Clusters;
  /** Workspaces, across clusters. */
  readonly workspaces: Workspaces;
  /** Namespaces of any cluster; projects are those with a workspace. */
  readonly namespaces: Namespaces;
  /** Accounts, which the host copies to every member. */
  readonly users: Users;
  /** Pluggable components of any cluster. */
  readonly components: Components;
  readonly #gateway: GatewaySession | undefined;
  readonly #members: Members;

  private constructor(host: KubeSphereCluster, options: FederationOptions, gateway: GatewaySession | undefined) {
    this.host = host;
    this.#gateway = gateway;
    const { members, logger } = options;
    this.#members = new Members(host, {
      ...(members === undefined ? {} : { members }),
      ...(logger === undefined ? {} : { logger }),
      ...(gateway === undefined ? {} : { gateway: (name: string) => gateway.connect(name, name) }),
    });
    this.clusters = new Clusters(this);
    this.workspaces = new Workspaces(this);
    this.namespaces = new Namespaces(this);
    this.users = new Users(this);
    this.components = new Components(this);
  }

  /**
   * Connects to a host and asks for its version; a cluster that is no host is refused. `await using` closes it.
   *
   * @throws FederationError `INVALID`, `KUBECONFIG_INVALID`, `UNREACHABLE`, `UNSUPPORTED`, `NOT_A_HOST`
   */
  static async connect(options: FederationOptions): Promise<Federation> {
    checkObject('options', options);
    checkOptions(options, federationOptions);
    checkNamed(options);
    if (options.gateway !== undefined) checkObject('gateway', options.gateway);
    if (options.members !== undefined) checkObject('members', options.members);
    for (const [at, way] of Object.entries(options.members ?? {}))
      checkArgument(`members.${at}`, way, { kubeconfig: true, context: true }, `members.${at}.`);
    const { kubeconfig, context, name, logger } = options;
    const logging = logger === undefined ? {} : { logger };
    if ((kubeconfig === undefined) === (options.gateway === undefined))
      throw new FederationError(
        'INVALID',
        'Federation.connect takes one way to the host: give kubeconfig, or gateway.',
      );
    const gateway = options.gateway === undefined ? undefined : openGateway(options.gateway, logging);
    const connection =
      gateway?.connect(name ?? 'host') ??
      (await connectCluster({
        kubeconfig: kubeconfig ?? '',
        ...(context === undefined ? {} : { context }),
        ...(name === undefined ? {} : { name }),
        ...logging,
      }));
    return inTime(callOptionsIn(options), `reach ${connection.cluster}`, async (call) => {
      const host = await opened(connection, call);
      try {
        const { role } = await readInstallation(connection, call);
        if (role !== 'host')
          throw new FederationError(
            'NOT_A_HOST',
            `${host.name} (${connection.server}) is no host: its multicluster.clusterRole is "${role}". Give the kubeconfig of the host, or reach a member with connectMember.`,
          );
        return new Federation(host, options, gateway);
      } catch (error) {
        await connection[Symbol.asyncDispose]();
        await gateway?.[Symbol.asyncDispose]();
        throw error;
      }
    });
  }

  /**
   * A member, reached with the credentials given to {@link Federation.connect}, else with those stored in its Cluster object. The host is
   * asked each time which cluster has that name now; that one is connected once, and closed with the federation.
   *
   * @throws FederationError `NOT_FOUND` where the host has no such cluster, `UNSUPPORTED` for one connected by agent, `ENV_CHANGED` where
   * the way leads to another cluster than the host's
   */
  async member(name: string, options: CallOptions = {}): Promise<MemberCluster> {
    checkOptions(options, callOptions);
    checkObjectName('name', name);
    return inTime(options, `reach "${name}"`, (call) => this.#members.get(name, call));
  }

  /**
   * Everything at one glance, as plain JSON: every cluster with role, health, versions, days left on its stored kubeconfig and whether it
   * shares the host's jwtSecret; workspaces, projects counted, components. A member that does not answer is named, and fails nothing.
   */
  async overview(options: CallOptions = {}): Promise<FederationOverview> {
    checkOptions(options, callOptions);
    return inTime(options, 'look at the whole federation', (call) => overview(this, call));
  }

  /** Closes every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#members[Symbol.asyncDispose]();
    await this.host[Symbol.asyncDispose]();
    await this.#gateway?.[Symbol.asyncDispose]();
  }
}
