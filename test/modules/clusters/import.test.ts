import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connectMember, Federation } from '../../../src/federation.ts';
import { digest } from '../../../src/internal/digest.ts';
import { core } from '../../../src/kube/resources.ts';
import { readInstallation } from '../../../src/kubesphere/installation.ts';
import { managedLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { guardImport, standing } from '../../../src/modules/clusters/import-guard.ts';
import type { Operation } from '../../../src/modules/operation.ts';
import type { Work } from '../../../src/modules/work.ts';
import { createFederatedProjects, createUser, createWorkspace } from '../../../src/testing/index.ts';
import { type Field, startField } from './kit.ts';

let field: Field;
beforeAll(async () => {
  field = await startField();
}, 120_000);
afterEach(() => field.rewind(), 60_000);
afterAll(() => field?.[Symbol.asyncDispose](), 60_000);

const patient = { timeout: 90_000 };

const work: Work = {
  signal: new AbortController().signal,
  log: { debug() {}, info() {}, warn() {}, error() {} },
  runId: 'run-1',
  confirmDriver: async () => {},
};

/** B has a multi-cluster project of the name that A's has on M, placed on B alone. */
async function ofOneName(name: string): Promise<void> {
  const { a, b } = field.sandbox.clusters;
  await createFederatedProjects(a.connection, { workspace: 'team-a', names: [name], clusters: ['m'] });
  await createUser(b.connection, { name: 'zoe' });
  await createWorkspace(b.connection, { name: 'team-z', manager: 'zoe' });
  const labels = { [workspaceLabel]: 'team-z' };
  await b.connection.create(core.namespaces, { metadata: { name, labels: { ...labels, [managedLabel]: 'false' } } });
  await b.connection.create(kubesphere.federatedNamespaces, {
    metadata: { name, namespace: name, labels },
    spec: { template: {}, placement: { clusters: [{ name: 'host' }] } },
  });
}

describe('an import', patient, () => {
  test('by agent does not go unread because of a kubeconfig that nobody set', async () => {
    await using federation = await Federation.connect({ kubeconfig: field.sandbox.clusters.b.kubeconfig, name: 'b' });
    const unset = { name: 'm', connection: 'agent', formerHostGone: true, kubeconfig: undefined } as never;
    await expect(federation.clusters.import(unset, { dryRun: true })).rejects.toMatchObject({
      code: 'INVALID',
      message: expect.stringMatching(/kubeconfig is undefined, as a variable that nobody set is/),
    });
  });

  test('is refused while the new host would delete what the former one left, whatever is said of that one (H5)', async () => {
    const { b, m } = field.sandbox.clusters;
    await ofOneName('shared');
    const { uid } = (await m.connection.get(core.namespaces, { name: 'shared' })).metadata;
    await (await field.connect()).clusters.unbind('m');
    await using federation = await Federation.connect({ kubeconfig: b.kubeconfig, name: 'b' });
    await using member = await connectMember({ kubeconfig: m.kubeconfig, name: 'm' });
    await federation.clusters.prepareMember(member, { formerHostGone: true });
    const settings = { name: 'm', kubeconfig: m.clientCertificateKubeconfig, formerHostGone: true } as const;
    await expect(federation.clusters.import(settings)).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/\[LEFTOVERS_LOST\].*Namespace.*shared.*Take the label kubefed\.io\/managed off/),
    });
    expect(await b.connection.find(kubesphere.clusters, { name: 'm' })).toBeUndefined();

    // As the remedy says.
    await m.connection.patch(
      core.namespaces,
      { name: 'shared' },
      {
        type: 'merge',
        body: { metadata: { labels: { [managedLabel]: 'false' } } },
      },
    );
    const marked = { namespace: 'shared', labelSelector: `${managedLabel}=true` };
    for (const { metadata } of await m.connection.list(core.configMaps, marked).toArray())
      await m.connection.patch(
        core.configMaps,
        { namespace: 'shared', name: metadata.name },
        {
          type: 'merge',
          body: { metadata: { labels: { [managedLabel]: null } } },
        },
      );
    expect(await federation.clusters.import(settings)).toMatchObject({ outcome: 'changed' });
    expect((await m.connection.get(core.namespaces, { name: 'shared' })).metadata).toMatchObject({ uid });
  });

  test('is refused while the host would take over what has its own names, until that is accepted by name', async () => {
    const { a, m } = field.sandbox.clusters;
    const federation = await field.connect();
    await federation.clusters.unbind('m');
    const settings = { name: 'm', kubeconfig: m.clientCertificateKubeconfig, formerHostGone: true } as const;
    await expect(federation.clusters.import(settings)).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/\[WORKSPACE_NAME\] Workspace\(s\) team-a are on m/),
    });
    expect(await a.connection.find(kubesphere.clusters, { name: 'm' })).toBeUndefined();
    await expect(
      federation.clusters.import({ ...settings, accept: ['LEFTOVERS_LOST' as never] }),
    ).rejects.toMatchObject({
      code: 'INVALID',
      details: { field: 'accept[0]' },
    });
    const written = await federation.clusters.import({ ...settings, accept: ['WORKSPACE_NAME'] });
    expect(written).toMatchObject({ outcome: 'changed' });
  });

  test('is judged by the labels that the cluster is to have', async () => {
    const { a, m } = field.sandbox.clusters;
    const federation = await field.connect();
    await federation.clusters.unbind('m');
    const at = { namespace: 'chosen', name: 'chosen' };
    await m.connection.create(core.namespaces, { metadata: { name: 'chosen' } });
    await a.connection.create(core.namespaces, { metadata: { name: 'chosen' } });
    const placement = { clusterSelector: { matchLabels: { tier: 'prod' } } };
    await a.connection.create(kubesphere.federatedNamespaces, { metadata: at, spec: { template: {}, placement } });
    const settings = {
      name: 'm',
      kubeconfig: m.clientCertificateKubeconfig,
      formerHostGone: true,
      accept: ['WORKSPACE_NAME'],
    } as const;
    await expect(federation.clusters.import({ ...settings, labels: { tier: 'prod' } })).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/\[PROJECT_NAME\] Namespace\(s\) chosen are on m/),
    });
    expect(await federation.clusters.import({ ...settings, labels: { tier: 'test' } }, { dryRun: true })).toMatchObject(
      {
        forecast: { effect: 'change' },
      },
    );
    await expect(federation.clusters.import({ ...settings, labels: { tier: 'no value' } })).rejects.toMatchObject({
      code: 'INVALID',
      details: { field: 'labels.tier' },
    });
  });

  test('is asked again before it is done: what came in between stands against it, too', async () => {
    const { a, m } = field.sandbox.clusters;
    const federation = await field.connect();
    await federation.clusters.unbind('m');
    await using member = await connectMember({ kubeconfig: m.kubeconfig, name: 'm' });
    let joined = false;
    const operation: Operation<null, void> = {
      forecast: async () => ({ effect: 'change', changes: [] }),
      capture: async () => null,
      run: async () => {
        joined = true;
      },
      verify: async () => {},
      compensate: async () => {},
    };
    const candidate = { name: 'm', kubeconfig: m.clientCertificateKubeconfig };
    const guard = { accept: ['WORKSPACE_NAME'], formerHostGone: true } as const;
    const guarded = guardImport(operation, federation.host, member, candidate, guard);
    expect(await guarded.forecast(work)).toMatchObject({ effect: 'change' });
    for (const [cluster, email] of [
      [a, 'of-host@example.com'],
      [m, 'of-member@example.com'],
    ] as const)
      await createUser(cluster.connection, { name: 'namesake', email });
    await expect(guarded.run(work, null)).rejects.toMatchObject({
      code: 'WORLD_MOVED',
      message: expect.stringMatching(/\[SAME_USER_NAME\] namesake/),
    });
    expect(joined).toBe(false);
  });

  test('takes a path of a kubeconfig, and stores what is in it', async () => {
    const { a, m } = field.sandbox.clusters;
    const federation = await field.connect();
    await federation.clusters.unbind('m');
    const folder = await mkdtemp(join(tmpdir(), 'ksf-'));
    await writeFile(join(folder, 'm.yaml'), m.clientCertificateKubeconfig);
    const settings = {
      name: 'm',
      kubeconfig: join(folder, 'm.yaml'),
      formerHostGone: true,
      accept: ['WORKSPACE_NAME'],
    } as const;
    expect(await federation.clusters.import(settings)).toMatchObject({ outcome: 'changed' });
    const { spec } = await a.connection.get(kubesphere.clusters, { name: 'm' });
    expect(Buffer.from(spec.connection.kubeconfig ?? '', 'base64').toString()).toContain('client-certificate-data');
  });
});

describe('what stands against an import', () => {
  const finding = (code: string, severity: 'blocks' | 'warns' = 'blocks') => ({
    ...{ code, severity, where: 'm', what: 'what', remedy: 'remedy' },
  });
  const codes = (...args: Parameters<typeof standing>) => standing(...args).map(({ code }) => code);
  const all = ['LEFTOVERS_LOST', 'WORKSPACE_NAME', 'HOST_MARKS', 'OTHER_HOST', 'SAME_EMAIL'].map((code) =>
    finding(code),
  );

  test('is what blocks, but what was accepted, and the marks of a host that is gone', () => {
    expect(codes([...all, finding('LEFTOVERS', 'warns')], { accept: [], formerHostGone: false })).toEqual(
      all.map(({ code }) => code),
    );
    expect(codes(all, { accept: ['WORKSPACE_NAME'], formerHostGone: false })).not.toContain('WORKSPACE_NAME');
    expect(codes(all, { accept: ['SAME_EMAIL'], formerHostGone: true })).toEqual(['LEFTOVERS_LOST', 'WORKSPACE_NAME']);
  });
});

test(
  'a member that another host has is not prepared for this one: its host could no longer sign in there',
  patient,
  async () => {
    const { b, m } = field.sandbox.clusters;
    await using federation = await Federation.connect({ kubeconfig: b.kubeconfig, name: 'b' });
    await using member = await connectMember({ kubeconfig: m.kubeconfig, name: 'm' });
    const before = (await readInstallation(m.connection)).jwtDigest;
    expect(before).not.toBe(digest(''));
    await expect(federation.clusters.prepareMember(member)).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/m bears the marks of another host.*memberMigration.*formerHostGone/),
    });
    expect((await readInstallation(m.connection)).jwtDigest).toBe(before);
  },
);
