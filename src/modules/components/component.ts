import type { Configz } from '../../kubesphere/configz.ts';
import type { ComponentSettings, InstallerVersion, Setting } from './settings.ts';

/** Everything that ks-installer 3.x installs or sets up. */
export type ComponentName = keyof ComponentSettings;

/** Components that cannot be switched, and those that a ClusterConfiguration's status says nothing about. */
export type FixedName =
  | 'authentication'
  | 'core'
  | 'es'
  | 'fluent-bit'
  | 'gpu'
  | 'minio'
  | 'monitoring'
  | 'multi-cluster'
  | 'mysql'
  | 'opensearch'
  | 'terminal';

/** Components that `enable` and `disable` switch. */
export type PluggableName = Exclude<ComponentName, FixedName>;

/** Components of which one can see whether they are there. */
export type SeenName = Exclude<ComponentName, 'authentication' | 'gpu' | 'terminal'>;

/** What is known of every component (domain reference, 1.9). */
export interface AnyComponent<N extends ComponentName> {
  readonly name: N;
  /** As the console calls it. */
  readonly title: string;
  /** Where `host`: anywhere else it has no effect. */
  readonly where: 'each cluster' | 'host';
  /** Releases that have it. */
  readonly versions: readonly InstallerVersion[];
  /** Keys below `status` where the installer writes `{ status: 'enabled' }`; absent: nowhere, and then `configz` tells, if anything does. */
  readonly statusPath?: readonly string[];
  /** The answer of `configz` that tells, where the status does not. */
  readonly configz?: keyof Configz;
  /** Keys below `spec` of what its settings stand under. */
  readonly section: readonly string[];
  /** By the path of their keys below {@link AnyComponent.section}. */
  readonly settings: { readonly [S in keyof ComponentSettings[N]]: Setting<ComponentSettings[N][S]> };
}

/** A component that can be switched: how, and what becomes of it. All are off by default. */
export interface PluggableComponent<N extends PluggableName = PluggableName> extends AnyComponent<N> {
  readonly pluggable: true;
  /** Keys below `spec` of ClusterConfiguration ks-installer that switch it, each with its values for on and off. */
  readonly switches: readonly {
    readonly path: readonly string[];
    readonly on: string | boolean;
    readonly off: string | boolean;
  }[];
  /** Components that bring it along, switched on or not. */
  readonly comesWith?: readonly PluggableName[];
  /** What stays on the cluster when it is switched off: the installer removes nothing. */
  readonly leaves: string;
}

/** A component that cannot be switched. */
export interface FixedComponent<N extends FixedName = FixedName> extends AnyComponent<N> {
  readonly pluggable: false;
  /** Why not, and what decides instead. */
  readonly why: string;
  /** When the spec asks for it: `always`, or for that value. Absent: others bring it along. */
  readonly asked?: 'always' | { readonly path: readonly string[]; readonly is: string };
}

/** One component. */
export type Component = PluggableComponent | FixedComponent;

/** Every component by its name. */
export type Catalogue = { readonly [N in PluggableName]: PluggableComponent<N> } & {
  readonly [N in FixedName]: FixedComponent<N>;
};
