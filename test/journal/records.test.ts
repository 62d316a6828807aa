import { Buffer } from 'node:buffer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clusterJournal } from '../../src/journal/cluster-journal.ts';
import { recordName } from '../../src/journal/names.ts';
import { recordObjects } from '../../src/journal/records.ts';
import type { Connection } from '../../src/kube/connection.ts';
import { core } from '../../src/kube/resources.ts';
import type { InterceptedRequest } from '../../src/testing/index.ts';
import { listRuns } from '../../src/workflow/describe.ts';
import type { JournalEntry } from '../../src/workflow/journal.ts';
import { appendEntry } from '../../src/workflow/ledger.ts';
import { pruneRuns } from '../../src/workflow/prune.ts';
import { systemClock } from '../../src/workflow/time.ts';
import { failureOf } from '../workflow/harness.ts';
import { all, type Bench, bench, driving, large, namespace, opened } from './kit.ts';

let on: Bench;
beforeEach(async () => {
  on = await bench();
});
afterEach(() => on[Symbol.asyncDispose]());

const second = recordName('r', 2);
const isCreate = ({ verb, resource }: InterceptedRequest): boolean => verb === 'create' && resource === 'configmaps';

/** Counts creates of ConfigMaps and lets `what` become of the `number`-th. */
function breakCreate(number: number, what: 'reset-before' | 'reset-after'): Disposable {
  let count = 0;
  const stop = on.server.intercept((request) => {
    if (!isCreate(request)) return undefined;
    count += 1;
    return count === number ? what : undefined;
  });
  return { [Symbol.dispose]: stop };
}

describe('a record', () => {
  it('is one immutable object that people find by its labels', async () => {
    await on.open().append('r', 1, opened);
    await on.open().append('r', 2, driving('d1'));
    expect(await on.names()).toEqual(['kubesphere-federation.r.00000001', 'kubesphere-federation.r.00000002']);
    const { immutable, metadata, data } = await on.connection.get(core.configMaps, { namespace, name: second });
    expect(immutable).toBe(true);
    expect(metadata.labels).toEqual({
      'kubesphere-federation/journal': 'record',
      'kubesphere-federation/run': 'r',
    });
    expect(metadata.ownerReferences ?? []).toEqual([]);
    expect(JSON.parse(data?.['entry'] ?? '')).toEqual(driving('d1'));
    const runs = { namespace, labelSelector: 'kubesphere-federation/journal=run' };
    expect(await on.connection.list(core.configMaps, runs).toArray()).toHaveLength(1);
  });

  it.each(['', 'x'])(
    'that is large lies in parts well below the limit of a ConfigMap, cut between characters (%j)',
    async (pad) => {
      // With one of the two, a cut at a fixed length would go through a character of two units.
      const entry: JournalEntry = { ...driving('d1'), driver: `${pad}${'𝒳'.repeat(300_000)}` };
      await on.open().append('r', 1, opened);
      await on.open().append('r', 2, entry);
      const labelSelector = 'kubesphere-federation/journal=part';
      const objects = await on.connection.list(core.configMaps, { namespace, labelSelector }).toArray();
      expect(objects.length).toBeGreaterThan(2);
      for (const { data = {}, immutable } of objects) {
        expect(immutable).toBe(true);
        const part = data['part'] ?? '';
        expect(Buffer.byteLength(part)).toBeLessThan(800 * 1024);
        expect(part.isWellFormed()).toBe(true);
      }
      const [, read] = await all(on.open().read('r'));
      expect(read?.driver === entry.driver).toBe(true);
    },
  );

  it('whose writer died between its parts is none: the next driver takes its number', async () => {
    await on.open().append('r', 1, opened);
    {
      using _ = breakCreate(3, 'reset-before');
      expect(await failureOf(on.open().append('r', 2, large('d1')))).toMatchObject({
        code: 'UNREACHABLE',
        retryable: true,
      });
    }
    expect(await on.names()).toHaveLength(3);
    expect(await all(on.open().read('r'))).toEqual([opened]);
    await on.open().append('r', 2, driving('d2'));
    expect(await all(on.open().read('r'))).toEqual([opened, driving('d2')]);
  });

  it('whose writer tries again after it failed between its parts is whole', async () => {
    await on.open().append('r', 1, opened);
    using _ = breakCreate(3, 'reset-after');
    const ledger = { journal: on.open(), runId: 'r', driver: 'd1', clock: systemClock };
    expect(await appendEntry(ledger, 2, large('d1'))).toBe('ours');
    expect(await all(on.open().read('r'))).toEqual([opened, large('d1')]);
  });

  it.each([
    ['small', driving('d1')],
    ['large', large('d1')],
  ])('that is %s and whose answer was lost is recognised as one’s own, and stays whole', async (_, entry) => {
    await on.open().append('r', 1, opened);
    const { parts } = recordObjects({ connection: on.connection, namespace, runId: 'r' }, 2, entry);
    using _broken = breakCreate(parts.length + 1, 'reset-after');
    const ledger = { journal: on.open(), runId: 'r', driver: 'd1', clock: systemClock };
    expect(await appendEntry(ledger, 2, entry)).toBe('ours');
    expect(await all(on.open().read('r'))).toEqual([opened, entry]);
  });

  it('that lost its number leaves no parts behind', async () => {
    await on.open().append('r', 1, opened);
    await on.open().append('r', 2, driving('d2'));
    const ledger = { journal: on.open(), runId: 'r', driver: 'd1', clock: systemClock };
    expect(await appendEntry(ledger, 2, large('d1'))).toBe('taken');
    expect(await on.names()).toEqual([recordName('r', 1), second]);
  });

  it('that lost its number deletes the very parts it wrote, and none that was put in their place', async () => {
    await on.open().append('r', 1, opened);
    await on.open().append('r', 2, driving('d2'));
    const replaced: string[] = [];
    const meddling: Connection = {
      ...on.connection,
      async delete(resource, name, options) {
        if (replaced.length === 0) {
          replaced.push(name.name);
          await on.replace(name.name, (object) => object);
        }
        return on.connection.delete(resource, name, options);
      },
    };
    expect((await failureOf(on.open(meddling).append('r', 2, large('d1')))).code).toBe('JOURNAL_CONFLICT');
    expect(replaced).toHaveLength(1);
    expect(await on.names()).toEqual(expect.arrayContaining(replaced));
  });

  it('is not built on a part that somebody else put there', async () => {
    await on.open().append('r', 1, opened);
    {
      using _ = breakCreate(2, 'reset-before');
      await failureOf(on.open().append('r', 2, large('d1')));
    }
    const [, part = ''] = await on.names();
    await on.replace(part, (object) => ({ ...object, data: { part: 'other' } }));
    expect(await failureOf(on.open().append('r', 2, large('d1')))).toMatchObject({
      code: 'JOURNAL_INVALID',
      message: expect.stringContaining(part),
    });
    expect(await all(on.open().read('r'))).toEqual([opened]);
  });

  it('needs a namespace that is there; none is made without being asked', async () => {
    const journal = clusterJournal(on.connection, { namespace: 'nowhere' });
    const error = await failureOf(journal.append('r', 1, opened));
    expect(error).toMatchObject({ code: 'NOT_FOUND', retryable: false });
    expect(error.message).toBe(
      'm has no namespace "nowhere" to keep a journal in. Create it, or name another; record 1 of run "r" was not written.',
    );
    expect(await all(journal.read('r'))).toEqual([]);
    const none = { code: 'NOT_FOUND', message: expect.stringMatching(/^m has no namespace "nowhere" .* another\.$/) };
    expect(await failureOf(all(journal.runs()))).toMatchObject(none);
    expect(await failureOf(all(listRuns(journal)))).toMatchObject(none);
    expect(await failureOf(pruneRuns(journal, { olderThanMs: 1 }))).toMatchObject(none);
    expect(await on.connection.find(core.namespaces, { name: 'nowhere' })).toBeUndefined();
  });

  it('that the server puts off or fails to store may be tried again', async () => {
    await on.open().append('r', 1, opened);
    using failing = {
      [Symbol.dispose]: on.server.intercept((request) => (isCreate(request) ? { status: 503, body: {} } : undefined)),
    };
    expect(await failureOf(on.open().append('r', 2, driving('d1')))).toMatchObject({
      code: 'SERVER_ERROR',
      retryable: true,
    });
    void failing;
  });
});

describe('a run is not read', () => {
  const third = recordName('r', 3);
  it.each([
    [
      'of another format',
      () => on.replace(second, (o) => ({ ...o, data: { ...o.data, format: '2' } })),
      /of a format that this release does not know/,
    ],
    [
      'without digest',
      () => on.replace(second, (o) => ({ ...o, data: { format: '1', entry: '{}' } })),
      /00000002" is damaged/,
    ],
    [
      'without contents',
      () => on.replace(second, (o) => ({ ...o, data: { format: '1', digest: o.data?.['digest'] ?? '' } })),
      /00000002" is damaged/,
    ],
    [
      'that is no JSON',
      () => on.replace(second, (o) => ({ ...o, data: { ...o.data, entry: '{' } })),
      /00000002" is not what was written there/,
    ],
    [
      'that was put in the place of another',
      async () => {
        const { data = {} } = await on.connection.get(core.configMaps, { namespace, name: second });
        await on.replace(third, (o) => ({ ...o, data }));
      },
      /00000003" is not what was written there/,
    ],
    [
      'that is missing',
      () => on.connection.delete(core.configMaps, { namespace, name: second }, { propagationPolicy: 'Background' }),
      /record 2 is missing, though later ones are there/,
    ],
    [
      'without labels',
      () => on.replace(second, (o) => ({ ...o, metadata: { ...o.metadata, labels: {} } })),
      /record 2 is missing/,
    ],
    [
      'with another name',
      () => on.replace(third, (o) => ({ ...o, metadata: { ...o.metadata, name: 'mine' } })),
      /"mine" is no part of a journal/,
    ],
  ])('with a record %s', async (_, damage, message) => {
    await on.open().append('r', 1, opened);
    await on.open().append('r', 2, driving('d1'));
    await on.open().append('r', 3, driving('d2'));
    await damage();
    const error = await failureOf(all(on.open().read('r')));
    expect(error.code).toBe('JOURNAL_INVALID');
    expect(error.message).toMatch(message);
    expect(error.message).toContain('run "r" in namespace "runs"');
    expect(error.message).toMatch(
      /no part of a journal. Take its labels away\.$|delete all ConfigMaps and Leases labelled kubesphere-federation\/run=r\.$/,
    );
  });

  it.each([
    [
      'missing',
      async (name: string) =>
        on.connection.delete(core.configMaps, { namespace, name }, { propagationPolicy: 'Background' }),
      /a part of record 2, is missing/,
    ],
    [
      'altered',
      async (name: string) =>
        on.replace(name, (o) => ({ ...o, data: { part: o.data?.['part']?.replace('ä', 'a') ?? '' } })),
      /00000002" is not what was written there/,
    ],
  ])('with a part that is %s', async (_, damage, message) => {
    await on.open().append('r', 1, opened);
    await on.open().append('r', 2, large('d1'));
    await damage((await on.names()).at(-1) ?? '');
    expect(await failureOf(all(on.open().read('r')))).toMatchObject({
      code: 'JOURNAL_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it('as one of another id', async () => {
    await on.open().append('r', 1, opened);
    await on.replace(recordName('r', 1), (o) => ({
      ...o,
      metadata: {
        ...o.metadata,
        name: recordName('s', 1),
        labels: { ...o.metadata.labels, 'kubesphere-federation/run': 's' },
      },
    }));
    expect((await failureOf(all(on.open().read('s')))).code).toBe('JOURNAL_INVALID');
  });
});

describe('runs are listed', () => {
  const label = (name: string, run?: string) => {
    const labels = { 'kubesphere-federation/journal': 'run', ...(run && { 'kubesphere-federation/run': run }) };
    return on.connection.create(core.configMaps, { metadata: { name, namespace, labels } });
  };
  const unreadable = (id: string, what: string | RegExp) =>
    expect.objectContaining({ id, error: { code: 'JOURNAL_INVALID', message: expect.stringMatching(what) } });

  it('whatever else bears their label: only the run that it claims to be of cannot be read', async () => {
    await on.open().append('r', 1, opened);
    await on.open().append('s', 1, opened);
    await label('mine', 'r');
    await label('other', 'x');
    await label('nobodys');
    expect((await all(on.open().runs())).sort()).toEqual(['r', 's', 'x']);
    const runs = (await all(listRuns(on.open()))).sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(runs).toEqual([
      unreadable('r', '"mine" is no part of a journal'),
      expect.objectContaining({ id: 's', state: 'open' }),
      unreadable('x', '"other" is no part of a journal'),
    ]);
    expect(await pruneRuns(on.open(), { olderThanMs: 0 })).toEqual({ removed: [], unreadable: ['r'] });
    expect(await on.connection.find(core.configMaps, { namespace, name: 'mine' })).toBeDefined();
  });

  it('also one whose first record has lost the label of its run', async () => {
    await on.open().append('r', 1, opened);
    await on.open().append('r', 2, driving('d1'));
    await on.replace(recordName('r', 1), (o) => ({
      ...o,
      metadata: { ...o.metadata, labels: { 'kubesphere-federation/journal': 'run' } },
    }));
    expect(await all(listRuns(on.open()))).toEqual([unreadable('r', 'record 1 is missing')]);
  });

  it('but nothing is removed that is marked as a removed run and is none', async () => {
    const labels = { 'kubesphere-federation/journal': 'removed', 'kubesphere-federation/run': 'r' };
    await on.connection.create(core.configMaps, { metadata: { name: 'mine', namespace, labels } });
    expect(await failureOf(pruneRuns(on.open(), { olderThanMs: 0 }))).toMatchObject({
      code: 'JOURNAL_INVALID',
      message: expect.stringContaining('"mine" is no part of a journal'),
    });
    expect(await on.connection.find(core.configMaps, { namespace, name: 'mine' })).toBeDefined();
  });

  it('as none where there are none, also for one who may not read namespaces', async () => {
    expect(await all(on.open().runs())).toEqual([]);
    const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', code: 403 };
    on.server.intercept(({ resource }) => (resource === 'namespaces' ? { status: 403, body } : undefined));
    expect(await all(on.open(undefined, 'nowhere').runs())).toEqual([]);
  });
});
