import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { core, type ServiceAccount } from '../../../src/kube/resources.ts';
import { hostServiceAccount, kubefedNamespace, kubesphereNamespace } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { importWorkflow } from '../../../src/modules/clusters/importing.ts';
import type { Json } from '../../../src/types.ts';
import type { JournalStore } from '../../../src/workflow/journal.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { rollback } from '../../../src/workflow/run.ts';
import { mortal } from '../../migration/kit.ts';
import { runIdOf } from './journalled.ts';
import { type Field, startField } from './kit.ts';

let field: Field;
beforeAll(async () => {
  field = await startField();
}, 120_000);
afterEach(() => field.rewind(), 60_000);
afterAll(() => field?.[Symbol.asyncDispose](), 60_000);

describe('an import that is taken back when the member is gone', { timeout: 90_000 }, () => {
  const parkedAt = { namespace: kubesphereNamespace, name: 'kubesphere-federation-parked-m.import' };
  const account = { namespace: kubefedNamespace, name: hostServiceAccount('m') };
  const onA = () => field.sandbox.clusters.a.connection;
  const onM = () => field.sandbox.clusters.m.connection;
  const settings = () => ({
    name: 'm',
    kubeconfig: field.sandbox.clusters.m.clientCertificateKubeconfig,
    formerHostGone: true as const,
    accept: ['WORKSPACE_NAME' as const],
  });
  /** Dies while it waits for what the host sends. */
  const dying = (journal: JournalStore) =>
    mortal(journal, (entry) =>
      entry.type === 'done' && 'step' in entry && entry.step === 'import' ? 'before' : undefined,
    );
  const goes = () => field.sandbox.faults.add({ cluster: 'm', fault: 'unreachable' });
  const back = async (journal: JournalStore, runId: string) => {
    const warnings: string[] = [];
    const log = { debug() {}, info() {}, error() {}, warn: (message: string) => void warnings.push(message) };
    const env = await field.connect({ members: false });
    const settled = await (await rollback(importWorkflow, runId, { env, journal, logger: log })).settled();
    return { settled, warnings };
  };
  /** What the host has of the member. */
  const left = async () => [
    await onA().find(kubesphere.clusters, { name: 'm' }),
    await onA().find(core.secrets, parkedAt),
  ];

  test('says which Secret holds the way to it, and ends once that is deleted', async () => {
    const journal = memoryJournal();
    const first = await field.connect();
    await first.clusters.unbind('m');
    const runId = await runIdOf(first.clusters.import(settings(), { journal: dying(journal) }));
    const gone = await goes();
    expect((await back(journal, runId)).settled).toMatchObject({
      state: 'rollback-incomplete',
      residue: [
        {
          step: 'arrivals',
          code: 'UNREACHABLE',
          why: expect.stringMatching(
            /If m is gone for good, delete Secret kubesphere-system\/kubesphere-federation-parked-m\.import on a, then roll back once more/,
          ),
        },
        { step: 'park-cluster', code: 'UNDO_NEEDS' },
      ],
    });
    // As it says.
    await onA().delete(core.secrets, parkedAt, { propagationPolicy: 'Background' });
    expect(await back(journal, runId)).toEqual({
      settled: { state: 'rolled-back' },
      warnings: [expect.stringMatching(/parked-m\.import is gone, and with it the way to m.*were left/)],
    });
    expect(await left()).toEqual([undefined, undefined]);
    await gone.lift();
    const again = await field.connect();
    expect(await again.clusters.import(settings(), { dryRun: true })).toMatchObject({ forecast: { effect: 'change' } });
  });

  test.for([1, 2])('goes by no single answer that the way to it is lost: look %d', async (nth) => {
    const journal = memoryJournal();
    const first = await field.connect();
    await first.clusters.unbind('m');
    const runId = await runIdOf(first.clusters.import(settings(), { journal: dying(journal) }));
    const at = { cluster: 'a', resource: 'secrets', name: parkedAt.name } as const;
    // An answer from before anything was parked.
    await using _ = await field.sandbox.faults.add({ verb: 'get', nth, fault: { staleBy: 12 }, ...at });
    expect(await back(journal, runId)).toEqual({ settled: { state: 'rolled-back' }, warnings: [] });
    expect(await left()).toEqual([undefined, undefined]);
    expect(await onM().find(core.serviceAccounts, account)).toBeUndefined();
  });

  test('ends where another cluster answers in its place, and leaves that alone', async () => {
    const journal = memoryJournal();
    const first = await field.connect();
    await first.clusters.unbind('m');
    const runId = await runIdOf(first.clusters.import(settings(), { journal: dying(journal) }));
    const { uid } = (await onM().get<ServiceAccount>(core.serviceAccounts, account)).metadata;
    // As though the run had noted the cluster that was there before this one was built.
    const rebuilt: JournalStore = {
      ...journal,
      async *read(...args) {
        for await (const entry of journal.read(...args))
          if (entry.type !== 'opened') yield entry;
          else yield { ...entry, input: { ...(entry.input as Record<string, Json>), memberUid: 'before' } };
      },
    };
    // It may answer there for a while alone.
    expect((await back(rebuilt, runId)).settled).toMatchObject({
      state: 'rollback-incomplete',
      residue: [
        {
          step: 'arrivals',
          code: 'ENV_CHANGED',
          why: expect.stringMatching(
            /leads to another cluster.*Nothing was written there.*If m is gone for good, delete/,
          ),
        },
        { step: 'park-cluster', code: 'UNDO_NEEDS' },
      ],
    });
    await onA().delete(core.secrets, parkedAt, { propagationPolicy: 'Background' });
    expect((await back(rebuilt, runId)).settled).toEqual({ state: 'rolled-back' });
    expect(await left()).toEqual([undefined, undefined]);
    expect((await onM().get<ServiceAccount>(core.serviceAccounts, account)).metadata.uid).toBe(uid);
  });
});
