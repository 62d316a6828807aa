import { type Asked, asked, type Extent, faultsOf, type Scenario, type Stop, type Struck } from './scenario.ts';

/** What can befall a run, in the order in which a search comes to each kind first. */
export const misfortunes = [
  'after a record',
  'after a write',
  'fault of a write',
  'fault of a list',
  'fault of a watch',
  'fault of a get',
  'fault, then stop',
  'stop, then fault',
  'two stops',
  'before a record',
  'before a write',
  'late write',
] as const;
export type Misfortune = (typeof misfortunes)[number];

/** What every search plays: each stop, and each fault of what writes or waits. The rest takes a night, and is played when asked for. */
export const usual: ReadonlySet<Misfortune> = new Set<Misfortune>([
  'before a record',
  'after a record',
  'before a write',
  'after a write',
  'late write',
  'fault of a write',
  'fault of a watch',
]);

export function ofStop(stop: Stop): Misfortune {
  if ('record' in stop) return `${stop.when} a record`;
  return stop.when === 'late' ? 'late write' : `${stop.when} a write`;
}

export function ofFault({ of }: Pick<Struck, 'of'>): Misfortune {
  return `fault of a ${of}`;
}

/** A scenario and what befalls its run. */
interface Case {
  readonly kind: Misfortune;
  readonly scenario: Scenario;
}

const nexts = ['resume', 'rollback'] as const;
/** How far into its work whoever comes next meets something, at most: it may have little left to do. */
const early = 30;

/**
 * Every stop with each way to go on, and every fault of every request, of runs of that extent. Then pairs, one or two for each of
 * those: each stop followed by another stop, and by a fault of the next driver's; each fault followed by a stop of the same driver.
 * Which other one that is, is drawn with `random`.
 */
export function* everyScenario(input: Scenario['input'], extent: Extent, random: () => number): Generator<Case> {
  const stops = everyStop(extent);
  const faults = everyFault(extent);
  const soon = {
    stops: stops.filter((stop) => placeOf(stop) <= early),
    faults: faults.filter(({ nth }) => nth <= early),
  };
  for (const next of nexts)
    for (const stop of stops) {
      yield { kind: ofStop(stop), scenario: { input, stops: [stop], next } };
      const second = drawn(soon.stops, random);
      if (second !== undefined) yield { kind: 'two stops', scenario: { input, stops: [stop, second], next } };
      const fault = drawn(soon.faults, random);
      if (fault !== undefined)
        yield { kind: 'stop, then fault', scenario: { input, stops: [stop], fault: { ...fault, drive: 2 }, next } };
    }
  for (const fault of faults) {
    yield { kind: ofFault(fault), scenario: { input, fault, stops: [], next: 'resume' } };
    const past = fault.nth / extent[fault.of];
    const stop = drawn(
      stops.filter((one) => placeOf(one) / extent['record' in one ? 'record' : 'write'] >= past),
      random,
    );
    const next = drawn(nexts, random) ?? 'resume';
    if (stop !== undefined) yield { kind: 'fault, then stop', scenario: { input, fault, stops: [stop], next } };
  }
}

function everyStop(extent: Extent): readonly Stop[] {
  const ofRecords = (['before', 'after'] as const).map(
    (when) =>
      (record: number): Stop => ({ record, when }),
  );
  const ofWrites = (['before', 'after', 'late'] as const).map(
    (when) =>
      (write: number): Stop => ({ write, when }),
  );
  return [
    ...numbers(extent.record).flatMap((nth) => ofRecords.map((stop) => stop(nth))),
    ...numbers(extent.write).flatMap((nth) => ofWrites.map((stop) => stop(nth))),
  ];
}

function everyFault(extent: Extent): readonly Struck[] {
  const of = (kind: Asked): Struck[] =>
    numbers(extent[kind]).flatMap((nth) => faultsOf[kind].map((fault) => ({ drive: 1, of: kind, nth, fault })));
  return asked.flatMap(of);
}

const placeOf = (stop: Stop): number => ('record' in stop ? stop.record : stop.write);

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

function drawn<T>(from: readonly T[], random: () => number): T | undefined {
  return from[Math.floor(random() * from.length)];
}

/** In an order that `random` draws, one of each kind in turn. */
export function inTurns(cases: Iterable<Case>, random: () => number): readonly Case[] {
  const ranked = Array.from(cases, (one) => ({ one, rank: random() })).sort((a, b) => a.rank - b.rank);
  const rounds = new Map<Misfortune, number>();
  const turn = ({ one: { kind } }: (typeof ranked)[number]): number => {
    const round = rounds.get(kind) ?? 0;
    rounds.set(kind, round + 1);
    return round * misfortunes.length + misfortunes.indexOf(kind);
  };
  return ranked
    .map((each) => ({ one: each.one, at: turn(each) }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}
