import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { core } from '../../src/kube/resources.ts';
import { finalizers, kubefedNamespace, workspaceLabel } from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import {
  compareProjects,
  createProjects,
  createSandbox,
  createUser,
  createWorkspace,
  joinCluster,
  observeProjects,
  type Sandbox,
  until,
  untilFederated,
} from '../../src/testing/index.ts';
import {
  background,
  conditionOf,
  detach,
  patient,
  place,
  propagation,
  slow,
  untilGoing,
  untilGone,
} from './support.ts';

const names = ['away-1', 'away-2'];

describe('a member that cannot be reached', slow, () => {
  let sandbox: Sandbox<'a' | 'm'>;
  const a = () => sandbox.clusters.a.connection;
  const m = () => sandbox.clusters.m.connection;
  const cluster = () => a().get(kubesphere.clusters, { name: 'm' });
  const kubefed = () => a().get(kubesphere.kubeFedClusters, { namespace: kubefedNamespace, name: 'm' });

  beforeEach(async () => {
    sandbox = await createSandbox({ clusters: { a: { role: 'host' }, m: { role: 'member' } }, speed: 60 });
    await joinCluster(a(), { name: 'm', kubeconfig: sandbox.clusters.m.clientCertificateKubeconfig });
    await createUser(a(), { name: 'away-manager' });
    await createWorkspace(a(), { name: 'away', manager: 'away-manager', clusters: ['m'] });
    await untilFederated(a(), { name: 'm', workspaces: ['away'] });
    await createProjects(m(), { workspace: 'away', names, creator: 'away-manager' });
  }, slow.timeout);
  afterEach(() => sandbox?.close(), slow.timeout);

  const suspend = async (): Promise<void> => {
    await sandbox.clusters.m.suspend();
    await until('kubefed noticed', async () => conditionOf(await kubefed(), 'Offline')?.status === 'True', patient);
    await until('KubeSphere noticed', async () => conditionOf(await cluster(), 'Ready')?.status === 'False', patient);
  };

  it('loses its projects when it comes back, if its placement was shrunk meanwhile', async () => {
    await suspend();
    await place(a(), 'away', []);
    await until(
      'the host is done, and reports all well',
      async () => (await propagation(a(), kubesphere.federatedWorkspaces, { name: 'away' }, 'm')) === undefined,
      patient,
    );
    await sandbox.clusters.m.restore();
    await untilGone(m(), kubesphere.workspaces, { name: 'away' });
    await untilGoing(m(), names);
  });

  it('loses nothing when its Cluster was deleted meanwhile, which takes no waiting for it', async () => {
    const before = await observeProjects(m(), names);
    await suspend();
    await detach(a(), 'm');
    await place(a(), 'away', []);
    await a().delete(kubesphere.workspaceTemplates, { name: 'away' }, background);
    await untilGone(a(), kubesphere.federatedWorkspaces, { name: 'away' });
    await sandbox.clusters.m.restore();
    await m().create(core.namespaces, { metadata: { name: 'witness', labels: { [workspaceLabel]: 'away' } } });
    await until(
      "the member's controllers work again",
      async () =>
        (await m().get(core.namespaces, { name: 'witness' })).metadata.ownerReferences?.[0]?.kind === 'Workspace',
      patient,
    );
    expect(compareProjects(before, await observeProjects(m(), names))).toMatchObject({
      kept: names,
      lost: [],
      written: [],
    });
  });

  it('holds up the deletion of what the host copied to it until its Cluster is deleted (H19)', async () => {
    await suspend();
    await a().delete(kubesphere.users, { name: 'away-manager' }, background);
    await untilGone(a(), kubesphere.users, { name: 'away-manager' });
    const federated = () => a().find(kubesphere.federatedUsers, { name: 'away-manager' });
    await until('it is going', async () => (await federated())?.metadata.deletionTimestamp !== undefined, patient);
    expect((await federated())?.metadata.finalizers).toContain(finalizers.sync);
    await detach(a(), 'm');
    await untilGone(a(), kubesphere.federatedUsers, { name: 'away-manager' });
  });

  it('keeps its namespaces Terminating while its own controllers are down (H14)', async () => {
    await sandbox.clusters.m.stopControllers();
    const [name = ''] = names;
    await m().delete(core.namespaces, { name }, background);
    await untilGone(m(), core.configMaps, { namespace: name, name: 'settings' });
    expect((await m().get(core.namespaces, { name })).metadata.finalizers).toContain(finalizers.namespace);
    await sandbox.clusters.m.startControllers();
    await untilGone(m(), core.namespaces, { name });
  });
});
