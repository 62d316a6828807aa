import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connectMember } from '../../../src/federation.ts';
import type { Connection } from '../../../src/kube/connection.ts';
import { core, type ServiceAccount } from '../../../src/kube/resources.ts';
import type { KubeSphereCluster } from '../../../src/kubesphere/cluster.ts';
import { hostServiceAccount, kubefedNamespace, managedLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { expectArrivals } from '../../../src/modules/clusters/arrivals.ts';
import { guardImport } from '../../../src/modules/clusters/import-guard.ts';
import type { Operation } from '../../../src/modules/operation.ts';
import type { Work } from '../../../src/modules/work.ts';
import { compareProjects, createUser, joinCluster, observeProjects, until } from '../../../src/testing/index.ts';
import { overriding } from '../kit/overriding.ts';
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

  const waitsFor = (verify: Operation<null, void>['verify']): Operation<null, void> => ({
    forecast: async () => ({ effect: 'change', changes: [] }),
    capture: async () => null,
    run: async () => {},
    verify,
    compensate: async () => {},
  });
  /** The wait for what arrives, played by the test. */
  async function waiting(verify: Operation<null, void>['verify'], given = async (): Promise<unknown> => undefined) {
    const federation = await field.connect();
    await federation.clusters.unbind('m');
    await given();
    const member = await connectMember({ kubeconfig: field.sandbox.clusters.m.kubeconfig, name: 'm' });
    const before = await expectArrivals(federation.host, member, 'm').run(work, null);
    const guarded = guardImport(waitsFor(verify), federation.host, member, settings(), { ...lenient, before });
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

  test('nor where copies of that host were there before', async () => {
    const { m } = field.sandbox.clusters;
    const left = async () => {
      await createUser(m.connection, { name: 'zoe' });
      await mark('zoe', 'true');
    };
    await using guarded = await waiting(async () => {}, left);
    await guarded.verify();
  });

  const mark = (name: string, value: string | null) =>
    field.sandbox.clusters.m.connection.patch(
      kubesphere.users,
      { name },
      { type: 'merge', body: { metadata: { labels: { [managedLabel]: value } } } },
    );

  describe('of the same name', () => {
    /** What is done between the first look at the member and that at the host. */
    function lookingAt(host: KubeSphereCluster, between: () => Promise<void>): KubeSphereCluster {
      let done = false;
      const { connection } = host;
      const listMetadata: Connection['listMetadata'] = (resource, options) => {
        const listing = connection.listMetadata(resource, options);
        if (done || resource.kind !== 'FederatedUser') return listing;
        done = true;
        const toArray = async () => {
          await between();
          return connection.listMetadata(resource, options).toArray();
        };
        return { ...listing, toArray };
      };
      return overriding(host, { listMetadata });
    }
    /** A join of M to A that has ended, but for the last look, as though nothing had been there before it. */
    async function looks(between: () => Promise<void>): Promise<void> {
      const federation = await field.connect();
      await using member = await connectMember({ kubeconfig: field.sandbox.clusters.m.kubeconfig, name: 'm' });
      const before = await expectArrivals(federation.host, member, 'm').run(work, null);
      const guard = { ...lenient, before: { ...before, present: [], marked: [] } };
      const host = lookingAt(federation.host, between);
      const guarded = guardImport(
        waitsFor(async () => {}),
        host,
        member,
        settings(),
        guard,
      );
      await guarded.verify(work, null, undefined);
    }

    test('is none where this host deletes something between the looks at both', async () => {
      const { a, m } = field.sandbox.clusters;
      await createUser(a.connection, { name: 'leaver' });
      const copy = () => m.connection.find(kubesphere.users, { name: 'leaver' });
      await until('the user came', copy);
      let deleted = false;
      await looks(async () => {
        await a.connection.delete(kubesphere.users, { name: 'leaver' }, { propagationPolicy: 'Background' });
        await until('it went', async () => (await copy()) === undefined);
        await expect.poll(() => a.connection.find(kubesphere.federatedUsers, { name: 'leaver' })).toBeUndefined();
        deleted = true;
      });
      expect(deleted).toBe(true);
    });

    test('nor where what it deleted goes from the member a moment later than that', async () => {
      const { m } = field.sandbox.clusters;
      await createUser(m.connection, { name: 'zoe' });
      await field.sandbox.faults.add({ cluster: 'a', fault: { controller: 'kubefed', down: true } });
      await mark('zoe', 'true');
      let going: Promise<unknown> = Promise.resolve();
      await looks(async () => {
        going = pause(500).then(() =>
          m.connection.delete(kubesphere.users, { name: 'zoe' }, { propagationPolicy: 'Background' }),
        );
      });
      await going;
    });

    test('is one though its mark is taken off between them: two hosts do so all the time', async () => {
      const { m } = field.sandbox.clusters;
      await createUser(m.connection, { name: 'zoe' });
      await field.sandbox.faults.add({ cluster: 'a', fault: { controller: 'kubefed', down: true } });
      await mark('zoe', 'true');
      await expect(looks(async () => void (await mark('zoe', null)))).rejects.toMatchObject(
        refused(/has m under the same name.*User zoe/),
      );
    });
  });
});
