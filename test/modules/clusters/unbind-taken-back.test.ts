import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ServiceAccount } from '../../../src/kube/resources.ts';
import { core } from '../../../src/kube/resources.ts';
import { hostServiceAccount, kubefedNamespace, managedLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { unbindWorkflow } from '../../../src/modules/clusters/unbind.ts';
import { createFederatedProjects, observeProjects, until } from '../../../src/testing/index.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { rollback } from '../../../src/workflow/run.ts';
import { dyingAfter, runIdOf } from './journalled.ts';
import { type Field, startField } from './kit.ts';

const patient = { timeout: 90_000 };
const account = { namespace: kubefedNamespace, name: hostServiceAccount('m') };
const secretsOf = async ({ sandbox: { clusters } }: Field) =>
  (await clusters.a.connection.listMetadata(core.secrets, { namespace: 'kubesphere-system' }).toArray()).filter(
    ({ metadata }) => metadata.name.includes('parked'),
  );

describe('an unbinding', patient, () => {
  let field: Field;
  beforeAll(async () => {
    field = await startField();
  }, 120_000);
  afterEach(() => field.rewind());
  afterAll(() => field[Symbol.asyncDispose]());

  const onM = () => field.sandbox.clusters.m.connection;
  const onA = () => field.sandbox.clusters.a.connection;

  test('is rolled back into the very state before, but not once another host has the member', async () => {
    const journal = memoryJournal();
    const dying = dyingAfter(journal, 'captured', 'shut-out');
    const runId = await runIdOf((await field.connect()).clusters.unbind('m', { journal: dying }));
    const metadata = { namespace: kubefedNamespace, name: hostServiceAccount('m-of-b') };
    const other = await onM().create<ServiceAccount>(core.serviceAccounts, { metadata });
    const env = await field.connect();
    const refused = await (await rollback(unbindWorkflow, runId, { env, journal })).settled();
    expect(refused).toMatchObject({ state: 'rollback-incomplete' });
    expect(JSON.stringify(refused)).toMatch(/is not imported again, for another host may have it/);
    expect(await onA().find(kubesphere.clusters, { name: 'm' })).toBeUndefined();
    const { uid } = other.metadata;
    await onM().delete(core.serviceAccounts, metadata, { uid, propagationPolicy: 'Background' });
    expect(await (await rollback(unbindWorkflow, runId, { env, journal })).settled()).toMatchObject({
      state: 'rolled-back',
    });
    expect(await env.clusters.waitUntilReady('m')).toMatchObject({ ready: true });
    expect(await secretsOf(field)).toEqual([]);
  });

  test('is not rolled back while its kubefed would delete what the host has placed elsewhere meanwhile', async () => {
    const journal = memoryJournal();
    const runId = await runIdOf(
      (await field.connect()).clusters.unbind('m', { journal: dyingAfter(journal, 'captured', 'shut-out') }),
    );
    const before = await observeProjects(onM());
    const marked = await onM()
      .list(kubesphere.workspaces, { labelSelector: `${managedLabel}=true` })
      .toArray();
    const name = marked.map(({ metadata }) => metadata.name).find((one) => one !== 'system-workspace') ?? '';
    const { placement } = (await onA().get(kubesphere.workspaceTemplates, { name })).spec;
    const place = (clusters: readonly object[]) =>
      onA().patch(
        kubesphere.workspaceTemplates,
        { name },
        { type: 'merge', body: { spec: { placement: { clusters } } } },
      );
    await place([]);
    const env = await field.connect();
    expect(await (await rollback(unbindWorkflow, runId, { env, journal })).settled()).toMatchObject({
      state: 'rollback-incomplete',
      residue: [
        {
          step: 'detach',
          code: 'KEPT_AT_RISK',
          why: expect.stringMatching(new RegExp(`would delete Workspace ${name} .*does not place it on m`)),
        },
        { step: 'park-cluster', code: 'UNDO_NEEDS' },
      ],
    });
    expect(await onA().find(kubesphere.clusters, { name: 'm' })).toBeUndefined();
    await place(placement?.clusters ?? []);
    await until('kubefed is told', async () =>
      (await onA().get(kubesphere.federatedWorkspaces, { name })).spec.placement?.clusters?.some(
        (one) => one.name === 'm',
      ),
    );
    expect(await (await rollback(unbindWorkflow, runId, { env, journal })).settled()).toMatchObject({
      state: 'rolled-back',
    });
    expect(Object.keys(await observeProjects(onM()))).toEqual(Object.keys(before));
  });

  test('is not rolled back while its kubefed would delete what lies in a project that it keeps', async () => {
    const data = { namespace: 'shop', name: 'data' };
    await createFederatedProjects(onA(), { workspace: 'team-a', names: ['shop'], clusters: ['m'] });
    const { uid } = (await onM().get(core.persistentVolumeClaims, data)).metadata;
    const journal = memoryJournal();
    const runId = await runIdOf(
      (await field.connect()).clusters.unbind('m', { journal: dyingAfter(journal, 'captured', 'shut-out') }),
    );
    const place = (clusters: readonly object[]) =>
      onA().patch(kubesphere.federatedPersistentVolumeClaims, data, {
        type: 'merge',
        body: { spec: { placement: { clusters } } },
      });
    await place([]);
    const env = await field.connect();
    expect(await (await rollback(unbindWorkflow, runId, { env, journal })).settled()).toMatchObject({
      state: 'rollback-incomplete',
      residue: [
        {
          step: 'detach',
          code: 'KEPT_AT_RISK',
          why: expect.stringMatching(/would delete PersistentVolumeClaim shop\/data .*does not place it on m/),
        },
        { step: 'park-cluster', code: 'UNDO_NEEDS' },
      ],
    });
    expect(await onA().find(kubesphere.clusters, { name: 'm' })).toBeUndefined();
    await place([{ name: 'm' }]);
    expect(await (await rollback(unbindWorkflow, runId, { env, journal })).settled()).toMatchObject({
      state: 'rolled-back',
    });
    await until('kubefed has the claim again', async () => {
      const { status } = await onA().get(kubesphere.federatedPersistentVolumeClaims, data);
      return status?.clusters?.some((one) => one.name === 'm' && (one.status ?? '') === '');
    });
    expect((await onM().get(core.persistentVolumeClaims, data)).metadata).toMatchObject({ uid });
  });

  test('is not rolled back while its kubefed would take over what is no copy of the host, nor kept off by what it released', async () => {
    const journal = memoryJournal();
    const runId = await runIdOf(
      (await field.connect()).clusters.unbind('m', { journal: dyingAfter(journal, 'captured', 'shut-out') }),
    );
    // kubefed keeps its hands off that one, before and after.
    await onM().create(core.namespaces, { metadata: { name: 'released', labels: { [managedLabel]: 'false' } } });
    const federate = async (name: string, clusters: readonly { readonly name: string }[]): Promise<void> => {
      await onA().create(core.namespaces, { metadata: { name } });
      const spec = { template: { metadata: {} }, placement: { clusters } };
      await onA().create(kubesphere.federatedNamespaces, { metadata: { namespace: name, name }, spec });
    };
    const one = { namespace: 'team-a-001', name: 'team-a-001' };
    await federate('released', [{ name: 'm' }]);
    await federate('team-a-002', [{ name: 'elsewhere' }]);
    await federate(one.name, [{ name: 'm' }]);
    const metadata = async () => {
      const { uid, labels, ownerReferences } = (await onM().get(core.namespaces, { name: one.name })).metadata;
      return { uid, labels, ownerReferences };
    };
    const [before, had] = [await observeProjects(onM()), await metadata()];
    const env = await field.connect();
    expect(await (await rollback(unbindWorkflow, runId, { env, journal })).settled()).toMatchObject({
      state: 'rollback-incomplete',
      residue: [
        {
          step: 'detach',
          code: 'KEPT_AT_RISK',
          why: expect.stringMatching(/Namespace\(s\) team-a-001 are on m, and a has.*Take "m" out of their placement/s),
        },
        { step: 'park-cluster', code: 'UNDO_NEEDS' },
      ],
    });
    expect(await onA().find(kubesphere.clusters, { name: 'm' })).toBeUndefined();
    expect(await metadata()).toEqual(had);
    await onA().patch(kubesphere.federatedNamespaces, one, {
      type: 'merge',
      body: { spec: { placement: { clusters: [] } } },
    });
    expect(await (await rollback(unbindWorkflow, runId, { env, journal })).settled()).toMatchObject({
      state: 'rolled-back',
    });
    expect(await env.clusters.waitUntilReady('m')).toMatchObject({ ready: true });
    expect(await metadata()).toEqual(had);
    expect(await observeProjects(onM())).toEqual(before);
  });

  test('is rolled back, too, once the account is gone: the one that the way back makes is nobody else’s', async () => {
    const journal = memoryJournal();
    const dying = dyingAfter(journal, 'done', 'shut-out');
    const runId = await runIdOf((await field.connect()).clusters.unbind('m', { journal: dying }));
    expect(await onM().find(core.serviceAccounts, account)).toBeUndefined();
    const env = await field.connect();
    expect(await (await rollback(unbindWorkflow, runId, { env, journal })).settled()).toMatchObject({
      state: 'rolled-back',
    });
    expect(await env.clusters.waitUntilReady('m')).toMatchObject({ ready: true });
    expect(await onM().find(core.serviceAccounts, account)).toBeDefined();
  });

  test('is not rolled back where another host came while there was no account there', async () => {
    const journal = memoryJournal();
    const dying = dyingAfter(journal, 'captured', 'shut-out');
    const runId = await runIdOf((await field.connect()).clusters.unbind('m', { journal: dying }));
    const { uid } = (await onM().get(core.serviceAccounts, account)).metadata;
    await onM().delete(core.serviceAccounts, account, { uid, propagationPolicy: 'Background' });
    const metadata = { namespace: kubefedNamespace, name: hostServiceAccount('m-of-b') };
    await onM().create<ServiceAccount>(core.serviceAccounts, { metadata });
    const env = await field.connect();
    const refused = await (await rollback(unbindWorkflow, runId, { env, journal })).settled();
    expect(refused).toMatchObject({ state: 'rollback-incomplete' });
    expect(JSON.stringify(refused)).toMatch(/is not imported again, for another host may have it.*m-of-b/);
    expect(await onA().find(kubesphere.clusters, { name: 'm' })).toBeUndefined();
    expect(await onM().find(core.serviceAccounts, account)).toBeUndefined();
  });
});
