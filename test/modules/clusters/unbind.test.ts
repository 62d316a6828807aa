import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ServiceAccount } from '../../../src/kube/resources.ts';
import { core } from '../../../src/kube/resources.ts';
import { readInstallation } from '../../../src/kubesphere/installation.ts';
import { hostClusterRole, hostServiceAccount, kubefedNamespace, managedLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { unbindWorkflow } from '../../../src/modules/clusters/unbind.ts';
import { observeProjects, until } from '../../../src/testing/index.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { resume } from '../../../src/workflow/run.ts';
import { dyingAfter, once, runIdOf } from './journalled.ts';
import { type Field, startField, webhookOf } from './kit.ts';

const patient = { timeout: 90_000 };
const account = { namespace: kubefedNamespace, name: hostServiceAccount('m') };
const secretsOf = async ({ sandbox: { clusters } }: Field) =>
  (await clusters.a.connection.listMetadata(core.secrets, { namespace: 'kubesphere-system' }).toArray()).filter(
    ({ metadata }) => metadata.name.includes('parked'),
  );

describe('unbind', patient, () => {
  let field: Field;
  beforeAll(async () => {
    field = await startField();
  }, 120_000);
  afterEach(() => field.rewind());
  afterAll(() => field[Symbol.asyncDispose]());

  const onM = () => field.sandbox.clusters.m.connection;
  const onA = () => field.sandbox.clusters.a.connection;
  const untouched = async (): Promise<void> => {
    expect(await onM().find(core.serviceAccounts, account)).toBeDefined();
    expect(await onM().find(core.clusterRoles, { name: hostClusterRole('m') })).toBeDefined();
    expect(await onM().find(core.clusterRoleBindings, { name: hostClusterRole('m') })).toBeDefined();
  };
  const detached = async (): Promise<void> => {
    expect(await onA().find(kubesphere.clusters, { name: 'm' })).toBeUndefined();
    expect(await onA().find(kubesphere.kubeFedClusters, { namespace: kubefedNamespace, name: 'm' })).toBeUndefined();
    expect(await onA().find(core.secrets, { namespace: kubefedNamespace, name: 'm-secret' })).toBeUndefined();
    expect(await secretsOf(field)).toEqual([]);
  };
  const kept = async (why: RegExp): Promise<void> => {
    const federation = await field.connect();
    expect(await federation.clusters.unbind('m')).toMatchObject({
      outcome: 'changed',
      result: { account: 'kept', why: expect.stringMatching(why) },
    });
    await detached();
    await untouched();
  };

  test('takes credentials only: no project, no Workspace, nothing in them is another afterwards', async () => {
    const before = await observeProjects(onM());
    const workspaces = async () =>
      (await onM().list(kubesphere.workspaces).toArray()).map(({ metadata }) => [metadata.name, metadata.uid]);
    const [had, federation] = [await workspaces(), await field.connect()];
    const named = had.flatMap(([name]) => (name === 'system-workspace' ? [] : [name]));
    expect(named.length).toBeGreaterThan(0);
    expect(await federation.clusters.unbind('m')).toMatchObject({
      outcome: 'changed',
      result: { account: 'removed', placements: expect.arrayContaining(named) },
    });
    await detached();
    expect(await onM().find(core.serviceAccounts, account)).toBeUndefined();
    expect(await onM().find(core.clusterRoles, { name: hostClusterRole('m') })).toBeUndefined();
    expect(await onM().find(core.clusterRoleBindings, { name: hostClusterRole('m') })).toBeUndefined();
    expect(await workspaces()).toEqual(had);
    expect(await observeProjects(onM())).toEqual(before);
  });

  test('works by the stored kubeconfig, which is gone before the account is', async () => {
    const federation = await field.connect({ members: false });
    expect(await federation.clusters.unbind('m')).toMatchObject({ result: { account: 'removed' } });
    await detached();
  });

  test('leaves an account that is not the one in its own Secret', async () => {
    const fault = await field.sandbox.faults.add({ cluster: 'a', fault: { controller: 'cluster', down: true } });
    const { uid } = (await onM().get(core.serviceAccounts, account)).metadata;
    await onM().delete(core.serviceAccounts, account, { uid, propagationPolicy: 'Background' });
    await onM().create<ServiceAccount>(core.serviceAccounts, { metadata: account });
    const federation = await field.connect();
    // The controller that is back would take the other account for its own.
    const journal = once(memoryJournal(), 'captured', 'detach', () => fault.lift());
    expect(await federation.clusters.unbind('m', { journal })).toMatchObject({
      outcome: 'changed',
      result: {
        account: 'kept',
        why: expect.stringMatching(/is not the one whose token a holds.*somebody else made it/),
      },
    });
    await detached();
    expect(await onM().find(core.serviceAccounts, account)).toBeDefined();
  });

  test('leaves it where the jwtSecret of the member is another host’s', async () => {
    const at = { namespace: 'kubesphere-system', name: 'ks-installer' };
    const body = { spec: { authentication: { jwtSecret: 'secret-of-another-host' } } };
    await onM().patch(kubesphere.clusterConfigurations, at, { type: 'merge', body });
    await until(
      'the installer wrote it',
      async () => (await readInstallation(onM())).jwtDigest !== (await readInstallation(onA())).jwtDigest,
    );
    await kept(/jwtSecret there is not the one of a/);
  });

  test('leaves it where something there is managed that this host does not know', async () => {
    const labels = { [managedLabel]: 'true' };
    await field.sandbox.faults.add({ cluster: 'a', fault: { controller: 'kubefed', down: true } });
    await onM().create(core.configMaps, { metadata: { namespace: 'team-a-001', name: 'of-another', labels } });
    await kept(/1 object\(s\) there are managed by a host, and not by a: ConfigMap team-a-001\/of-another/);
  });

  test('leaves it where another host has an account of its own', async () => {
    const metadata = { namespace: kubefedNamespace, name: hostServiceAccount('m-of-b') };
    await onM().create<ServiceAccount>(core.serviceAccounts, { metadata });
    await kept(/Another host has the member.*m-of-b-kubesphere/);
  });

  test('leaves it where another host came while the Cluster was deleted', async () => {
    const federation = await field.connect();
    const metadata = { namespace: kubefedNamespace, name: hostServiceAccount('m-of-b') };
    const journal = once(memoryJournal(), 'captured', 'shut-out', async () => {
      await onM().create<ServiceAccount>(core.serviceAccounts, { metadata });
    });
    expect(await federation.clusters.unbind('m', { journal })).toMatchObject({
      result: { account: 'kept', why: expect.stringMatching(/m-of-b-kubesphere/) },
    });
    await untouched();
  });

  test('does without a member that is down, and says what stays there', async () => {
    const federation = await field.connect();
    const fault = await field.sandbox.faults.add({ cluster: 'm', fault: 'unreachable' });
    expect(await federation.clusters.unbind('m')).toMatchObject({
      outcome: 'changed',
      result: { account: 'kept', why: expect.stringMatching(/"m" was not reached/) },
    });
    await detached();
    await fault.lift();
    await untouched();
  });

  test('leaves alone a Cluster that was imported again under that name meanwhile', async () => {
    const federation = await field.connect();
    const cluster = await onA().get(kubesphere.clusters, { name: 'm' });
    const journal = once(memoryJournal(), 'captured', 'detach', async () => {
      await onA().delete(kubesphere.clusters, { name: 'm' }, { propagationPolicy: 'Orphan' });
      await expect.poll(() => onA().find(kubesphere.clusters, { name: 'm' })).toBeUndefined();
      await onA().create(kubesphere.clusters, { metadata: { name: 'm' }, spec: cluster.spec });
      await expect
        .poll(async () => (await onA().get(kubesphere.clusters, { name: 'm' })).status?.uid, { timeout: 10_000 })
        .toBe(cluster.status?.uid);
    });
    await expect(federation.clusters.unbind('m', { journal })).rejects.toMatchObject({
      code: 'WORLD_MOVED',
      message: expect.stringMatching(/deleted and imported again/),
    });
    expect(await onA().find(kubesphere.clusters, { name: 'm' })).toBeDefined();
  });

  test('is gone on with by another process that has only the parked kubeconfig to reach the member', async () => {
    const journal = memoryJournal();
    const dying = dyingAfter(journal, 'captured', 'shut-out');
    const first = await field.connect({ members: false });
    const runId = await runIdOf(first.clusters.unbind('m', { journal: dying }));
    const second = await field.connect({ members: false });
    const handle = await resume(unbindWorkflow, runId, { env: second, journal });
    expect(await handle.result()).toMatchObject({ account: 'removed' });
    await detached();
    expect(await onM().find(core.serviceAccounts, account)).toBeUndefined();
  });
});

describe('unbind on 3.4, whose webhook holds a cluster that does not answer', patient, () => {
  let field: Field;
  beforeAll(async () => {
    field = await startField('3.4');
  }, 120_000);
  afterEach(() => field.rewind());
  afterAll(() => field[Symbol.asyncDispose]());

  const onA = () => field.sandbox.clusters.a.connection;
  const down = () => field.sandbox.faults.add({ cluster: 'm', fault: 'unreachable' });

  test('leaves the webhook alone while the member answers', async () => {
    const before = await onA().get(core.validatingWebhookConfigurations, { name: 'cluster.kubesphere.io' });
    const federation = await field.connect();
    expect(await federation.clusters.unbind('m')).toMatchObject({ result: { account: 'removed' } });
    const after = await onA().get(core.validatingWebhookConfigurations, { name: 'cluster.kubesphere.io' });
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  test('opens it for a member that is down, and closes it by the same call', async () => {
    const before = await webhookOf(field);
    const federation = await field.connect();
    await down();
    expect(await federation.clusters.unbind('m', { dryRun: true })).toMatchObject({
      forecast: {
        effect: 'change',
        changes: expect.arrayContaining([
          expect.objectContaining({ resource: expect.objectContaining({ kind: 'ValidatingWebhookConfiguration' }) }),
        ]),
      },
    });
    expect(await webhookOf(field)).toEqual(before);
    expect(await federation.clusters.unbind('m')).toMatchObject({ outcome: 'changed', result: { account: 'kept' } });
    expect(await onA().find(kubesphere.clusters, { name: 'm' })).toBeUndefined();
    expect(await webhookOf(field)).toEqual(before);
  });
});
