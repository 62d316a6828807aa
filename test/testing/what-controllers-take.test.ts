import { expect, it } from 'vitest';
import type { Connection } from '../../src/kube/connection.ts';
import type { Resource } from '../../src/kube/objects.ts';
import { core } from '../../src/kube/resources.ts';
import {
  deleteOptionAnnotation,
  finalizers,
  hostClusterRole,
  hostSecret,
  kubefedNamespace,
  workspaceLabel,
} from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { createHelmReleases, createSandbox, seedMember, until } from '../../src/testing/index.ts';
import { background, patient, slow, untilGoing, untilGone } from './support.ts';

const joined = async () => {
  const sandbox = await createSandbox({ clusters: { a: { role: 'host' }, m: { role: 'member' } }, speed: 100 });
  const { a, m } = sandbox.clusters;
  const projects = ['team-a-001', 'team-a-002'];
  await seedMember({
    host: a.connection,
    member: m.connection,
    name: 'm',
    kubeconfig: m.clientCertificateKubeconfig,
    workspaces: { 'team-a': projects.length },
  });
  return { sandbox, host: a.connection, member: m.connection, projects };
};

const served = async (connection: Connection, plural: string): Promise<Resource> => {
  const found = (await connection.resources()).find((resource) => resource.plural === plural);
  if (found === undefined) throw new Error(`${plural} are not served`);
  return found;
};

it('the delete options of a federated object count when it goes, not when a placement shrinks', slow, async () => {
  const { sandbox, host, member, projects } = await joined();
  await using _ = sandbox;
  const annotations = { [deleteOptionAnnotation]: JSON.stringify({ propagationPolicy: 'Orphan' }) };
  const one = { name: 'team-a' };
  await host.patch(kubesphere.federatedWorkspaces, one, { type: 'merge', body: { metadata: { annotations } } });
  const placement = { clusters: [] };
  await host.patch(kubesphere.workspaceTemplates, one, { type: 'merge', body: { spec: { placement } } });
  await untilGone(member, kubesphere.workspaces, one);
  await untilGoing(member, projects);
});

it("a host puts back what somebody took from its account's role and binding on a member", slow, async () => {
  const { sandbox, host, member } = await joined();
  await using _ = sandbox;
  const { data = {} } = await host.get(core.secrets, { namespace: kubefedNamespace, name: hostSecret('m') });
  expect(Object.keys(data)).toEqual(['token']);
  const one = { name: hostClusterRole('m') };
  await member.patch(core.clusterRoles, one, { type: 'merge', body: { rules: [] } });
  await until(
    'the rules are back',
    async () => (await member.get(core.clusterRoles, one)).rules?.length === 2,
    patient,
  );
  await member.patch(core.clusterRoleBindings, one, { type: 'merge', body: { subjects: [] } });
  await until(
    'the account is back',
    async () => (await member.get(core.clusterRoleBindings, one)).subjects?.length === 1,
    patient,
  );
});

it('helm uninstalls what a chart made, of every kind, but for what its author wants kept', slow, async () => {
  const clusters = { m: { role: 'standalone', workspaces: { 'team-a': 1 } } } as const;
  await using sandbox = await createSandbox({ clusters, speed: 100 });
  const { connection } = sandbox.clusters.m;
  const namespace = 'team-a-001';
  await createHelmReleases(connection, { workspace: 'team-a', project: namespace, names: ['shop'] });
  const services = await served(connection, 'services');
  const annotations = { 'meta.helm.sh/release-name': 'shop', 'meta.helm.sh/release-namespace': namespace };
  await connection.create(services, {
    metadata: { namespace, name: 'shop', annotations },
    ...{ spec: { ports: [{ port: 80 }] } },
  });
  await connection.create(core.clusterRoles, { metadata: { name: 'shop', annotations }, rules: [] });
  await connection.create(core.configMaps, {
    metadata: { namespace, name: 'kept', annotations: { ...annotations, 'helm.sh/resource-policy': 'keep' } },
  });
  const elsewhere = { ...annotations, 'meta.helm.sh/release-namespace': 'elsewhere' };
  await connection.create(core.clusterRoles, { metadata: { name: 'other-shop', annotations: elsewhere }, rules: [] });

  await connection.delete(kubesphere.helmReleases, { name: 'shop' }, background);
  await untilGone(connection, kubesphere.helmReleases, { name: 'shop' });
  expect(await connection.find(services, { namespace, name: 'shop' })).toBeUndefined();
  expect(await connection.find(core.clusterRoles, { name: 'shop' })).toBeUndefined();
  expect(await connection.find(core.configMaps, { namespace, name: 'kept' })).toBeDefined();
  expect(await connection.find(core.clusterRoles, { name: 'other-shop' })).toBeDefined();
});

it(
  'app templates that were never published go with their workspace, the orphan flag or not; others lose it',
  slow,
  async () => {
    const clusters = { m: { role: 'standalone', workspaces: { 'team-a': 1 } } } as const;
    await using sandbox = await createSandbox({ clusters, speed: 100 });
    const { connection } = sandbox.clusters.m;
    const labels = { [workspaceLabel]: 'team-a' };
    for (const name of ['draft', 'published'])
      await connection.create(kubesphere.helmApplications, { metadata: { name, labels } });
    const published = { name: 'published' };
    const status = { state: 'active' };
    await connection.patch(
      kubesphere.helmApplications,
      published,
      { type: 'merge', body: { status } },
      { subresource: 'status' },
    );

    const template = { name: 'team-a' };
    const { metadata } = await connection.get(kubesphere.workspaceTemplates, template);
    const flagged = { finalizers: [...(metadata.finalizers ?? []), finalizers.orphan] };
    await connection.patch(kubesphere.workspaceTemplates, template, { type: 'merge', body: { metadata: flagged } });
    await connection.delete(kubesphere.workspaceTemplates, template, background);
    await untilGone(connection, kubesphere.helmApplications, { name: 'draft' });
    await until(
      'the published one belongs to no workspace',
      async () =>
        (await connection.get(kubesphere.helmApplications, published)).metadata.labels?.[workspaceLabel] === '',
      patient,
    );
  },
);

it('a workspace quota that outlived its Workspace is bound to the next of that name', slow, async () => {
  await using sandbox = await createSandbox({ clusters: { m: { role: 'standalone' } }, speed: 100 });
  const { connection } = sandbox.clusters.m;
  const one = { name: 'late' };
  await connection.create(kubesphere.resourceQuotas, {
    metadata: { ...one, labels: { [workspaceLabel]: 'late' } },
    ...{ spec: { quota: { hard: { pods: '5' } } } },
  });
  await sandbox.clock.advance(10_000);
  const { metadata } = await connection.create(kubesphere.workspaces, { metadata: one, spec: {} });
  await until(
    'the Workspace owns it',
    async () =>
      (await connection.get(kubesphere.resourceQuotas, one)).metadata.ownerReferences?.[0]?.uid === metadata.uid,
    patient,
  );
});

it('a hashed password leaves no plain text behind in what kubectl applied', slow, async () => {
  await using sandbox = await createSandbox({ clusters: { m: { role: 'standalone' } }, speed: 100 });
  const { connection } = sandbox.clusters.m;
  const applied = 'kubectl.kubernetes.io/last-applied-configuration';
  const password = 'Pl@in123';
  await connection.create(kubesphere.users, {
    metadata: { name: 'ann', annotations: { [applied]: JSON.stringify({ spec: { password } }) } },
    spec: { email: 'ann@example.com', password },
  });
  const user = await until(
    'the password is hashed',
    async () => {
      const now = await connection.get(kubesphere.users, { name: 'ann' });
      return now.spec.password === password ? undefined : now;
    },
    patient,
  );
  expect(user.metadata.annotations?.[applied]).toBeUndefined();
});
