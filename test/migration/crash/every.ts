import { everyLasting, lastingKinds, ofLasting, places } from './lasting.ts';
import { type Asked, asked, type Extent, faultsOf, type Scenario, type Stop, type Struck } from './scenario.ts';

/** What can befall a run, in the order in which a search comes to each kind first. */
export const misfortunes = [
  'after a record',
  'after a write',
  'fault of a write',
  'fault of a list',
  'fault of a watch',
  'fault of a get',
  ...lastingKinds,
  'fault, then stop',
  'stop, then fault',
  'two stops',
  'before a record',
  'before a write',
  'late write',
] as const;
export type Misfortune = (typeof misfortunes)[number];

/**
 * Of what every search plays all: each stop, each fault of what writes or waits, what lasts. Of faults of other reads it plays a drawn
 * share. The rest takes a night, and is played when asked for.
 */
const whole: ReadonlySet<Misfortune> = new Set<Misfortune>([
  'before a record',
  'after a record',
  'before a write',
  'after a write',
  'late write',
  'fault of a write',
  'fault of a watch',
  ...lastingKinds,
]);
/** In how many places every search plays each fault of the other reads. */
export const placesOfReads = 40;

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
  /** Whether every search plays it, and not only one of all. */
  readonly usual: boolean;
}

const nexts = ['resume', 'rollback'] as const;
/** How far into its work whoever comes next meets something, at most: it may have little left to do. */
const early = 30;

/**
 * Every stop with each way to go on, every fault of every request, and what befalls whole clusters, of runs of that extent. Then
 * pairs, one or two for each of the stops and faults of requests: each stop followed by another stop, and by a fault of the next
 * driver's; each fault followed by a stop of the same driver. Which other one that is, is drawn with `random`; so are the places of
 * what befalls clusters, and the faults of reads that are usual.
 */
export function* everyScenario(input: Scenario['input'], extent: Extent, random: () => number): Generator<Case> {
  // Drawn first, and as often whatever the extent is: runs of one kind differ a little, and workers share out what each draws.
  const lasting = [...everyLasting(extent.record, random)];
  const reads = usualReads(extent, random);
  const stops = everyStop(extent);
  const faults = everyFault(extent);
  for (const one of lasting) yield { kind: ofLasting(one), scenario: { input, stops: [], ...one }, usual: true };
  const soon = {
    stops: stops.filter((stop) => placeOf(stop) <= early),
    faults: faults.filter(({ nth }) => nth <= early),
  };
  for (const next of nexts)
    for (const stop of stops) {
      yield { kind: ofStop(stop), scenario: { input, stops: [stop], next }, usual: true };
      const second = drawn(soon.stops, random);
      if (second !== undefined)
        yield { kind: 'two stops', scenario: { input, stops: [stop, second], next }, usual: false };
      const fault = drawn(soon.faults, random);
      if (fault !== undefined)
        yield {
          kind: 'stop, then fault',
          scenario: { input, stops: [stop], fault: { ...fault, drive: 2 }, next },
          usual: false,
        };
    }
  for (const fault of faults) {
    const kind = ofFault(fault);
    const usual = whole.has(kind) || reads.has(JSON.stringify(fault));
    yield { kind, scenario: { input, fault, stops: [], next: 'resume' }, usual };
    const past = fault.nth / extent[fault.of];
    const stop = drawn(
      stops.filter((one) => placeOf(one) / extent['record' in one ? 'record' : 'write'] >= past),
      random,
    );
    const next = drawn(nexts, random) ?? 'resume';
    if (stop !== undefined)
      yield { kind: 'fault, then stop', scenario: { input, fault, stops: [stop], next }, usual: false };
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

/** The faults of lists and gets that every search plays, as JSON: each fault in so many places, drawn one in each part of the run. */
function usualReads(extent: Extent, random: () => number): ReadonlySet<string> {
  const drawn = (['list', 'get'] as const).flatMap((of) =>
    faultsOf[of].flatMap((fault) =>
      places(extent[of], placesOfReads, random).map((nth): Struck => ({ drive: 1, of, nth, fault })),
    ),
  );
  return new Set(drawn.map((one) => JSON.stringify(one)));
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
