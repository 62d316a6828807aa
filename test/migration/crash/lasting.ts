import { chance } from '../../../src/testing/chance.ts';
import { clusters, type Lasting, type Scenario } from './scenario.ts';

/** What can befall a whole cluster for a while. */
export const lastingKinds = [
  'cluster unreachable',
  'controller down',
  'certificate expired',
  'clock skew',
  'controller slow',
] as const;
export type LastingKind = (typeof lastingKinds)[number];

export function ofLasting({ lasting: { fault } }: Required<Pick<Scenario, 'lasting'>>): LastingKind {
  if (fault === 'unreachable') return 'cluster unreachable';
  if (fault === 'certificate-expired') return 'certificate expired';
  if ('skewMs' in fault) return 'clock skew';
  return 'slowMs' in fault ? 'controller slow' : 'controller down';
}

/** In how many places of a run each of these befalls each cluster. */
export const placesOfLasting = 12;

/** Over before a driver notices much, over while it tries again, and over when some periods of every controller have passed. */
const durations = [20_000, 200_000, 600_000];
/** Longer than a step is tried again, each of its requests some times over, on the wall's clock at the sandbox's speed: its driver gives up. */
const awayMs = 8_000_000;
/** Every so-maniest time that a cluster is away it is so for that long: it takes its time. */
const awayEvery = 6;
/** Ahead, and so far behind that a certificate made today is not valid yet. */
const skews = [3_600_000, -3_600_000];
const slowMs = 15_000;

const ofHosts = [
  ...['ks-controller-manager', 'kube-controller-manager', 'kubefed'],
  ...['cluster', 'user', 'workspace', 'workspacetemplate', 'kubefedcluster', 'kubefed users', 'kubefed workspaces'],
  ...['garbage-collector', 'service-account-tokens'],
];
/** Those that the migration waits for, and those that could take a project along. */
const controllersOf: Readonly<Record<Lasting['cluster'], readonly string[]>> = {
  a: ofHosts,
  b: ofHosts,
  m: [
    ...['ks-controller-manager', 'kube-controller-manager', 'ks-installer', 'installer'],
    ...['namespace', 'workspace', 'workspacetemplate', 'user', 'workspaceroles', 'helmrelease'],
    ...['garbage-collector', 'namespace-lifecycle'],
  ],
};

const nexts = ['resume', 'rollback'] as const;

/** Each kind at each cluster, from drawn records on, one in each part of a run of so many records; controllers in turn. */
export function* everyLasting(
  records: number,
  random: () => number,
): Generator<Required<Pick<Scenario, 'lasting'>> & Pick<Scenario, 'next'>> {
  for (const kind of lastingKinds)
    for (const cluster of clusters) {
      const own = chance(Math.floor(random() * 2 ** 32));
      const first = Math.floor(own() * placesOfLasting);
      for (const [index, record] of places(records, placesOfLasting, own).entries()) {
        const turn = first + index;
        const away = kind === 'cluster unreachable' && turn % awayEvery === 0;
        const forMs = away ? awayMs : drawn(durations, own);
        yield { lasting: { record, cluster, fault: faultOf(kind, cluster, turn), forMs }, next: drawn(nexts, own) };
      }
    }
}

function faultOf(kind: LastingKind, cluster: Lasting['cluster'], turn: number): Lasting['fault'] {
  const controller = inTurn(controllersOf[cluster], turn);
  switch (kind) {
    case 'cluster unreachable':
      return 'unreachable';
    case 'certificate expired':
      return 'certificate-expired';
    case 'clock skew':
      return { skewMs: inTurn(skews, turn) };
    case 'controller down':
      return { controller, down: true };
    case 'controller slow':
      return { controller, slowMs };
  }
}

/** Of the places from 1 to `count` so many, one drawn in each part of equal length; all of them where there are no more. */
export function places(count: number, many: number, random: () => number): readonly number[] {
  const drawn = Array.from({ length: many }, (_, part) => Math.floor(((part + random()) / many) * count) + 1);
  return count <= many ? Array.from({ length: count }, (_, index) => index + 1) : [...new Set(drawn)];
}

const drawn = <T>(from: readonly T[], random: () => number): T => inTurn(from, Math.floor(random() * from.length));

function inTurn<T>(from: readonly T[], turn: number): T {
  const found = from[turn % from.length];
  if (found === undefined) throw new RangeError(`There is none of ${from.length} to take at turn ${turn}.`);
  return found;
}
