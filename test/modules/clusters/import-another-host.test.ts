import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connectMember } from '../../../src/federation.ts';
import { core, type ServiceAccount } from '../../../src/kube/resources.ts';
import { hostServiceAccount, kubefedNamespace, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { expectArrivals } from '../../../src/modules/clusters/arrivals.ts';
import { guardImport } from '../../../src/modules/clusters/import-guard.ts';
import type { Operation } from '../../../src/modules/operation.ts';
import type { Work } from '../../../src/modules/work.ts';
import { compareProjects, createUser, joinCluster, observeProjects, until } from '../../../src/testing/index.ts';
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
