import type { ClusterConfiguration } from '../../../kubesphere/resources.ts';
import type { SandboxVersion } from '../../attach.ts';
import { recordAt } from '../../server/object.ts';
import { roleOf } from '../kubesphere-config.ts';

type Spec = ClusterConfiguration['spec'];
/** Where the status says of a component that it is installed. */
type Path = readonly string[];
type Wanted = readonly [status: Path, wanted: (spec: Spec) => boolean];

/** Components of the model that are enabled with `spec.NAME.enabled` and then have an entry in the status. */
export const components = ['alerting', 'auditing', 'devops', 'events', 'logging', 'servicemesh'] as const;

const enabled = (spec: Spec, ...path: Path): boolean => recordAt(spec, ...path)['enabled'] === true;
const anyOf = (spec: Spec, ...names: readonly string[]): boolean => names.some((name) => enabled(spec, name));
const isInstalled = (status: unknown, path: Path): boolean => recordAt(status, ...path)['status'] === 'enabled';

/** Whose entries and indices need a search engine. */
const searched = ['logging', 'events', 'auditing', 'servicemesh'] as const;

/** What others stand on (playbooks/common), in its order. On 3.4 one of the two search engines, whichever was there first. */
const common: Readonly<Record<SandboxVersion, readonly Wanted[]>> = {
  '3.3': commonWith([[['es'], (spec) => anyOf(spec, ...searched)]]),
  '3.4': commonWith([
    [['es'], (spec) => anyOf(spec, ...searched) && enabled(spec, 'common', 'es')],
    [['opensearch'], (spec) => anyOf(spec, ...searched) && enabled(spec, 'common', 'opensearch')],
  ]),
};

function commonWith(engines: readonly Wanted[]): readonly Wanted[] {
  return [
    [['redis'], (spec) => enabled(spec, 'common', 'redis')],
    [['openldap'], (spec) => enabled(spec, 'common', 'openldap') || enabled(spec, 'devops')],
    [
      ['minio'],
      (spec) =>
        (enabled(spec, 'devops') || enabled(spec, 'openpitrix', 'store')) && !('s3' in recordAt(spec, 'common')),
    ],
    ...engines,
    [['fluentbit'], (spec) => anyOf(spec, 'logging', 'events', 'auditing')],
  ];
}

/** Everything else, all of it at once once ks-core is there. */
const rest: readonly Wanted[] = [
  [['monitoring'], () => true],
  ...components.map((name): Wanted => [[name], (spec) => enabled(spec, name)]),
  [['multicluster'], (spec) => roleOf(spec) === 'host'],
  [['metricsServer'], (spec) => enabled(spec, 'metrics_server')],
  [['gatekeeper'], (spec) => enabled(spec, 'gatekeeper')],
  [['edgeruntime'], (spec) => enabled(spec, 'edgeruntime') && enabled(spec, 'edgeruntime', 'kubeedge')],
  [['network', 'topology'], (spec) => recordAt(spec, 'network', 'topology')['type'] === 'weave-scope'],
  // A part of another's work: it comes after that, and lets that be done once more where it is missing.
  [['events', 'ruler'], (spec) => enabled(spec, 'events') && enabled(spec, 'events', 'ruler')],
];

/** What is installed before ks-core, by the path of its entry in the status: what is there already is skipped. */
export function wantedBefore({ spec, status }: ClusterConfiguration, version: SandboxVersion): readonly Path[] {
  const engine = ['es', 'opensearch'].find((name) => isInstalled(status, [name]));
  return fresh(common[version], { spec, status }).filter(
    ([name = '']) => engine === undefined || name === engine || !['es', 'opensearch'].includes(name),
  );
}

/** What is installed after it, each with the paths that its work writes, one after the other. */
export function wantedAfter(
  configuration: Pick<ClusterConfiguration, 'spec' | 'status'>,
): readonly (readonly Path[])[] {
  return [...Map.groupBy(fresh(rest, configuration), ([name]) => name)].map(([, paths]) => paths);
}

function fresh(
  all: readonly Wanted[],
  { spec, status }: { readonly spec: Spec; readonly status?: unknown },
): readonly Path[] {
  return all.filter(([path, wanted]) => wanted(spec) && !isInstalled(status, path)).map(([path]) => path);
}
