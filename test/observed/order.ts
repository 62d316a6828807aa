import type { Delay } from './entry.ts';

/** Where a delay was measured. */
export interface Clock {
  /** What the delays of the controllers are divided by. */
  readonly speed: number;
  /** What the machine itself may add to any delay, in its own milliseconds: a floor under the comparison. */
  readonly machineMs: number;
}

/** A measured time as the model has it: controllers are faster here by the speed of the ground, clients are not. */
export function modelMs(tookMs: number, { client }: Delay, { speed }: Clock): number {
  return client === true ? tookMs : tookMs * speed;
}

/**
 * Whether a measured time is of the order of the observed one: within a factor of ten either way. What the machine adds
 * comes on top, and by nothing else can something be late. Nothing may come too early, but what a client does itself: how
 * fast that goes says nothing of the controllers.
 */
export function sameOrder(tookMs: number, observed: Delay, clock: Clock): boolean {
  const ms = modelMs(tookMs, observed, clock);
  return (
    (observed.client === true || ms >= observed.fromMs / 10) &&
    ms <= observed.toMs * 10 + modelMs(clock.machineMs, observed, clock)
  );
}
