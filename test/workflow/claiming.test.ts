import { describe, expect, it, vi } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import { type ClaimRecord, type ClaimRegister, takeClaim } from '../../src/workflow/claiming.ts';
import { systemClock } from '../../src/workflow/time.ts';
import { failureOf } from './harness.ts';
import { virtualTime } from './virtual-time.ts';

/** A register in memory, and the faults of its writes. */
function register(first?: ClaimRecord) {
  const kept: { record: ClaimRecord | undefined } = { record: first };
  const faults: { before?: () => void; after?: () => void } = {};
  const own: ClaimRegister = {
    read: async () => kept.record,
    write: async (record) => {
      faults.before?.();
      if (record.turn !== (kept.record?.turn ?? 0) + 1) return false;
      kept.record = record;
      faults.after?.();
      return true;
    },
  };
  return { own, kept, faults };
}
const claimMs = 1_000;
const silent = () => {
  throw new FederationError('UNREACHABLE', 'No answer.', { retryable: true });
};

describe('rule 9: the claim counts by a monotonic clock', () => {
  it('whatever the wall clock does meanwhile', async () => {
    const { clock, until } = virtualTime();
    let day = 0;
    // Every look at the calendar shows another day.
    const date = (): string => {
      day += 1;
      return new Date(Date.UTC(2026, 0, day)).toISOString();
    };
    const { own, kept } = register({ turn: 1, holder: 'dead' });
    const claim = await until(takeClaim(own, { runId: 'r', driver: 'd', clock: { ...clock, date }, claimMs }));
    expect(clock.now()).toBeGreaterThanOrEqual(claimMs);
    expect(kept.record).toEqual({ turn: 2, holder: 'd' });
    expect(claim.lost.aborted).toBe(false);
  });

  it('which is not that of the calendar', () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const before = systemClock.now();
      vi.setSystemTime(Date.now() + 86_400_000);
      expect(systemClock.now() - before).toBeLessThan(86_400_000);
    } finally {
      vi.useRealTimers();
    }
  });

  it('and is at work as soon as its turn changes, however long it was silent before', async () => {
    const { clock, until } = virtualTime();
    const { own, kept } = register({ turn: 1, holder: 'alive' });
    const taking = takeClaim(own, { runId: 'r', driver: 'd', clock, claimMs });
    clock.after(claimMs - 1, () => {
      kept.record = { turn: 2, holder: 'alive' };
    });
    expect((await failureOf(until(taking))).code).toBe('JOURNAL_CONFLICT');
  });
});

describe('rule 5: a claim that is held', () => {
  const held = async () => {
    const { clock, until } = virtualTime();
    const made = register();
    const claim = await takeClaim(made.own, { runId: 'r', driver: 'd', clock, claimMs });
    const wait = (ms: number) => until(new Promise<void>((resolve) => void clock.after(ms, resolve)));
    return { ...made, claim, wait };
  };

  it('is its own after a renewal whose answer was lost', async () => {
    const { claim, faults, kept } = await held();
    faults.after = silent;
    expect((await failureOf(claim.renew())).code).toBe('UNREACHABLE');
    delete faults.after;
    await claim.renew();
    expect(claim.lost.aborted).toBe(false);
    expect(kept.record).toEqual({ turn: 3, holder: 'd' });
  });

  it('is lost once another has it', async () => {
    const { claim, kept } = await held();
    kept.record = { turn: 2, holder: 'other' };
    expect((await failureOf(claim.renew())).code).toBe('DRIVER_LOST');
    expect(claim.lost.aborted).toBe(true);
    await claim[Symbol.asyncDispose]();
    expect(kept.record).toEqual({ turn: 2, holder: 'other' });
  });

  it('is over for good once it was given back, also for who asked meanwhile', async () => {
    const { claim, kept } = await held();
    const end = claim[Symbol.asyncDispose]();
    expect((await failureOf(claim.renew())).code).toBe('DRIVER_LOST');
    await end;
    expect((await failureOf(claim.renew({}))).code).toBe('DRIVER_LOST');
    expect(claim.lost.aborted).toBe(true);
    expect(kept.record).toEqual({ turn: 2, holder: null });
  });

  it('is not renewed for who asks after it began to be given back', async () => {
    const { claim, kept } = await held();
    const before = claim.renew();
    const end = claim[Symbol.asyncDispose]();
    const after = failureOf(claim.renew());
    await Promise.all([before, end]);
    expect((await after).code).toBe('DRIVER_LOST');
    expect(kept.record).toEqual({ turn: 3, holder: null });
  });

  it('is over also where nobody hears that it was given back', async () => {
    const { claim, faults } = await held();
    faults.before = silent;
    await expect(claim[Symbol.asyncDispose]()).rejects.toThrow('No answer.');
    delete faults.before;
    expect((await failureOf(claim.renew())).code).toBe('DRIVER_LOST');
  });

  it('is lost when it could not be renewed for as long as it lasts, and not before', async () => {
    const { claim, faults, wait } = await held();
    faults.before = silent;
    await wait(claimMs - 1);
    expect((await failureOf(claim.renew())).code).toBe('UNREACHABLE');
    expect(claim.lost.aborted).toBe(false);
    await wait(1);
    expect((await failureOf(claim.renew())).code).toBe('DRIVER_LOST');
    expect(claim.lost.aborted).toBe(true);
  });
});

describe('renewing', () => {
  it('is shared by those who ask while another renewal is under way, and begins after they asked', async () => {
    const { clock, until } = virtualTime();
    const { own, kept } = register();
    const claim = await until(takeClaim(own, { runId: 'r', driver: 'd', clock, claimMs }));
    const first = kept.record?.turn ?? 0;
    await Promise.all([claim.renew(), claim.renew(), claim.renew()]);
    expect(kept.record?.turn).toBe(first + 1);
    const begun = claim.renew();
    await Promise.resolve();
    await Promise.resolve();
    await Promise.all([begun, claim.renew(), claim.renew()]);
    expect(kept.record?.turn).toBe(first + 3);
  });

  it('fails for all who share it', async () => {
    const { clock, until } = virtualTime();
    const { own, kept } = register();
    const claim = await until(takeClaim(own, { runId: 'r', driver: 'd', clock, claimMs }));
    kept.record = { turn: 9, holder: 'other' };
    const results = await Promise.allSettled([claim.renew(), claim.renew()]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(claim.lost.aborted).toBe(true);
  });
});
