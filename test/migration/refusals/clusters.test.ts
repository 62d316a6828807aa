import { describe, expect, test } from 'vitest';
import { connectMember, Federation } from '../../../src/federation.ts';
import { connectCluster } from '../../../src/kube/connect.ts';
import { core } from '../../../src/kube/resources.ts';
import { kubesphereNamespace, nameLabel, sandboxLabel } from '../../../src/kubesphere/names.ts';
import { memberMigration } from '../../../src/migration/member-migration.ts';
import { mapListing } from '../../../src/modules/listing.ts';
import { startApiServer } from '../../../src/testing/index.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { plan, run } from '../../../src/workflow/run.ts';
import { all, blocked, refused, scene } from './kit.ts';

describe('clusters that do not fit together are refused before anything is written', () => {
  test('a kubeconfig file that is missing, text that is none, a context that is not in it', async () => {
    const { kubeconfig } = scene.clusters.b;
    for (const options of [
      { kubeconfig: '/nowhere/kubeconfig.yaml' },
      { kubeconfig: 'just: text\nno: kubeconfig\n' },
      { kubeconfig, context: 'nope' },
    ]) {
      await expect(Federation.connect(options)).rejects.toMatchObject({ code: 'KUBECONFIG_INVALID' });
      await expect(connectMember({ ...options, name: 'm' })).rejects.toMatchObject({ code: 'KUBECONFIG_INVALID' });
    }
  });

  test('a member given as host', async () => {
    await expect(Federation.connect({ kubeconfig: scene.clusters.m.kubeconfig })).rejects.toMatchObject({
      code: 'NOT_A_HOST',
      message: expect.stringMatching(/no host.*connectMember/),
    });
  });

  test('a member that the old host does not have', async () => {
    await expect(scene.source.member('ghost')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await using stranger = await connectMember({ kubeconfig: scene.clusters.m.kubeconfig, name: 'ghost' });
    expect(await refused(all, { member: stranger })).toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(
        /\[NOT_ON_SOURCE\] a has no cluster "ghost".*very name under which the old host has it/,
      ),
    });
  });

  test('one cluster in two roles', async () => {
    expect(await refused(all, { source: scene.target })).toMatchObject({
      code: 'SAME_CLUSTER',
      message: expect.stringMatching(/old host.*new host/),
    });
    expect(await refused(all, { member: scene.target.host })).toMatchObject({ code: 'SAME_CLUSTER' });
    expect(await refused(all, { member: scene.source.host })).toMatchObject({ code: 'SAME_CLUSTER' });
  });

  test('two clusters of one name', async () => {
    await using namesake = await connectMember({ kubeconfig: scene.clusters.m.kubeconfig, name: 'b' });
    expect(await refused(all, { member: namesake })).toMatchObject({
      code: 'INVALID',
      message: expect.stringMatching(/different names/),
    });
  });

  test('a member whose projects lack the label by which the shield finds them', async () => {
    const { member } = scene.env();
    const { connection } = member;
    /** As Kubernetes below 1.21 has them. */
    const listMetadata = (...of: Parameters<typeof connection.listMetadata>) =>
      mapListing(connection.listMetadata(...of), ({ metadata, ...rest }) => {
        const { [nameLabel]: _name, ...labels } = metadata.labels ?? {};
        return { ...rest, metadata: { ...metadata, labels } };
      });
    const old = { ...member, dialect: member.dialect, connection: { ...connection, listMetadata } as never };
    await blocked('NAME_LABEL', /team-a-001.* lack label kubernetes\.io\/metadata\.name.*upgrade the cluster/s, all, {
      member: old,
    });
  });

  test('KubeSphere 4.x, which this release only reads', async () => {
    await using server = await startApiServer({ name: 'four' });
    await using admin = await connectCluster({ kubeconfig: server.kubeconfig });
    await admin.create(core.namespaces, { metadata: { name: kubesphereNamespace } });
    await admin.create(core.deployments, {
      metadata: {
        namespace: kubesphereNamespace,
        name: 'ks-apiserver',
        labels: { 'app.kubernetes.io/version': 'v4.1.3' },
      },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'a', image: 'a' }] } },
      },
    });
    await using four = await connectMember({ kubeconfig: server.kubeconfig, name: 'm' });
    expect(await refused(all, { member: four })).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/m runs KubeSphere v4\.1\.3.*Nothing was changed/),
    });
  });

  test('shortened timing, or a journal that dies with its process, outside a sandbox', async () => {
    const { m } = scene.clusters;
    const label = (value: string | null) =>
      m.connection.patch(
        core.namespaces,
        { name: 'kube-system' },
        { type: 'merge', body: { metadata: { labels: { [sandboxLabel]: value } } } },
      );
    await label(null);
    await using real = await connectMember({ kubeconfig: m.kubeconfig, name: 'm' });
    await label('true');
    const { timing: _timing, ...env } = scene.env({ member: real });
    await expect(run(memberMigration, all, { env, journal: memoryJournal() })).rejects.toMatchObject({
      code: 'INVALID',
      message: expect.stringMatching(/memoryJournal\(\) is allowed only.*Use clusterJournal\(target/),
    });
    await expect(plan(memberMigration, all, { env: scene.env({ member: real }) })).rejects.toMatchObject({
      code: 'INVALID',
      message: expect.stringMatching(/timing.*sandbox=true/),
    });
  });
});
