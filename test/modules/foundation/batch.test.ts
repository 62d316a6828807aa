import { describe, expect, it } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { abortError } from '../../../src/internal/signal.ts';
import { performEach } from '../../../src/modules/batch.ts';

const changed = async () => ({ outcome: 'changed', result: undefined }) as const;

describe('a call over many items', () => {
  it('answers with what became of each, in their order, and tells how far it is', async () => {
    const seen: unknown[] = [];
    const outcomes = await performEach(
      ['x', 'y', 'z'],
      'write',
      async (item) => (item === 'y' ? { outcome: 'already', result: undefined, why: 'it is so' } : changed()),
      { concurrency: 2, onProgress: (progress) => seen.push(progress) },
    );
    expect(outcomes.map(({ item, outcome }) => [item, outcome])).toEqual([
      ['x', 'changed'],
      ['y', 'already'],
      ['z', 'changed'],
    ]);
    expect(seen).toHaveLength(3);
    expect(seen.at(-1)).toEqual({ done: 3, failed: 0, total: 3 });
  });

  it('does all that can be done, and then fails with every outcome', async () => {
    const tried: string[] = [];
    const write = async (item: string) => {
      tried.push(item);
      if (item === 'x') throw new FederationError('CONFLICT', 'm: it changed.', { retryable: true });
      return changed();
    };
    await expect(performEach(['x', 'y'], 'bind', write, { concurrency: 1 })).rejects.toMatchObject({
      code: 'BATCH_FAILED',
      retryable: true,
      message: expect.stringMatching(/^bind: 1 of 2 failed: x: m: it changed\. What is done is left/),
      details: {
        items: [
          { item: 'x', outcome: 'failed', error: { code: 'CONFLICT' } },
          { item: 'y', outcome: 'changed' },
        ],
      },
    });
    expect(tried).toEqual(['x', 'y']);
  });

  it('tells what each would do, where some cannot be asked', async () => {
    const forecast = { effect: 'change', changes: [] } as const;
    const write = async (item: string) => {
      if (item === 'x') throw new FederationError('NOT_FOUND', 'm: there is no x.');
      return { outcome: 'dry-run', forecast } as const;
    };
    await expect(performEach(['x', 'y'], 'bind', write, { dryRun: true })).rejects.toMatchObject({
      details: { items: [{ outcome: 'failed' }, { item: 'y', outcome: 'dry-run', forecast }] },
    });
  });

  it('begins none after it was aborted, and says so of each', async () => {
    const controller = new AbortController();
    const tried: string[] = [];
    const write = async (item: string) => {
      tried.push(item);
      controller.abort();
      return changed();
    };
    const failing = performEach(['x', 'y'], 'bind', write, { concurrency: 1, signal: controller.signal });
    await expect(failing).rejects.toMatchObject({
      details: { items: [{ outcome: 'changed' }, { outcome: 'failed', error: { code: 'ABORTED' } }] },
    });
    expect(tried).toEqual(['x']);
  });

  it('is not disturbed by a listener that throws, and does not hide a defect', async () => {
    const onProgress = () => {
      throw new Error('deaf');
    };
    expect(await performEach(['x'], 'bind', changed, { onProgress })).toHaveLength(1);
    const defect = async () => Promise.reject(new TypeError('a defect'));
    await expect(performEach(['x'], 'bind', defect)).rejects.toThrow(TypeError);
  });

  it('has one time limit for all: those that it comes too late for are not begun, and say why', async () => {
    const tried: string[] = [];
    const write = async (item: string, { signal }: { readonly signal: AbortSignal }) => {
      tried.push(item);
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      throw abortError(signal);
    };
    await expect(performEach(['x', 'y'], 'write', write, { concurrency: 1, timeoutMs: 20 })).rejects.toMatchObject({
      code: 'BATCH_FAILED',
      details: {
        items: [
          { item: 'x', error: { code: 'TIMEOUT' } },
          { item: 'y', error: { code: 'TIMEOUT', message: 'write took longer than 20 ms. This item was not begun.' } },
        ],
      },
    });
    expect(tried).toEqual(['x']);
  });

  it('names items by what they are called, and what the others came to', async () => {
    const write = async (item: { readonly cluster: string; readonly name: string }) => {
      if (item.name === 'web') throw new FederationError('NOT_FOUND', 'm: there is none');
      return { outcome: 'changed', result: { uid: 'u' } } as const;
    };
    const items = [
      { cluster: 'm', name: 'web' },
      { cluster: 'm', name: 'api' },
    ];
    await expect(performEach(items, 'bind 2 project(s)', write)).rejects.toMatchObject({
      message: expect.stringMatching(/^bind 2 project\(s\): 1 of 2 failed: m\/web: m: there is none\. What is done/),
      details: { items: [{ outcome: 'failed' }, { outcome: 'changed', result: { uid: 'u' } }] },
    });
  });
});
