import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Resource } from '../../../src/kube/objects.ts';
import { core, type ServiceAccount } from '../../../src/kube/resources.ts';
import {
  hostServiceAccount,
  kubefedNamespace,
  kubesphereNamespace,
  managedLabel,
  workspaceLabel,
} from '../../../src/kubesphere/names.ts';
import { federatedKinds, kubesphere } from '../../../src/kubesphere/resources.ts';
import { importWorkflow } from '../../../src/modules/clusters/importing.ts';
import { compareProjects, createUser, joinCluster, observeProjects, until } from '../../../src/testing/index.ts';
import type { JournalEntry } from '../../../src/workflow/journal.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { resume, rollback } from '../../../src/workflow/run.ts';
import { mortal } from '../../migration/kit.ts';
import { runIdOf } from './journalled.ts';
import { type Field, startField } from './kit.ts';

let field: Field;
beforeAll(async () => {
  field = await startField();
}, 120_000);
afterEach(() => field.rewind(), 60_000);
afterAll(() => field?.[Symbol.asyncDispose](), 60_000);

const patient = { timeout: 90_000 };

describe('an import whose process dies', patient, () => {
  /** Where M is no member of A any more, a call that dies just before that record. */
  async function dies<T>(type: JournalEntry['type'], meanwhile?: () => Promise<T>) {
    const { m } = field.sandbox.clusters;
    const first = await field.connect();
    await first.clusters.unbind('m');
    const had = await meanwhile?.();
    const journal = memoryJournal();
    const mortalJournal = mortal(journal, (entry) =>
      entry.type === type && 'step' in entry && entry.step === 'import' ? 'before' : undefined,
    );
    const settings = { name: 'm', kubeconfig: m.clientCertificateKubeconfig, formerHostGone: true } as const;
    const calling = first.clusters.import({ ...settings, accept: ['WORKSPACE_NAME'] }, { journal: mortalJournal });
    return { journal, runId: await runIdOf(calling), had };
  }
  const account = { namespace: kubefedNamespace, name: hostServiceAccount('m') };
  const parkedAt = { namespace: kubesphereNamespace, name: 'kubesphere-federation-parked-m.import' };
  /** What a host's kubefed says is its own, of the kinds that lie in no namespace. */
  async function marked() {
    const { m } = field.sandbox.clusters;
    const labelSelector = `${managedLabel}=true`;
    const kinds = federatedKinds.flatMap(({ target }) => (target.namespaced ? [] : [target]));
    const lists = await Promise.all(
      kinds.map(async (kind: Resource) => {
        const found = await m.connection.listMetadata(kind, { labelSelector }).toArray();
        return found.map(({ metadata: { name } }) => ({ kind, name }));
      }),
    );
    return lists.flat();
  }
  /** As a migration does: nothing of the former host is left that a new one would count as its own. */
  async function takeMarksOff(): Promise<void> {
    const { m } = field.sandbox.clusters;
    const body = { metadata: { labels: { [managedLabel]: null } } };
    for (const { kind, name } of await marked()) await m.connection.patch(kind, { name }, { type: 'merge', body });
  }
  const takeMarkOff = (name: string) =>
    field.sandbox.clusters.m.connection.patch(
      kubesphere.users,
      { name },
      { type: 'merge', body: { metadata: { labels: { [managedLabel]: null } } } },
    );
  const userMark = async (name: string) =>
    (await field.sandbox.clusters.m.connection.get(kubesphere.users, { name })).metadata.labels?.[managedLabel];
  const clusterOf = () => field.sandbox.clusters.a.connection.find(kubesphere.clusters, { name: 'm' });

  test('is finished by another, by the kubeconfig that the host has by then', async () => {
    const { journal, runId } = await dies('done');
    const env = await field.connect({ members: false });
    const settled = await (await resume(importWorkflow, runId, { env, journal })).settled();
    expect(settled).toMatchObject({ state: 'completed' });
    expect((await clusterOf())?.spec.joinFederation).toBe(true);
  });

  test('is taken back by another: its Cluster and all that came of it go, and no project is written', async () => {
    const { a, m } = field.sandbox.clusters;
    const names = (await m.connection.list(core.namespaces, { labelSelector: workspaceLabel }).toArray()).map(
      ({ metadata }) => metadata.name,
    );
    const before = await observeProjects(m.connection, names);
    const users = async () =>
      (await m.connection.list(kubesphere.users).toArray()).map(({ metadata }) => [metadata.name, metadata.uid]);
    const { journal, runId, had } = await dies('done', async () => {
      await createUser(a.connection, { name: 'newcomer' });
      await takeMarksOff();
      return users();
    });
    await until('a user came', () => m.connection.find(kubesphere.users, { name: 'newcomer' }));
    const env = await field.connect({ members: false });
    const settled = await (await rollback(importWorkflow, runId, { env, journal })).settled();
    expect(settled).toEqual({ state: 'rolled-back' });
    expect(await clusterOf()).toBeUndefined();
    expect(await m.connection.find(core.serviceAccounts, account)).toBeUndefined();
    expect(await users()).toEqual(had);
    expect(await marked()).toEqual([]);
    expect(await a.connection.find(core.secrets, parkedAt)).toBeUndefined();
    const { lost, contents } = compareProjects(before, await observeProjects(m.connection, names));
    expect([names.length > 1, lost, contents.lost]).toEqual([true, [], []]);
  });

  test('leaves an account that was there before: it is a former host’s', async () => {
    const { m } = field.sandbox.clusters;
    const { journal, runId, had } = await dies('done', async () => {
      return (await m.connection.create<ServiceAccount>(core.serviceAccounts, { metadata: account })).metadata.uid;
    });
    const env = await field.connect();
    const settled = await (await rollback(importWorkflow, runId, { env, journal })).settled();
    expect(settled).toMatchObject({ state: 'rolled-back' });
    expect((await m.connection.get(core.serviceAccounts, account)).metadata.uid).toBe(had);
  });

  test('takes nothing off the member that somebody imported again meanwhile', async () => {
    const { a, m } = field.sandbox.clusters;
    const { journal, runId } = await dies('done', takeMarksOff);
    await a.connection.delete(kubesphere.clusters, { name: 'm' }, { propagationPolicy: 'Orphan' });
    await expect.poll(clusterOf).toBeUndefined();
    await joinCluster(a.connection, { name: 'm', kubeconfig: m.clientCertificateKubeconfig });
    const { uid } = (await m.connection.get(core.serviceAccounts, account)).metadata;
    const env = await field.connect();
    const settled = await (await rollback(importWorkflow, runId, { env, journal })).settled();
    expect(settled).toMatchObject({
      state: 'rollback-incomplete',
      residue: [
        {
          step: 'arrivals',
          code: 'KEPT_AT_RISK',
          why: expect.stringMatching(
            /a holds cluster "m".*were left alone\. Unbind it from a.*then roll back once more/,
          ),
        },
        { step: 'park-cluster', code: 'UNDO_NEEDS' },
      ],
    });
    expect((await m.connection.get(core.serviceAccounts, account)).metadata.uid).toBe(uid);
    // As the remedy says.
    await env.clusters.unbind('m');
    expect(await (await rollback(importWorkflow, runId, { env, journal })).settled()).toEqual({ state: 'rolled-back' });
    expect([await marked(), await a.connection.find(core.secrets, parkedAt)]).toEqual([[], undefined]);
  });

  test('takes nothing off the member that another host has under the same name by now', async () => {
    const { b, m } = field.sandbox.clusters;
    const { journal, runId } = await dies('done', takeMarksOff);
    await createUser(b.connection, { name: 'zoe' });
    await joinCluster(b.connection, { name: 'm', kubeconfig: m.clientCertificateKubeconfig });
    await until('its user came', () => m.connection.find(kubesphere.users, { name: 'zoe' }));
    const { uid } = (await m.connection.get(core.serviceAccounts, account)).metadata;
    const env = await field.connect();
    const settled = await (await rollback(importWorkflow, runId, { env, journal })).settled();
    expect(settled).toMatchObject({
      state: 'rollback-incomplete',
      residue: [
        {
          step: 'arrivals',
          code: 'KEPT_AT_RISK',
          why: expect.stringMatching(/Another host has m under the same name, .*User zoe/),
        },
        { step: 'park-cluster', code: 'UNDO_NEEDS' },
      ],
    });
    expect(await clusterOf()).toBeUndefined();
    expect((await m.connection.get(core.serviceAccounts, account)).metadata.uid).toBe(uid);
    expect(await m.connection.find(kubesphere.users, { name: 'zoe' })).toBeDefined();
    // That host puts its mark back, so that whoever took it off wrongly is refused again.
    await takeMarkOff('zoe');
    await until('the mark is back', async () => (await userMark('zoe')) === 'true');
    expect(await (await rollback(importWorkflow, runId, { env, journal })).settled()).toMatchObject({
      state: 'rollback-incomplete',
    });
    expect((await m.connection.get(core.serviceAccounts, account)).metadata.uid).toBe(uid);
  });

  test('says what ends it where this host deleted meanwhile what it had sent', async () => {
    const { a, m } = field.sandbox.clusters;
    const { journal, runId } = await dies('done', async () => {
      await createUser(a.connection, { name: 'leaver' });
      await takeMarksOff();
    });
    const leaver = () => m.connection.find(kubesphere.users, { name: 'leaver' });
    await until('a user came', leaver);
    await a.connection.delete(kubesphere.clusters, { name: 'm' }, { propagationPolicy: 'Orphan' });
    await expect.poll(clusterOf).toBeUndefined();
    await a.connection.delete(kubesphere.users, { name: 'leaver' }, { propagationPolicy: 'Background' });
    await expect.poll(() => a.connection.find(kubesphere.federatedUsers, { name: 'leaver' })).toBeUndefined();
    const env = await field.connect();
    const refused = await (await rollback(importWorkflow, runId, { env, journal })).settled();
    expect(refused).toMatchObject({
      state: 'rollback-incomplete',
      residue: [
        {
          code: 'KEPT_AT_RISK',
          why: expect.stringMatching(
            /or a has deleted since.*: User leaver\..*take label kubefed\.io\/managed off these on m.*roll back once more/,
          ),
        },
        { step: 'park-cluster', code: 'UNDO_NEEDS' },
      ],
    });
    // As it says.
    await takeMarkOff('leaver');
    expect(await (await rollback(importWorkflow, runId, { env, journal })).settled()).toEqual({ state: 'rolled-back' });
    expect(await m.connection.find(core.serviceAccounts, account)).toBeUndefined();
    expect(await leaver()).toBeDefined();
    expect([await marked(), await a.connection.find(core.secrets, parkedAt)]).toEqual([[], undefined]);
  });

  test('takes its account alone off the member that another host has under another name by now', async () => {
    const { m } = field.sandbox.clusters;
    const { journal, runId } = await dies('done', takeMarksOff);
    const metadata = { namespace: kubefedNamespace, name: hostServiceAccount('m2') };
    await m.connection.create<ServiceAccount>(core.serviceAccounts, { metadata });
    const env = await field.connect();
    const settled = await (await rollback(importWorkflow, runId, { env, journal })).settled();
    expect(settled).toMatchObject({
      state: 'rollback-incomplete',
      residue: [
        {
          step: 'arrivals',
          code: 'KEPT_AT_RISK',
          why: expect.stringMatching(
            /m2-kubesphere.*stays\. That is .*Workspace system-workspace.*delete that ServiceAccount/,
          ),
        },
        { step: 'park-cluster', code: 'UNDO_NEEDS' },
      ],
    });
    expect(await m.connection.find(core.serviceAccounts, account)).toBeUndefined();
    expect(await marked()).not.toEqual([]);
    // As it says.
    await m.connection.delete(core.serviceAccounts, metadata, { propagationPolicy: 'Background' });
    expect(await (await rollback(importWorkflow, runId, { env, journal })).settled()).toEqual({ state: 'rolled-back' });
    expect(await marked()).toEqual([]);
  });

  test('and took the kubeconfig with it can only be taken back', async () => {
    const { journal, runId } = await dies('captured');
    const env = await field.connect({ members: false });
    const settled = await (await resume(importWorkflow, runId, { env, journal })).settled();
    expect(settled).toMatchObject({ state: 'rolled-back', error: { code: 'INVALID' } });
    expect(await clusterOf()).toBeUndefined();
  });
});
