import { isDeepStrictEqual } from 'node:util';
import { FederationError } from '../../errors.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { readInstallation } from '../../kubesphere/installation.ts';
import { type ClusterConfiguration, kubesphere } from '../../kubesphere/resources.ts';
import type { Json } from '../../types.ts';
import { refOf } from '../changes.ts';
import type { PluggableComponent } from '../components/component.ts';
import { configurationAt, installedState, valueAt } from '../components/state.ts';
import { notServed, type WantedSetting } from '../components/wanted-settings.ts';
import type { Operation } from '../operation.ts';
import { edit } from '../work.ts';

const resource = kubesphere.clusterConfigurations;

/** What `components.enable` and `disable` yields. */
export interface Switched {
  /** What of the component is on the cluster and stays there, of one that was switched off. */
  readonly leaves?: string;
}

/** The values of the switches and of the settings given, in their order. */
type Former = readonly Json[];

/** A body that sets values under paths. */
function bodyOf(
  values: readonly (readonly [path: readonly string[], value: Json])[],
): Readonly<Record<string, unknown>> {
  const body: Record<string, unknown> = {};
  for (const [path, value] of values) {
    let here = body;
    for (const key of path.slice(0, -1)) {
      here[key] ??= {};
      here = here[key] as Record<string, unknown>;
    }
    const last = path.at(-1);
    if (last !== undefined) here[last] = value;
  }
  return body;
}

/**
 * Switches a component on or off in the spec of a cluster's ClusterConfiguration, and sets its settings along, by UID and resourceVersion:
 * any change there makes the installer run. Proven is that the order stands; what the installer makes of it takes minutes.
 */
export function switchComponent(
  cluster: KubeSphereCluster,
  component: PluggableComponent,
  to: 'on' | 'off',
  settings: readonly WantedSetting[] = [],
): Operation<Former, Switched> {
  const { switches, name, title } = component;
  const wanted: readonly Json[] = [...switches.map((one) => one[to]), ...settings.map(({ value }) => value)];
  const paths = [...switches, ...settings].map(({ path }) => path);
  const valuesIn = ({ spec }: Pick<ClusterConfiguration, 'spec'>): Former =>
    paths.map((path) => (valueAt(spec, path) ?? null) as Json);
  // A switch that is not there is off.
  const is = (configuration: Pick<ClusterConfiguration, 'spec'>): boolean =>
    valuesIn(configuration).every(
      (value, index) =>
        isDeepStrictEqual(value, wanted[index]) || (to === 'off' && index < switches.length && value === null),
    );
  const areSet = (configuration: Pick<ClusterConfiguration, 'spec'>): boolean =>
    settings.every(({ path, value }) => isDeepStrictEqual(valueAt(configuration.spec, path), value));
  const fields = (values: Former): Json =>
    Object.fromEntries(paths.map((path, index) => [`/spec/${path.join('/')}`, values[index] ?? null]));
  const out: Switched = to === 'off' ? { leaves: component.leaves } : {};
  const set = (work: Parameters<typeof edit>[0], values: Former): Promise<ClusterConfiguration> =>
    edit(work, { cluster, resource, name: configurationAt }, (now) =>
      isDeepStrictEqual(valuesIn(now), values)
        ? undefined
        : {
            type: 'merge',
            body: { spec: bodyOf(paths.map((path, index) => [path, values[index] ?? null] as const)) },
          },
    );
  return {
    async forecast({ signal }) {
      if (component.where === 'host' && to === 'on') {
        const { role } = await readInstallation(cluster.connection, { signal });
        if (role !== 'host')
          return {
            effect: 'blocked',
            why: `${cluster.name} is ${role === 'member' ? 'a member' : 'no host'}: ${title} works on the host alone, and switched on here it has no effect.`,
            remedy: 'Enable it on the host; its apps run on members all the same.',
          };
      }
      const unknown = notServed(settings, cluster.version);
      if (unknown.length > 0)
        return {
          effect: 'blocked',
          why: `${cluster.name} has KubeSphere ${cluster.version.text}, whose ${title} has no ${unknown.join(', ')}.`,
          remedy: 'Leave that out there.',
        };
      const now = await cluster.connection.get(resource, configurationAt, { signal });
      const installed = installedState(now, component);
      if (installed === 'enabled' && !areSet(now))
        return {
          effect: 'blocked',
          why: `${cluster.name}: ${title} is installed, and the installer skips what is: other settings would have no effect.`,
          remedy: `Remove /status/${component.statusPath?.join('/')} of ClusterConfiguration ${configurationAt.name} first, which makes it run anew with them, or leave them out.`,
        };
      if (is(now)) {
        const still = to === 'on' && installed !== undefined && installed !== 'enabled';
        return {
          effect: 'none',
          why: `component ${name} is switched ${to} already${still ? ', and the installer is not done with it' : ''}`,
          out,
        };
      }
      return {
        effect: 'change',
        changes: [
          {
            verb: 'update',
            resource: refOf(cluster.name, resource, now.metadata),
            before: fields(valuesIn(now)),
            after: fields(wanted),
          },
        ],
        expects: out,
      };
    },
    capture: async ({ signal }) => valuesIn(await cluster.connection.get(resource, configurationAt, { signal })),
    async run(work) {
      cluster.dialect;
      await set(work, wanted);
      return out;
    },
    async verify({ signal }) {
      const now = await cluster.connection.find(resource, configurationAt, { signal });
      // The installer may be making it anew, from the spec that it found.
      if (now === undefined || is(now)) return;
      throw new FederationError(
        'NOT_OBSERVED',
        `${cluster.name}: component ${name} was switched ${to}, and is not so any more. Which tool writes ClusterConfiguration ${configurationAt.name}?`,
        { retryable: true },
      );
    },
    async compensate(work, before) {
      await set(work, before);
    },
  };
}
