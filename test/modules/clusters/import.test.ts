import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connectMember, Federation } from '../../../src/federation.ts';
import { digest } from '../../../src/internal/digest.ts';
import type { Resource } from '../../../src/kube/objects.ts';
import { core, type ServiceAccount } from '../../../src/kube/resources.ts';
import { readInstallation } from '../../../src/kubesphere/installation.ts';
import {
  hostServiceAccount,
  kubefedNamespace,
  kubesphereNamespace,
  managedLabel,
  workspaceLabel,
} from '../../../src/kubesphere/names.ts';
import { federatedKinds, kubesphere } from '../../../src/kubesphere/resources.ts';
import { expectArrivals } from '../../../src/modules/clusters/arrivals.ts';
import { guardImport, standing } from '../../../src/modules/clusters/import-guard.ts';
import { importWorkflow } from '../../../src/modules/clusters/importing.ts';
import type { Operation } from '../../../src/modules/operation.ts';
import type { Work } from '../../../src/modules/work.ts';
import {
  compareProjects,
  createFederatedProjects,
  createUser,
  createWorkspace,
  joinCluster,
  observeProjects,
  until,
} from '../../../src/testing/index.ts';
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

describe('an import while another host joins the member', patient, () => {
  const metadata = { namespace: kubefedNamespace, name: hostServiceAccount('m2') };
  const arrives = () => field.sandbox.clusters.m.connection.create<ServiceAccount>(core.serviceAccounts, { metadata });
  const settings = () => ({ name: 'm', kubeconfig: field.sandbox.clusters.m.clientCertificateKubeconfig });
  const lenient = { accept: ['WORKSPACE_NAME'], formerHostGone: true } as const;

  test('is taken back before anything of its host has come, and nothing is lost', async () => {
    const { a, m } = field.sandbox.clusters;
    const names = (await m.connection.list(core.namespaces, { labelSelector: workspaceLabel }).toArray()).map(
      (one) => one.metadata.name,
    );
    const before = await observeProjects(m.connection, names);
    const federation = await field.connect();
    await federation.clusters.unbind('m');
    await field.sandbox.faults.add({ cluster: 'a', fault: { controller: 'kubefed', down: true } });
    const calling = expect(federation.clusters.import({ ...settings(), ...lenient })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/rolled back.*Another host has joined m since.*m2-kubesphere.*a does not take it/),
      details: { state: 'rolled-back' },
    });
    await until('it joins', async () => {
      const cluster = await a.connection.find(kubesphere.clusters, { name: 'm' });
      return cluster?.spec.joinFederation;
    });
    await arrives();
    await calling;
    expect(await a.connection.find(kubesphere.clusters, { name: 'm' })).toBeUndefined();
    const accounts = await m.connection.listMetadata(core.serviceAccounts, { namespace: kubefedNamespace }).toArray();
    const hosts = accounts.map((one) => one.metadata.name).filter((name) => name.endsWith('-kubesphere'));
    expect(hosts).toEqual([metadata.name]);
    const { lost, contents } = compareProjects(before, await observeProjects(m.connection, names));
    expect([names.length > 1, lost, contents.lost]).toEqual([true, [], []]);
  });

  /** The wait for what arrives, played by the test. */
  async function waiting(verify: Operation<null, void>['verify']) {
    const federation = await field.connect();
    await federation.clusters.unbind('m');
    const member = await connectMember({ kubeconfig: field.sandbox.clusters.m.kubeconfig, name: 'm' });
    const operation: Operation<null, void> = {
      forecast: async () => ({ effect: 'change', changes: [] }),
      capture: async () => null,
      run: async () => {},
      verify,
      compensate: async () => {},
    };
    const before = await expectArrivals(federation.host, member, 'm').run(work, null);
    const guarded = guardImport(operation, federation.host, member, settings(), { ...lenient, before });
    return {
      verify: () => guarded.verify(work, null, undefined),
      [Symbol.asyncDispose]: () => member[Symbol.asyncDispose](),
    };
  }
  const refused = (message: RegExp) => ({ code: 'CONFLICT', message: expect.stringMatching(message) });

  test('does not begin to wait where one has come already', async () => {
    let waited = false;
    await using guarded = await waiting(async () => {
      waited = true;
    });
    await arrives();
    await expect(guarded.verify()).rejects.toMatchObject(refused(/m2-kubesphere/));
    expect(waited).toBe(false);
  });

  test('ends the wait when one comes', async () => {
    await using guarded = await waiting(async ({ signal }) => {
      await arrives();
      await new Promise((_, reject) => signal.addEventListener('abort', reject));
    });
    await expect(guarded.verify()).rejects.toMatchObject(refused(/m2-kubesphere/));
  });

  test('looks once more when the wait is over', async () => {
    await using guarded = await waiting(async () => {
      await arrives();
    });
    await expect(guarded.verify()).rejects.toMatchObject(refused(/m2-kubesphere/));
  });

  test('knows one of the same name by what it copies there', async () => {
    const { b, m } = field.sandbox.clusters;
    await createUser(b.connection, { name: 'zoe' });
    await using guarded = await waiting(async () => {
      await joinCluster(b.connection, { name: 'm', kubeconfig: m.clientCertificateKubeconfig });
      await until('its user came', () => m.connection.find(kubesphere.users, { name: 'zoe' }));
    });
    await expect(guarded.verify()).rejects.toMatchObject(refused(/has m under the same name.*User zoe/));
  });

  test('and is none where the account of a host that is gone was there before', async () => {
    await arrives();
    await using guarded = await waiting(async () => {});
    await guarded.verify();
  });
});

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
          why: expect.stringMatching(/a has cluster "m" again.*stays\. Unbind it, then/),
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
          why: expect.stringMatching(/m2-kubesphere.*stays\. That is .*Workspace system-workspace/),
        },
        { step: 'park-cluster', code: 'UNDO_NEEDS' },
      ],
    });
    expect(await m.connection.find(core.serviceAccounts, account)).toBeUndefined();
    expect(await marked()).not.toEqual([]);
  });

  test('and took the kubeconfig with it can only be taken back', async () => {
    const { journal, runId } = await dies('captured');
    const env = await field.connect({ members: false });
    const settled = await (await resume(importWorkflow, runId, { env, journal })).settled();
    expect(settled).toMatchObject({ state: 'rolled-back', error: { code: 'INVALID' } });
    expect(await clusterOf()).toBeUndefined();
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
