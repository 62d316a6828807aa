import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimName, recordName } from '../../src/journal/names.ts';
import type { Connection } from '../../src/kube/connection.ts';
import { core } from '../../src/kube/resources.ts';
import type { InterceptedRequest } from '../../src/testing/index.ts';
import type { JournalEntry } from '../../src/workflow/journal.ts';
import { pruneRuns } from '../../src/workflow/prune.ts';
import { failureOf } from '../workflow/harness.ts';
import { all, type Bench, bench, driving, large, namespace, opened } from './kit.ts';

let on: Bench;
beforeEach(async () => {
  on = await bench();
});
afterEach(() => on[Symbol.asyncDispose]());

const closed = (outcome: 'completed' | 'rolled-back' | 'rollback-incomplete'): JournalEntry => ({
  at: '2026-01-01T00:00:03Z',
  driver: 'd1',
  type: 'closed',
  outcome,
});
const old = { olderThanMs: 1 };

/** A run of five records, one of them in parts, and a claim that was given back. */
async function record(runId: string, last: JournalEntry): Promise<void> {
  const journal = on.open();
  for (const [index, entry] of [opened, driving('d1'), large('d1'), driving('d2'), last].entries())
    await journal.append(runId, index + 1, entry);
  await (await journal.claim(runId, 'd1'))[Symbol.asyncDispose]();
}

const denied = {
  status: 403,
  body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', code: 403 },
};
const isDelete = ({ verb }: InterceptedRequest): boolean => verb === 'delete';

describe('removing runs', () => {
  it('takes away everything of a run that is over, and nothing else', async () => {
    await record('over', closed('completed'));
    await record('open', driving('d3'));
    await on.connection.create(core.configMaps, { metadata: { name: 'mine', namespace }, data: {} });
    const before = await on.names('open');
    expect(await pruneRuns(on.open(), old)).toEqual({ removed: ['over'], unreadable: [] });
    expect(await on.names('over')).toEqual([]);
    expect(await on.connection.find(core.leases, { namespace, name: claimName('over') })).toBeUndefined();
    expect(await on.names('open')).toEqual(before);
    await on.connection.get(core.leases, { namespace, name: claimName('open') });
    await on.connection.get(core.configMaps, { namespace, name: 'mine' });
  });

  it('takes parts along that a dead driver left', async () => {
    await record('over', closed('rolled-back'));
    let creates = 0;
    const stop = on.server.intercept(({ verb }) => {
      if (verb !== 'create') return undefined;
      creates += 1;
      return creates === 3 ? 'reset-before' : undefined;
    });
    await failureOf(on.open().append('over', 6, large('d9')));
    stop();
    await pruneRuns(on.open(), old);
    expect(await on.names('over')).toEqual([]);
  });

  it('leaves its id free, also where a driver of the run wrote once more after that and died', async () => {
    const frozen = on.open();
    await record('over', closed('completed'));
    await frozen.claim('over', 'd8');
    await pruneRuns(on.open(), old);
    const stop = on.server.intercept((request) => (isDelete(request) ? denied : undefined));
    expect((await failureOf(frozen.append('over', 6, large('d8')))).code).toBe('FORBIDDEN');
    stop();
    expect(await on.names('over')).toContain(recordName('over', 6));
    await on.open().append('over', 1, opened);
    await on.open().append('over', 2, driving('d9'));
    expect(await all(on.open().read('over'))).toEqual([opened, driving('d9')]);
    // Nothing of a run that is there is a stray.
    expect((await failureOf(on.open().append('over', 1, opened))).code).toBe('JOURNAL_CONFLICT');
    expect(await all(on.open().read('over'))).toHaveLength(2);
  });

  it('that dies at any deletion leaves no run that can be read, listed, driven or begun; the next removal finishes it', async () => {
    await record('over', closed('completed'));
    const objects = (await on.names('over')).length + 1;
    for (let dead = 1; dead < objects; dead += 1) {
      let deletes = 0;
      const stop = on.server.intercept((request) => {
        if (!isDelete(request)) return undefined;
        deletes += 1;
        return deletes > 1 ? denied : undefined;
      });
      expect((await failureOf(pruneRuns(on.open(), old))).code).toBe('FORBIDDEN');
      stop();
      expect(await on.names('over')).toContain(recordName('over', 1));
      expect(await all(on.open().runs())).toEqual([]);
      const left = await all(on.open().read('over')).catch((error: unknown) => error);
      if (Array.isArray(left)) expect(left).toEqual([]);
      else expect(left).toMatchObject({ code: 'JOURNAL_INVALID' });
      await expect(on.open().append('over', 6, driving('d9'))).rejects.toMatchObject({ code: 'JOURNAL_CONFLICT' });
      await expect(on.open().append('over', 1, opened)).rejects.toMatchObject({ code: 'JOURNAL_CONFLICT' });
      await expect(on.open().claim('over', 'd9')).rejects.toMatchObject({ code: 'RUN_UNKNOWN' });
    }
    expect(await pruneRuns(on.open(), old)).toEqual({ removed: ['over'], unreadable: [] });
    expect(await on.names('over')).toEqual([]);
  });

  it('leaves a run alone that is another one by the time it is marked', async () => {
    await record('over', closed('completed'));
    const meddling: Connection = {
      ...on.connection,
      async patch(resource, name, patch, options) {
        await on.replace(recordName('over', 1), (object) => object);
        return on.connection.patch(resource, name, patch, options);
      },
    };
    expect(await pruneRuns(on.open(meddling), old)).toEqual({ removed: [], unreadable: [] });
    expect(await all(on.open().read('over'))).toHaveLength(5);
  });

  it('leaves a run alone that somebody changed after it was judged', async () => {
    await record('over', closed('completed'));
    const name = { namespace, name: recordName('over', 1) };
    const keep = { type: 'merge', body: { metadata: { annotations: { keep: 'me' } } } } as const;
    const meddling: Connection = {
      ...on.connection,
      async patch(resource, there, patch, options) {
        await on.connection.patch(core.configMaps, name, keep);
        return on.connection.patch(resource, there, patch, options);
      },
    };
    expect(await pruneRuns(on.open(meddling), old)).toEqual({ removed: [], unreadable: [] });
    expect(await all(on.open().read('over'))).toHaveLength(5);
  });

  it.each([
    ['replaced', () => on.replace(recordName('over', 2), (object) => object)],
    [
      'changed',
      () =>
        on.connection.patch(
          core.configMaps,
          { namespace, name: recordName('over', 2) },
          { type: 'merge', body: { metadata: { annotations: { keep: 'me' } } } },
        ),
    ],
  ])('deletes only what it has seen: an object that was %s meanwhile stays', async (_, meddle) => {
    await record('over', closed('completed'));
    let once = true;
    const meddling: Connection = {
      ...on.connection,
      async delete(resource, name, options) {
        if (once && name.name === recordName('over', 2)) {
          once = false;
          await meddle();
        }
        return on.connection.delete(resource, name, options);
      },
    };
    expect((await failureOf(pruneRuns(on.open(meddling), old))).code).toBe('CONFLICT');
    expect(await on.names('over')).toContain(recordName('over', 2));
    await pruneRuns(on.open(), old);
    expect(await on.names('over')).toEqual([]);
  });

  it('goes on where another removal was faster with an object', async () => {
    await record('over', closed('completed'));
    const gone = { propagationPolicy: 'Background' } as const;
    const meddling: Connection = {
      ...on.connection,
      async delete(resource, name, options) {
        await on.connection.delete(resource, name, gone);
        return on.connection.delete(resource, name, options);
      },
    };
    expect(await pruneRuns(on.open(meddling), old)).toEqual({ removed: ['over'], unreadable: [] });
    expect(await on.names('over')).toEqual([]);
  });

  it('may be done by two at once', async () => {
    for (const runId of ['r1', 'r2', 'r3']) await record(runId, closed('completed'));
    const [first, second] = await Promise.all([pruneRuns(on.open(), old), pruneRuns(on.open(), old)]);
    expect([...first.removed, ...second.removed].sort()).toEqual(expect.arrayContaining(['r1', 'r2', 'r3']));
    expect([...first.unreadable, ...second.unreadable]).toEqual([]);
    for (const runId of ['r1', 'r2', 'r3']) expect(await on.names(runId)).toEqual([]);
  });

  it('lets a driver that was frozen neither go on with its removed run nor write into the one begun anew', async () => {
    await record('over', closed('completed'));
    const frozen = on.open();
    const claim = await frozen.claim('over', 'd1');
    await claim[Symbol.asyncDispose]();
    await pruneRuns(on.open(), old);
    expect((await failureOf(frozen.append('over', 3, driving('d1')))).code).toBe('JOURNAL_CONFLICT');
    expect(await on.names('over')).toEqual([]);

    await on.open().append('over', 1, opened);
    await on.open().append('over', 2, driving('d8'));
    expect((await failureOf(frozen.append('over', 3, driving('d1')))).code).toBe('JOURNAL_CONFLICT');
    expect(await all(on.open().read('over'))).toEqual([opened, driving('d8')]);
    await on.open().append('over', 3, driving('d8'));
    expect(await on.names('over')).toHaveLength(3);
  });
});

describe('where a journal is kept', () => {
  it('is told by the UID of kube-system', async () => {
    const { metadata } = await on.connection.get(core.namespaces, { name: 'kube-system' });
    expect(await on.open().keptOn?.()).toBe(metadata.uid);
  });
});
