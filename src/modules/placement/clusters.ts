import { FederationError } from '../../errors.ts';
import { canonical } from '../../internal/digest.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { hostLabel, kubefedNamespace } from '../../kubesphere/names.ts';
import {
  type Cluster,
  type KubeFedCluster,
  kubesphere,
  type LabelSelector,
  type Placement,
} from '../../kubesphere/resources.ts';
import type { FederationEnv } from '../env.ts';
import { called, placedAt, type Subject } from './subject.ts';

/** A cluster as a placement can mean it: by its name, or by its labels. */
export interface Placeable {
  readonly name: string;
  readonly host: boolean;
  /** UID of its kube-system, where its Cluster object tells. */
  readonly uid: string | undefined;
  /** kubefed has it: only there are copies made and deleted. */
  readonly joined: boolean;
  /** kubefed reaches it. */
  readonly ready: boolean;
  /** Labels of its Cluster, and of its KubeFedCluster, which is what kubefed looks at. */
  readonly labels: readonly Readonly<Record<string, string>>[];
}

/** All clusters of a host by name, its own included: its Cluster objects and its KubeFedClusters. */
export async function placeables(
  { connection }: KubeSphereCluster,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Placeable>> {
  const [clusters, joined] = await Promise.all([
    connection.list(kubesphere.clusters, { signal }).toArray(),
    connection.list(kubesphere.kubeFedClusters, { namespace: kubefedNamespace, signal }).toArray(),
  ]);
  const names = new Set([...clusters, ...joined].map(({ metadata }) => metadata.name));
  return new Map(
    [...names].map((name) => [
      name,
      placeableOf(
        name,
        clusters.find(({ metadata }) => metadata.name === name),
        joined.find(({ metadata }) => metadata.name === name),
      ),
    ]),
  );
}

/** Names of those that kubefed has: whatever bears its mark goes there, placed or not (domain reference, 2.6). */
export const joinedOf = (all: ReadonlyMap<string, Placeable>): readonly string[] =>
  [...all.values()].filter(({ joined }) => joined).map(({ name }) => name);

/**
 * {@link placeables}, one cluster of them alone: for what is asked once for each of thousands.
 *
 * @param again - labels under which the host will have it again, where it has let go of it
 */
export async function placeablesNamed(
  { connection }: KubeSphereCluster,
  name: string,
  signal: AbortSignal,
  again?: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<string, Placeable>> {
  const [cluster, kubefed] = await Promise.all([
    connection.find(kubesphere.clusters, { name }, { signal }),
    connection.find(kubesphere.kubeFedClusters, { namespace: kubefedNamespace, name }, { signal }),
  ]);
  const now = placeableOf(name, cluster, kubefed);
  if (cluster !== undefined || kubefed !== undefined) return new Map([[name, now]]);
  return new Map(again === undefined ? [] : [[name, { ...now, labels: [again] }]]);
}

function placeableOf(name: string, cluster: Cluster | undefined, kubefed: KubeFedCluster | undefined): Placeable {
  const conditions = kubefed?.status?.conditions ?? [];
  return {
    name,
    host: hostLabel in (cluster?.metadata.labels ?? {}),
    uid: cluster?.status?.uid,
    joined: kubefed !== undefined,
    ready: conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
    labels: [cluster, kubefed].flatMap((object) => (object === undefined ? [] : [object.metadata.labels ?? {}])),
  };
}

/** Whether a selector takes these labels; `undefined` where it cannot be told: an operator that there is not. */
function selects(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean | undefined {
  const answers = matchExpressions.map(({ key, operator, values = [] }): boolean | undefined => {
    const value = labels[key];
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
      default:
        return undefined;
    }
  });
  if (Object.entries(matchLabels).some(([key, value]) => labels[key] !== value) || answers.includes(false))
    return false;
  return answers.includes(undefined) ? undefined : true;
}

/**
 * The clusters that a placement means, out of those that there are. A selector is held against the labels of both objects of a
 * cluster, which may differ for a while: `possibly` takes what either says, `surely` what both say.
 */
export function resolve(
  { clusters, clusterSelector }: Placement,
  all: ReadonlyMap<string, Placeable>,
  how: 'possibly' | 'surely',
): readonly string[] {
  if (clusters !== undefined) return clusters.map(({ name }) => name).filter((name) => all.has(name));
  if (clusterSelector === undefined) return [];
  return [...all.values()]
    .filter(({ labels }) => {
      const answers = labels.map((one) => selects(clusterSelector, one));
      return how === 'surely' ? answers.every((one) => one === true) : answers.some((one) => one !== false);
    })
    .map(({ name }) => name);
}

/**
 * The clusters that a change of placement takes it off: what possibly was placed there and surely is not any more. A name that the
 * host has no cluster for is none of them: nobody is there who could delete anything.
 */
export function leavingOf(now: Placement, next: Placement, all: ReadonlyMap<string, Placeable>): readonly string[] {
  const stays = new Set(resolve(next, all, 'surely'));
  return resolve(now, all, 'possibly').filter((name) => !stays.has(name));
}

/** The clusters that a change of placement brings it to. */
export function arrivingOf(now: Placement, next: Placement, all: ReadonlyMap<string, Placeable>): readonly string[] {
  const was = new Set(resolve(now, all, 'possibly'));
  return resolve(next, all, 'surely').filter((name) => !was.has(name));
}

/** The name that placements have for a cluster: that of its Cluster object. @throws FederationError `NOT_FOUND` */
export async function placedAs({ host }: FederationEnv, cluster: string, signal: AbortSignal): Promise<string> {
  const found = await host.connection.find(kubesphere.clusters, { name: cluster }, { signal });
  if (found !== undefined) return cluster;
  const all = cluster === host.name ? await host.connection.list(kubesphere.clusters, { signal }).toArray() : [];
  const own = all.find(({ metadata }) => hostLabel in (metadata.labels ?? {}));
  if (own !== undefined) return own.metadata.name;
  throw new FederationError(
    'NOT_FOUND',
    `${host.name} has no cluster "${cluster}". federation.clusters.list() tells which it has.`,
  );
}

/** Whether two placements say the same. */
export const samePlacement = (a: Placement, b: Placement): boolean => canonical(a) === canonical(b);

/** A name that is none of a cluster, and was not there before, is misspelt. @throws FederationError `NOT_FOUND` */
export async function refuseUnknown(
  { host }: FederationEnv,
  of: Pick<Subject, 'kind' | 'name'>,
  { clusters = [] }: Placement,
  signal: AbortSignal,
): Promise<void> {
  const { resource, name } = placedAt(of);
  const { spec } = await host.connection.get(resource, name, { signal });
  const all = await placeables(host, signal);
  const before = (spec.placement?.clusters ?? []).map((one) => one.name);
  const unknown = clusters.find((one) => !all.has(one.name) && !before.includes(one.name));
  if (unknown === undefined) return;
  throw new FederationError(
    'NOT_FOUND',
    `${host.name} has no cluster "${unknown.name}"; ${called(of)} was left as it is. federation.clusters.list() tells which there are.`,
  );
}
