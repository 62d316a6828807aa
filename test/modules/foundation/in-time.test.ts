import { describe, expect, it } from 'vitest';
import { sleep } from '../../../src/internal/signal.ts';
import { inTime } from '../../../src/modules/in-time.ts';

describe('a call of several requests', () => {
  const requests = async ({ signal }: { readonly signal: AbortSignal }): Promise<string> => {
    for (let each = 0; each < 4; each += 1) await sleep(100, signal);
    return 'answered';
  };

  it('is over when all of them together took longer than its limit, though none of them did', async () => {
    await expect(inTime({ timeoutMs: 250 }, 'read it all', requests)).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/^read it all took longer than 250 ms/),
    });
  });

  it('has no limit but that, hands on what else it was told, and follows the signal of its caller', async () => {
    expect(await inTime({}, 'read it all', requests)).toBe('answered');
    const own = new AbortController();
    const options = { signal: own.signal, retry: false, timeoutMs: 60_000 } as const;
    const calling = inTime(options, 'read it all', async ({ signal, retry, timeoutMs }) => {
      expect([retry, timeoutMs]).toEqual([false, 60_000]);
      own.abort();
      await sleep(60_000, signal);
    });
    await expect(calling).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
