import { FederationError } from '../errors.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { checkNames, checkOneOf, invalid } from '../kubesphere/validation.ts';
import type { CallOptions } from '../types.ts';
import { askClusters, clusterNames } from './across.ts';
import { type BatchOptions, type ItemOutcome, performEach } from './batch.ts';
import { catalogue, componentNames } from './components/catalogue.ts';
import type { Catalogue, Component, ComponentName, PluggableComponent, PluggableName } from './components/component.ts';
import { type ComponentDifference, differences } from './components/diff.ts';
import type { ComponentSettings } from './components/settings.ts';
import { type ComponentStates, componentsOf } from './components/state.ts';
import { waitUntilInstalled } from './components/waiting.ts';
import { type WantedSetting, wantedSettings } from './components/wanted-settings.ts';
import { clusterByName, type FederationEnv } from './env.ts';
import { inTime } from './in-time.ts';
import { perform } from './operation.ts';
import { type Switched, switchComponent } from './operations/switch-component.ts';
import { batchOptions, callOptions, checkArgument, checkOptions, type FieldsOf } from './options.ts';

/** Which clusters a call is about. */
export interface OnClusters {
  /** By the names that the host has for them. */
  readonly clusters: readonly string[];
}

/** Where a component is to be switched on, and how. */
export interface EnableOn<N extends PluggableName> extends OnClusters {
  /** @defaultValue what is set there stays, and what is not is the installer's own default */
  readonly settings?: Partial<ComponentSettings[N]>;
}

const onFields: FieldsOf<OnClusters> = { clusters: true };
const enableFields: FieldsOf<EnableOn<PluggableName>> = { ...onFields, settings: true };

/** How the components stand on one cluster, or why nobody knows. */
export type ClusterComponents =
  | { readonly cluster: string; readonly answered: true; readonly components: ComponentStates }
  | { readonly cluster: string; readonly answered: false; readonly why: string };

/** Differences between the components of two federations. */
export interface ComponentsDiff {
  readonly differences: readonly ComponentDifference[];
  /** Clusters that did not answer, and are not compared: `here` or `there`, and why. */
  readonly silent: readonly { readonly side: 'here' | 'there'; readonly cluster: string; readonly why: string }[];
}

/** The installer takes minutes. */
const installLimitMs = 1_800_000;

/** The pluggable components of KubeSphere 3.x on every cluster, as each cluster's installer has them. */
export class Components {
  /**
   * What there is, by name: how it is switched, or why it cannot be; how it is seen; where and on which releases it works; its settings with
   * their defaults; what stays of it.
   */
  readonly catalogue: Catalogue = catalogue;
  readonly #env: FederationEnv;

  constructor(env: FederationEnv) {
    this.#env = env;
  }

  /**
   * How every component stands on every cluster, or on those named: by the installer's status where it writes one, else by what ks-apiserver
   * is configured for. A cluster that does not answer is named, and fails nothing.
   */
  async status(options: CallOptions & Partial<OnClusters> = {}): Promise<readonly ClusterComponents[]> {
    checkOptions(options, { ...callOptions, ...onFields });
    const { clusters } = options;
    if (clusters !== undefined) checkNames('clusters', clusters);
    const answers = await inTime(options, 'read the status of components', (call) =>
      askClusters(this.#env, componentsOf, call),
    );
    return answers.map((one) =>
      one.answered
        ? { cluster: one.cluster, answered: true, components: one.value }
        : { cluster: one.cluster, answered: false, why: one.error.message },
    );
  }

  /**
   * Switches a component on, on these clusters: seen is that the order stands there; {@link Components.waitUntilReady} waits for the
   * installer. Settings are written along; the installer reads them when it installs, so that other ones for what is installed are refused.
   *
   * @returns what became of each cluster
   * @throws FederationError `UNSUPPORTED` for what cannot be switched; `BATCH_FAILED` where any failed: `PLAN_BLOCKED` for the App Store
   * anywhere but on the host, for settings that its release does not have or that would have no effect, `NOT_FOUND`, `UNREACHABLE`
   */
  async enable<N extends PluggableName>(
    component: N,
    where: EnableOn<N>,
    options?: BatchOptions,
  ): Promise<readonly ItemOutcome<string, Switched>[]> {
    checkOptions(options, batchOptions);
    checkArgument('where', where, enableFields);
    const { clusters, settings } = where;
    const what = checked(component, clusters);
    return this.#switch(what, 'on', clusters, wantedSettings(what, settings ?? {}), options);
  }

  /**
   * Switches a component off, on these clusters. The installer removes nothing: `leaves` of each outcome says what stays.
   *
   * @returns what became of each cluster
   * @throws FederationError `UNSUPPORTED` for what cannot be switched, `BATCH_FAILED` where any failed
   */
  async disable(
    component: PluggableName,
    where: OnClusters,
    options?: BatchOptions,
  ): Promise<readonly ItemOutcome<string, Switched>[]> {
    checkOptions(options, batchOptions);
    checkArgument('where', where, onFields);
    const { clusters } = where;
    return this.#switch(checked(component, clusters), 'off', clusters, [], options);
  }

  /**
   * Waits until the installer is done with a component on all of these clusters: half an hour for each (`timeoutMs`), all at once.
   *
   * @returns the clusters, in their order
   * @throws FederationError `UNSUPPORTED` for what cannot be switched, `BATCH_FAILED` with every cluster's outcome where any did not get there
   */
  async waitUntilReady(
    component: PluggableName,
    where: OnClusters,
    options: CallOptions = {},
  ): Promise<readonly string[]> {
    checkOptions(options, callOptions);
    checkArgument('where', where, onFields);
    const { clusters } = where;
    const what = checked(component, clusters);
    const { timeoutMs = installLimitMs, ...untimed } = options;
    const signal = options.signal ?? new AbortController().signal;
    await performEach(
      clusters,
      `wait for component ${component}`,
      async (cluster) => {
        const end = performance.now() + timeoutMs;
        const at = await this.#cluster(cluster, { ...untimed, timeoutMs });
        await waitUntilInstalled(at, what, { signal, timeoutMs: Math.max(1, end - performance.now()) });
        return { outcome: 'already', result: undefined, why: 'it is there' };
      },
      { ...untimed, concurrency: Math.max(1, clusters.length) },
    );
    return clusters;
  }

  /**
   * Where components of this federation and another differ: host with host, and members by name. What only one of them has is compared
   * with nothing. A cluster that does not answer is named, and not compared.
   */
  async diff(other: FederationEnv, options: CallOptions = {}): Promise<ComponentsDiff> {
    checkOptions(options, callOptions);
    if (typeof other !== 'object' || other === null || typeof other.host !== 'object')
      throw invalid('other', 'must be a federation.');
    const [here, there] = await inTime(options, 'compare components', (call) =>
      Promise.all([this.#named(this.#env, call), this.#named(other, call)]),
    );
    const silentOf = (side: 'here' | 'there', all: readonly ClusterComponents[]) =>
      all.flatMap((one) => (one.answered ? [] : [{ side, cluster: one.cluster, why: one.why }]));
    return {
      differences: differences(here, there),
      silent: [...silentOf('here', here), ...silentOf('there', there)],
    };
  }

  /** The status of a federation's clusters, the host under one name. */
  async #named(env: FederationEnv, options: CallOptions): Promise<readonly ClusterComponents[]> {
    const clusters = await clusterNames(env, options);
    const status = await new Components(env).status({ ...options, clusters });
    return status.map((one) => (one.cluster === env.host.name ? { ...one, cluster: 'host' } : one));
  }

  #switch(
    what: PluggableComponent,
    to: 'on' | 'off',
    clusters: readonly string[],
    settings: readonly WantedSetting[],
    options?: BatchOptions,
  ): Promise<readonly ItemOutcome<string, Switched>[]> {
    const doing = `${to === 'on' ? 'enable' : 'disable'} component ${what.name}`;
    return performEach(
      clusters,
      doing,
      async (cluster, call) =>
        perform(
          switchComponent(await this.#cluster(cluster, call), what, to, settings),
          `${doing} on ${cluster}`,
          call,
        ),
      options,
    );
  }

  #cluster(name: string, options?: CallOptions): Promise<KubeSphereCluster> {
    return clusterByName(this.#env)(name, options);
  }
}

function checked(component: PluggableName, clusters: readonly string[]): PluggableComponent {
  checkOneOf('component', component, componentNames);
  checkNames('clusters', clusters);
  // Who does not write TypeScript may name any of them.
  const what: Component = catalogue[component as ComponentName];
  if (what.pluggable) return what;
  throw new FederationError(
    'UNSUPPORTED',
    `${what.title} cannot be switched: ${what.why}. Nothing was sent. components.status() tells where it is, as far as that can be seen.`,
    { details: { component: what.name } },
  );
}
