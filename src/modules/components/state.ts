import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { type Configz, configzOf } from '../../kubesphere/configz.ts';
import { installation, kubesphereNamespace } from '../../kubesphere/names.ts';
import { type ClusterConfiguration, kubesphere } from '../../kubesphere/resources.ts';
import type { CallOptions } from '../../types.ts';
import { catalogue, seenNames } from './catalogue.ts';
import type { Component, PluggableComponent, SeenName } from './component.ts';

/**
 * `off`: not asked for, and not there. `installing`: asked for, and not seen yet. `ready`: asked for or brought along by others, and there.
 * `failed`: the installer says so. `left`: not asked for any more, and still there, for the installer removes nothing.
 */
export type ComponentState = 'off' | 'installing' | 'ready' | 'failed' | 'left';

/** Where a ClusterConfiguration is on every cluster. */
export const configurationAt = Object.freeze({ namespace: kubesphereNamespace, name: installation.configuration });

/** The value under some keys of an object; `undefined` where there is none. */
export function valueAt(object: unknown, path: readonly string[]): unknown {
  let here = object;
  for (const key of path) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = (here as Readonly<Record<string, unknown>>)[key];
  }
  return here;
}

type Spec = Pick<ClusterConfiguration, 'spec'>;

/** Whether the spec asks for a component: all of its switches are on. */
export function isWanted({ spec }: Spec, { switches }: PluggableComponent): boolean {
  return switches.every(({ path, on }) => valueAt(spec, path) === on);
}

/** Whether a component is where it is by the spec; `undefined` where others bring it along, and it is as it should be either way. */
function belongs(configuration: Spec, component: Component): boolean | undefined {
  if (component.pluggable) {
    if (isWanted(configuration, component)) return true;
    return component.comesWith?.some((name) => isWanted(configuration, catalogue[name])) === true ? undefined : false;
  }
  const { asked } = component;
  if (asked === undefined) return undefined;
  return asked === 'always' || valueAt(configuration.spec, asked.path) === asked.is;
}

/** What the installer says of a component: of those that have a status. */
export function installedState({ status }: Pick<ClusterConfiguration, 'status'>, { statusPath }: Component): unknown {
  return statusPath === undefined ? undefined : valueAt(status, [...statusPath, 'status']);
}

/** How a component stands: by the status where it has one, else by what ks-apiserver is configured for. */
function stateOf(
  configuration: Pick<ClusterConfiguration, 'spec' | 'status'>,
  configz: Configz | undefined,
  component: Component,
): ComponentState {
  const installed = installedState(configuration, component);
  const there =
    component.statusPath === undefined
      ? component.configz !== undefined && configz?.[component.configz] === true
      : installed === 'enabled';
  const wanted = belongs(configuration, component);
  if (installed === 'failed' && wanted !== false) return 'failed';
  if (wanted ?? there) return there ? 'ready' : 'installing';
  return there ? 'left' : 'off';
}

/** Every component of one cluster that can be seen. */
export type ComponentStates = Readonly<Record<SeenName, ComponentState>>;

/** Reads how every component stands on a cluster. */
export async function componentsOf(
  { name, connection }: KubeSphereCluster,
  options: CallOptions,
): Promise<ComponentStates> {
  const at = { namespace: kubesphereNamespace, name: installation.config };
  const [configuration, config] = await Promise.all([
    connection.get(kubesphere.clusterConfigurations, configurationAt, options),
    connection.find(core.configMaps, at, options),
  ]);
  const configz = config === undefined ? undefined : configzOf(config, name);
  return Object.fromEntries(
    seenNames.map((name) => [name, stateOf(configuration, configz, catalogue[name])]),
  ) as ComponentStates;
}
