import { FederationError } from '../errors.ts';
import { abortError } from '../internal/signal.ts';
import type { CallOptions } from '../types.ts';
import type { Claim } from './journal.ts';
import { type Clock, pauseFor } from './time.ts';

/** Who holds a run. Every write has the next turn; that is how an observer sees that somebody is alive. */
export interface ClaimRecord {
  readonly turn: number;
  /** `null` once given back. */
  readonly holder: string | null;
}

/** Where the claim of one run is kept: the only thing that a journal must bring to be claimed. */
export interface ClaimRegister {
  read(options?: CallOptions): Promise<ClaimRecord | undefined>;
  /** Writes the record whose turn is one above the present one; `false` where somebody else was first. */
  write(record: ClaimRecord, options?: CallOptions): Promise<boolean>;
}

/** For whom {@link takeClaim} claims, and how long a claim lasts. */
interface ClaimOptions extends Pick<CallOptions, 'signal'> {
  readonly runId: string;
  readonly driver: string;
  readonly clock: Clock;
  readonly claimMs: number;
}

/** How long a claim lasts that is not renewed. */
export const defaultClaimMs = 10_000;

/**
 * Takes the claim as soon as nobody holds it. A holder is gone when its turn did not change for `claimMs` by our own monotonic
 * clock; that it did change at all proves another driver at work.
 * @throws FederationError JOURNAL_CONFLICT when another driver is at work
 */
export async function takeClaim(register: ClaimRegister, options: ClaimOptions): Promise<Claim> {
  const { driver, clock, claimMs, signal } = options;
  const call = signal === undefined ? {} : { signal };
  let seen = await register.read(call);
  let since = clock.now();
  for (;;) {
    if (signal?.aborted) throw abortError(signal);
    if (seen === undefined || seen.holder === null || clock.now() - since >= claimMs) {
      const turn = (seen?.turn ?? 0) + 1;
      if (await register.write({ turn, holder: driver }, call)) return heldClaim(register, turn, options);
    } else await pauseFor(clock, claimMs / 10, signal);
    const now = await register.read(call);
    if (now?.turn === seen?.turn) continue;
    if (now !== undefined && now.holder !== null && now.holder !== driver) throw busy(options);
    seen = now;
    since = clock.now();
  }
}

function heldClaim(register: ClaimRegister, first: number, { runId, driver, clock, claimMs }: ClaimOptions): Claim {
  const lost = new AbortController();
  let turn = first;
  let renewedAt = clock.now();
  let queue: Promise<unknown> = Promise.resolve();

  const lose = (cause?: unknown, how = 'lost'): FederationError => {
    const error = new FederationError(
      'DRIVER_LOST',
      `The claim on run "${runId}" was ${how}; another driver may go on with it.`,
      { cause },
    );
    lost.abort(error);
    return error;
  };
  const write = async (holder: string | null, options: CallOptions): Promise<void> => {
    if (await register.write({ turn: turn + 1, holder }, options)) turn += 1;
    else {
      // The answer to our last write may have been lost: then what is there is ours, and counts.
      const there = await register.read(options);
      if (there?.holder !== driver) throw lose();
      turn = there.turn;
      if (!(await register.write({ turn: turn + 1, holder }, options))) throw lose();
      turn += 1;
    }
  };
  const renew = async (options: CallOptions): Promise<void> => {
    if (lost.signal.aborted) throw abortError(lost.signal);
    const asked = clock.now();
    try {
      await write(driver, options);
      renewedAt = asked;
    } catch (error) {
      if (!lost.signal.aborted && clock.now() - renewedAt >= claimMs) throw lose(error);
      throw error;
    }
  };
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  };
  let coming: Promise<void> | undefined;
  // Many who ask at once share the next renewal: it begins after each of them asked.
  const renewForAll = (): Promise<void> => {
    coming ??= inTurn(() => {
      coming = undefined;
      return renew({});
    });
    return coming;
  };
  return {
    renewEveryMs: claimMs / 3,
    lost: lost.signal,
    renew: (options) => (options === undefined ? renewForAll() : inTurn(() => renew(options))),
    [Symbol.asyncDispose]: () => {
      // Who asks from now on comes after the end.
      coming = undefined;
      return inTurn(async () => {
        if (lost.signal.aborted) return;
        try {
          await write(null, {});
        } finally {
          lose(undefined, 'given back');
        }
      });
    },
  };
}

function busy({ runId }: ClaimOptions): FederationError {
  return new FederationError(
    'JOURNAL_CONFLICT',
    `Run "${runId}" is being driven by another driver right now. Pause it there, or wait until it rests.`,
  );
}
