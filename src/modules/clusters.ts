import { FederationError } from '../errors.ts';
import type { Listing, WatchOptions } from '../kube/connection.ts';
import { portableKubeconfig } from '../kube/portable.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { kubesphere } from '../kubesphere/resources.ts';
import { checkLabels, checkName, checkNames, checkOneOf, checkText, invalid } from '../kubesphere/validation.ts';
import type { CallOptions } from '../types.ts';
import { type BatchOptions, type ItemOptions, type ItemOutcome, performEach } from './batch.ts';
import { importMember, newClusterFields } from './clusters/importing.ts';
import { type ClusterEvent, type ClusterInfo, infoOf, type NewCluster, type Visibility } from './clusters/info.ts';
import { type Candidate, examine, type Preflight } from './clusters/preflight.ts';
import { type PrepareOptions, prepareNoHost, prepareOptions } from './clusters/prepare.ts';
import {
  newSecret,
  type Rotated,
  type RotateEnv,
  type RotateOptions,
  rotateOptions,
  rotateSecretWorkflow,
} from './clusters/rotate-secret.ts';
import { agentManifestOf } from './clusters/tower.ts';
import { type Unbound, unbindWorkflow } from './clusters/unbind.ts';
import { type UpdateEnv, updateKubeconfigWorkflow } from './clusters/update-kubeconfig.ts';
import { setVisibility } from './clusters/visibility.ts';
import { clusterByName, type FederationEnv } from './env.ts';
import { inTime } from './in-time.ts';
import { mapListing } from './listing.ts';
import { performAll } from './method.ts';
import { perform, type WriteOptions, type Written } from './operation.ts';
import { waitArrived, waitJoined } from './operations/cluster-object.ts';
import { batchOptions, callOptions, callOptionsIn, checkArgument, checkOptions, watchOptions } from './options.ts';
import { authorize, revoke } from './placement/authorize.ts';
import type { ShrinkOptions } from './placement/input.ts';

/** The clusters of a federation: the host's Cluster objects. */
export class Clusters {
  readonly #env: FederationEnv;
  readonly #host: KubeSphereCluster;

  constructor(env: FederationEnv) {
    this.#env = env;
    this.#host = env.host;
  }

  /** The host itself included. */
  list(options?: CallOptions): Listing<ClusterInfo> {
    checkOptions(options, callOptions);
    return mapListing(this.#host.connection.list(kubesphere.clusters, options), infoOf);
  }

  /** @throws ApiError `NOT_FOUND` */
  async get(name: string, options?: CallOptions): Promise<ClusterInfo> {
    checkOptions(options, callOptions);
    checkName('name', name);
    return infoOf(await this.#host.connection.get(kubesphere.clusters, { name }, options));
  }

  /** Lists, then follows; ends with the signal. */
  async *watch(options?: WatchOptions): AsyncIterable<ClusterEvent> {
    checkOptions(options, watchOptions);
    for await (const event of this.#host.connection.watch(kubesphere.clusters, options))
      yield event.type === 'synced'
        ? { type: 'synced', clusters: event.objects.map(infoOf) }
        : { type: event.type, cluster: infoOf(event.object) };
  }

  /**
   * Makes a cluster ready to be a member of this host: its role, and the host's jwtSecret, through its ClusterConfiguration; waits for its
   * installer, which takes minutes. Skipped where it is so already.
   *
   * @throws FederationError `INVALID` where the host has no jwtSecret to share, `PLAN_BLOCKED` where it is a host with members of its own
   * (H17), or bears the marks of another host, unless `formerHostGone` is said
   */
  async prepareMember(member: KubeSphereCluster, options: PrepareOptions = {}): Promise<Written<void>> {
    checkOptions(options, prepareOptions);
    if (typeof member?.connection?.get !== 'function')
      throw invalid('member', 'must be a cluster: what federation.member or connectMember yields.');
    const preparing = prepareNoHost(member, { host: this.#host, formerHostGone: options.formerHostGone === true });
    return perform(preparing, `prepare ${member.name} as a member`, options);
  }

  /**
   * Gives members the jwtSecret of this host, where theirs is another: through their ClusterConfiguration, done when their installers have
   * carried it out. Sessions on them end. The secret is compared by digest and never told.
   *
   * @param clusters - names of members
   * @returns what became of each; in a dry run the forecast for each
   * @throws FederationError `INVALID`, `BATCH_FAILED` where any failed, with what became of each
   */
  async alignJwtSecret(
    clusters: readonly string[],
    options?: BatchOptions,
  ): Promise<readonly ItemOutcome<string, void>[]> {
    checkOptions(options, batchOptions);
    checkNames('clusters', clusters);
    const align = async (name: string, call: ItemOptions): Promise<Written<void>> => {
      const member = await clusterByName(this.#env)(name, call);
      if (member.uid === this.#host.uid)
        throw new FederationError('INVALID', `"${name}" is the host itself, whose jwtSecret the members are to have.`);
      return perform(prepareNoHost(member, { host: this.#host }), `align the jwtSecret of "${name}"`, call);
    };
    return performEach(clusters, 'Aligning jwtSecrets', align, options);
  }

  /**
   * Gives the host and all its members another jwtSecret, through their ClusterConfigurations: the members first, then the host; done when
   * every installer has carried it out. All sessions end, and until the host follows the members refuse its tokens. What fails is taken
   * back; every member must answer, or nothing is written. The secret is made at random, or given, and never told.
   *
   * @returns the members that have it; in a dry run what would change
   * @throws FederationError `INVALID` where the host has no jwtSecret, `UNREACHABLE`, `PLAN_BLOCKED` where a member has another secret than
   * the host or is reached through it
   */
  async rotateJwtSecret(settings: RotateOptions = {}): Promise<Written<Rotated | undefined>> {
    checkOptions(settings, rotateOptions);
    const { jwtSecret, ...options } = settings;
    const { host } = this.#env;
    const env: RotateEnv = {
      host,
      member: (...args) => this.#env.member(...args),
      newSecret: newSecret(jwtSecret),
    };
    return performAll(rotateSecretWorkflow, null, env, `rotate the jwtSecret of ${host.name} and its members`, options);
  }

  /**
   * Imports a member. Direct: by a kubeconfig under which the host reaches it, done when something of this host has arrived there. By
   * agent: done when the host is ready for the agent's call; apply {@link Clusters.agentManifest} on the member, then
   * {@link Clusters.waitUntilReady}. For a member that another host holds, use `memberMigration`.
   *
   * Whatever {@link Clusters.preflight} finds to block it stands against it: a new host deletes what a former one left there under names
   * that it has elsewhere (H5), and takes over what has its own names. A cluster that cannot be read whole is refused; by agent and with
   * `formerHostGone` it can be imported unread, without a kubeconfig.
   *
   * It is a run: what fails is taken back. Where the process dies, `resume` finishes it once the host has the kubeconfig, and `rollback`
   * takes it back at any time.
   *
   * @throws FederationError `INVALID`, `KUBECONFIG_INVALID`, `SAME_CLUSTER`, `PLAN_BLOCKED` where the name is taken, a finding stands
   * against it, or agents have nowhere to dial, `NOT_OBSERVED`, `CONFLICT` where another host joined it at the same time:
   * this host's Cluster is taken off again
   */
  async import(cluster: NewCluster, options?: WriteOptions): Promise<Written<void>> {
    return importMember(this.#env, cluster, options);
  }

  /**
   * The agent of a member that was imported with `connection: 'agent'`, to be applied on that member. Made from what the host has, so that
   * it is the same by kubeconfig and through the gateway.
   *
   * @returns YAML of a Deployment; a secret, for the agent's token is in it
   * @throws ApiError `NOT_FOUND`; FederationError `UNSUPPORTED` for a member connected directly, `NOT_OBSERVED` while tower is not ready for it
   */
  async agentManifest(name: string, options: CallOptions = {}): Promise<string> {
    checkOptions(options, callOptions);
    checkName('name', name);
    return inTime(options, `manifest of the agent of "${name}"`, ({ signal }) =>
      agentManifestOf(this.#host, name, signal),
    );
  }

  /**
   * Unbinds a member: its Cluster object goes, and with it all that this host has of it but placements, which the answer names. Then, on
   * the member, this host's ServiceAccount with its ClusterRole and binding (H12), but only where no other host can have the member; else
   * the outcome says why they stay. No Workspace and no project is written, and a member that does not answer stays as it is. The webhook of 3.4 that keeps such a
   * member from being unbound is opened for it and closed again: by this call, and where its process dies by `resume` or `rollback`.
   *
   * @throws ApiError `NOT_FOUND`; FederationError `INVALID` for the host itself
   */
  async unbind(name: string, options: WriteOptions = {}): Promise<Written<Unbound | undefined>> {
    checkOptions(options);
    const what = `unbind cluster "${name}"`;
    return inTime(options, what, async (call) => {
      const { uid, objectUid, role } = await this.get(name, callOptionsIn(call));
      if (role === 'host')
        throw new FederationError('INVALID', `"${name}" is the host itself; a host cannot be unbound from itself.`);
      const input = { name, objectUid, memberUid: uid ?? null };
      return performAll(unbindWorkflow, input, this.#env, what, call);
    });
  }

  /**
   * Looks at a cluster that is to be imported, and at this host: everything that ks-apiserver checks and what it does not (domain reference,
   * 2.7), as findings. Reads only. What cannot be read of the cluster is a finding.
   *
   * @throws FederationError `INVALID`; ApiError where the host itself cannot be read
   */
  async preflight(candidate: Candidate, options: CallOptions = {}): Promise<Preflight> {
    checkOptions(options, callOptions);
    // What is to be imported afterwards is looked at as it is.
    checkArgument('candidate', candidate, newClusterFields);
    const { name, kubeconfig, connection, labels } = candidate;
    checkName('name', name);
    checkLabels('labels', labels ?? {});
    checkText('kubeconfig', kubeconfig);
    if (connection !== undefined) checkOneOf('connection', connection, ['direct', 'agent']);
    return inTime(options, `preflight of cluster "${name}"`, ({ signal }) => examine(this.#host, candidate, signal));
  }

  /**
   * Gives the host another kubeconfig of the same member: one that leads to the same cluster, whose jwtSecret is the host's, and whose
   * user has every right. Done when the host was seen to use it. The former one is parked until then and put back if it fails.
   *
   * @param kubeconfig - a path or YAML text
   * @throws FederationError `INVALID` for the host itself, `UNSUPPORTED` for a member connected by agent, `PLAN_BLOCKED` where the
   * kubeconfig must not take the place of the other, `NOT_OBSERVED` where the host cannot use it
   */
  async updateKubeconfig(name: string, kubeconfig: string, options: WriteOptions = {}): Promise<Written<void>> {
    checkOptions(options);
    checkName('name', name);
    checkText('kubeconfig', kubeconfig);
    const newKubeconfig = await portableKubeconfig(kubeconfig);
    const what = `update the kubeconfig of cluster "${name}"`;
    return inTime(options, what, async (call) => {
      const { uid, objectUid, role, connection } = await this.get(name, callOptionsIn(call));
      if (role === 'host')
        throw new FederationError('INVALID', `"${name}" is the host itself; it keeps its own kubeconfig.`);
      if (connection === 'proxy')
        throw new FederationError(
          'UNSUPPORTED',
          `"${name}" is connected by agent; tower makes its kubeconfig and renews it when it is restarted.`,
        );
      if (uid === undefined)
        throw new FederationError(
          'INVALID',
          `"${name}" was never reached by its host, so that who it is cannot be compared. Unbind it and import it with the right kubeconfig.`,
        );
      const { host } = this.#env;
      const env: UpdateEnv = { host, member: (...args) => this.#env.member(...args), newKubeconfig };
      const input = { name, objectUid, memberUid: uid };
      return performAll(updateKubeconfigWorkflow, input, env, what, call);
    });
  }

  /**
   * Adds a cluster to the placement of workspaces, and waits until each is there. Other clusters of their placements stay.
   *
   * @returns what became of each workspace
   * @throws FederationError `NOT_FOUND` for a cluster that the host does not have; `BATCH_FAILED` where any failed, such as one that is
   * placed by a selector (`PLAN_BLOCKED`): `details.items` holds every outcome
   */
  async authorize(
    cluster: string,
    workspaces: readonly string[],
    options?: BatchOptions,
  ): Promise<readonly ItemOutcome<string, void>[]> {
    return authorize(this.#env, cluster, workspaces, options);
  }

  /**
   * Takes a cluster off the placement of workspaces, and waits until they are gone from it. KubeSphere deletes them there, and every
   * project bound to them within seconds (H7): `projects` says what becomes of these. With `keep` all are unbound first and live on;
   * with `delete` exactly those named, of all these workspaces, go for good.
   *
   * @returns what became of each workspace
   * @throws FederationError as `workspaces.setPlacement`; `BATCH_FAILED` where any failed: `details.items` holds every outcome
   */
  async revoke(
    cluster: string,
    workspaces: readonly string[],
    shrink: ShrinkOptions,
    options?: BatchOptions,
  ): Promise<readonly ItemOutcome<string, void>[]> {
    return revoke(this.#env, cluster, workspaces, shrink, options);
  }

  /**
   * Says who may choose a cluster for a new workspace: everybody (`public`), or only those it is authorized for (domain reference, 4.4).
   * It is a label of the cluster: refused while the placement of anything selects by it in such a way that it would leave the cluster.
   *
   * @throws ApiError `NOT_FOUND`; FederationError `PLAN_BLOCKED`, or `KEPT_AT_RISK` where it became so meanwhile
   */
  async setVisibility(name: string, visibility: Visibility, options?: WriteOptions): Promise<Written<void>> {
    return setVisibility(this.#env, name, visibility, options);
  }

  /**
   * Waits until the host has joined a member and is at work there. A Ready from before this call does not count, for it stays while a
   * member is dead (H18): the host must have looked again, which it does every two minutes, kubefed must reach the member, and must have
   * something of its own there.
   *
   * @throws FederationError `NOT_OBSERVED` after seven minutes; ApiError `NOT_FOUND`
   */
  async waitUntilReady(name: string, options: CallOptions = {}): Promise<ClusterInfo> {
    checkOptions(options, callOptions);
    checkName('name', name);
    return inTime(options, `cluster "${name}" to be ready`, async (call) => {
      const { uid, conditions } = await this.get(name, call);
      const written = conditions.find(({ type }) => type === 'Ready')?.lastUpdateTime;
      await waitJoined(call, this.#host, name, uid, written === undefined ? {} : { notFrom: written });
      await waitArrived(call, this.#host, name);
      return this.get(name, call);
    });
  }
}
