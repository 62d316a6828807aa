import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { Federation } from '../../../src/federation.ts';
import { readInstallation } from '../../../src/kubesphere/installation.ts';
import { finalizers, kubesphereNamespace } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { updateKubeconfigWorkflow } from '../../../src/modules/clusters/update-kubeconfig.ts';
import { until } from '../../../src/testing/index.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { resume, rollback } from '../../../src/workflow/run.ts';
import { dyingAfter, once, runIdOf } from './journalled.ts';
import { type Field, startField } from './kit.ts';

const patient = { timeout: 90_000 };
let field: Field;
beforeAll(async () => {
  field = await startField();
}, 120_000);
afterEach(() => field.rewind(), 60_000);
afterAll(() => field[Symbol.asyncDispose]());

const onA = () => field.sandbox.clusters.a.connection;
const onM = () => field.sandbox.clusters.m.connection;
const stored = async (): Promise<string> => {
  const { spec } = await onA().get(kubesphere.clusters, { name: 'm' });
  return Buffer.from(spec.connection.kubeconfig ?? '', 'base64').toString();
};
const renewed = (): string =>
  field.sandbox.clusters.m.kubeconfigFor({ user: 'renewed', groups: ['system:masters'], certificate: true });
const configurationAt = { namespace: kubesphereNamespace, name: 'ks-installer' };

describe('updateKubeconfig', patient, () => {
  const blocked = async (kubeconfig: string, why: RegExp): Promise<void> => {
    const [federation, before] = [await field.connect(), await stored()];
    await expect(federation.clusters.updateKubeconfig('m', kubeconfig)).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(why),
    });
    expect(await stored()).toBe(before);
  };

  test('refuses a kubeconfig of another cluster', () =>
    blocked(field.sandbox.clusters.b.clientCertificateKubeconfig, /\[OTHER_CLUSTER\].*leads to another cluster/));

  test('refuses one without a client certificate on 3.3, and one without every right', async () => {
    await blocked(field.sandbox.clusters.m.kubeconfig, /\[CLIENT_CERTIFICATE\]/);
    const few = { user: 'few', groups: [], certificate: true };
    // Nobody in particular may not even read who the cluster is.
    await blocked(field.sandbox.clusters.m.kubeconfigFor(few), /\[(NOT_ADMIN|UNREAD)\]/);
  });

  test('refuses it while the member has another jwtSecret', async () => {
    const body = { spec: { authentication: { jwtSecret: 'of-another-host' } } };
    await onM().patch(kubesphere.clusterConfigurations, configurationAt, { type: 'merge', body });
    await until(
      'the installer wrote it',
      async () => (await readInstallation(onM())).jwtDigest !== (await readInstallation(onA())).jwtDigest,
    );
    await blocked(renewed(), /\[JWT_SECRET\].*not the one of a/);
  });

  test('refuses the host itself, and a member with an agent', async () => {
    const federation = await field.connect();
    await expect(federation.clusters.updateKubeconfig('host', renewed())).rejects.toMatchObject({ code: 'INVALID' });
    const spec = { joinFederation: false, connection: { type: 'proxy' as const } };
    await onA().create(kubesphere.clusters, { metadata: { name: 'agent' }, spec });
    await expect(federation.clusters.updateKubeconfig('agent', renewed())).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    });
  });

  test('puts the former one back where the host cannot use the new one', async () => {
    const [federation, before] = [await field.connect(), await stored()];
    const journal = once(memoryJournal(), 'captured', 'replace', async () => {
      await field.sandbox.faults.add({ cluster: 'm', fault: 'unreachable' });
    });
    await expect(federation.clusters.updateKubeconfig('m', renewed(), { journal })).rejects.toMatchObject({
      code: 'NOT_OBSERVED',
      message: expect.stringMatching(/with the new kubeconfig it does not reach cluster "m"/),
    });
    expect(await stored()).toBe(before);
  });

  test('does not believe a Ready from before: the host must have looked with the new one', async () => {
    const federation = await field.connect();
    await field.sandbox.faults.add({ cluster: 'a', fault: { controller: 'cluster', down: true } });
    await expect(
      federation.clusters.updateKubeconfig('m', renewed(), { timeoutMs: 3_000, journal: memoryJournal() }),
      // The run rests, to be gone on with.
    ).rejects.toMatchObject({ code: 'TIMEOUT', details: { runId: expect.any(String) } });
  });

  test.each(['resume', 'rollback'] as const)(
    'a process dies half way: %s needs nothing but the journal',
    async (how) => {
      const [before, next, journal] = [await stored(), renewed(), memoryJournal()];
      const first = await field.connect();
      const dying = dyingAfter(journal, 'captured', 'replace');
      const runId = await runIdOf(first.clusters.updateKubeconfig('m', next, { journal: dying }));
      expect(JSON.stringify(await entriesOf(journal, runId))).not.toMatch(/certificate-data|client-key|BEGIN/);
      const env = await field.connect();
      const drive = how === 'resume' ? resume : rollback;
      expect(await (await drive(updateKubeconfigWorkflow, runId, { env, journal })).settled()).toMatchObject({
        state: how === 'resume' ? 'completed' : 'rolled-back',
      });
      if (how === 'rollback') expect(await stored()).toBe(before);
      else expect(parse(await stored()).users).toEqual(parse(next).users);
    },
  );
});

async function entriesOf(journal: ReturnType<typeof memoryJournal>, runId: string): Promise<unknown[]> {
  const entries: unknown[] = [];
  for await (const entry of journal.read(runId)) entries.push(entry);
  return entries;
}

describe('waitUntilReady', patient, () => {
  test('does not believe a Ready that nobody has written since', async () => {
    const federation = await field.connect();
    expect(await federation.clusters.waitUntilReady('m')).toMatchObject({ ready: true });
    await field.sandbox.faults.add({ cluster: 'a', fault: { controller: 'cluster', down: true } });
    expect(await federation.clusters.get('m')).toMatchObject({ ready: true });
    await expect(federation.clusters.waitUntilReady('m', { timeoutMs: 3_000 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
  });

  test('does not believe the host where kubefed has nothing there', async () => {
    const federation = await field.connect();
    await field.sandbox.faults.add({ cluster: 'a', fault: { controller: 'kubefed', down: true } });
    const at = { name: 'system-workspace' };
    const body = { status: { clusters: [] } };
    // A report that kubefed was about to write arrives after it went down.
    await until('what kubefed reports stays away', async () => {
      await onA().patch(kubesphere.federatedWorkspaces, at, { type: 'merge', body }, { subresource: 'status' });
      await sleep(500);
      const { status } = await onA().get(kubesphere.federatedWorkspaces, at);
      return (status?.clusters ?? []).length === 0;
    });
    await expect(federation.clusters.waitUntilReady('m', { timeoutMs: 5_000 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
  });
});

test('watch ends quietly with its signal, and tells changes until then', patient, async () => {
  const federation = await field.connect();
  const stop = new AbortController();
  const seen: string[] = [];
  for await (const event of federation.clusters.watch({ signal: stop.signal })) {
    seen.push(event.type);
    if (event.type === 'synced')
      await onA().patch(
        kubesphere.clusters,
        { name: 'm' },
        { type: 'merge', body: { metadata: { labels: { x: 'y' } } } },
      );
    else if (event.type === 'modified' && event.cluster.labels['x'] === 'y') stop.abort();
  }
  expect(seen[0]).toBe('synced');
  expect(seen.at(-1)).toBe('modified');
});

describe('prepareMember', patient, () => {
  test('refuses a host with members of its own, and one whose kubefed still has some (H17)', async () => {
    const { a, b } = field.sandbox.clusters;
    await using other = await Federation.connect({ kubeconfig: b.kubeconfig, name: 'b' });
    const { host: candidate } = await field.connect();
    const refused = (why: RegExp) =>
      expect(other.clusters.prepareMember(candidate)).rejects.toMatchObject({
        code: 'PLAN_BLOCKED',
        message: expect.stringMatching(why),
      });
    await refused(/a is itself a host.*has cluster\(s\) host, m/);
    await field.sandbox.faults.add({ cluster: 'a', fault: { controller: 'cluster', down: true } });
    await a.connection.delete(kubesphere.clusters, { name: 'm' }, { propagationPolicy: 'Orphan' });
    const { metadata } = await a.connection.get(kubesphere.clusters, { name: 'm' });
    expect(metadata.finalizers).toContain(finalizers.cluster);
    // The collector's own "orphan" too: it may be gone by now, and cannot be put back.
    const body = { metadata: { finalizers: null } };
    await a.connection.patch(kubesphere.clusters, { name: 'm' }, { type: 'merge', body });
    await until('it is gone', async () => !(await a.connection.find(kubesphere.clusters, { name: 'm' })));
    await refused(/a was a host: its kubefed is joined to (host, m|m, host|m)\./);
    const { spec } = await a.connection.get(kubesphere.clusterConfigurations, configurationAt);
    expect(spec.multicluster?.clusterRole).toBe('host');
  });
});

describe('alignJwtSecret', patient, () => {
  test('tells of each cluster what became of it; one that failed does not keep the others', async () => {
    const federation = await field.connect();
    const error = await federation.clusters.alignJwtSecret(['m', 'host', 'ghost']).catch((one: unknown) => one);
    expect(error).toMatchObject({
      code: 'BATCH_FAILED',
      details: {
        items: [
          { item: 'm', outcome: 'already' },
          { item: 'host', outcome: 'failed', error: { code: 'INVALID' } },
          { item: 'ghost', outcome: 'failed', error: { code: 'NOT_FOUND' } },
        ],
      },
    });
  });
});

describe('a member with an agent', patient, () => {
  const address = async (): Promise<void> => {
    const body = { spec: { multicluster: { proxyPublishAddress: 'http://203.0.113.1:8080' } } };
    await onA().patch(kubesphere.clusterConfigurations, configurationAt, { type: 'merge', body });
    const told = async () => (await readInstallation(onA())).proxyPublishAddress !== undefined;
    await until('agents are told where to dial', told);
  };

  test('is refused where agents have nowhere to dial, where its name is taken, where a host has it, and as the host itself', async () => {
    const { clusters } = await field.connect();
    const agent = { name: 'edge', connection: 'agent' } as const;
    const rejects = (calling: Promise<unknown>, code: string, why: RegExp) =>
      expect(calling).rejects.toMatchObject({ code, message: expect.stringMatching(why) });
    await rejects(clusters.import({ ...agent, formerHostGone: true }), 'PLAN_BLOCKED', /nowhere to dial/);
    await address();
    await rejects(clusters.import({ ...agent, name: 'm', formerHostGone: true }), 'PLAN_BLOCKED', /"m" already/);
    const { a, m } = field.sandbox.clusters;
    await rejects(clusters.import({ ...agent, kubeconfig: m.kubeconfig }), 'PLAN_BLOCKED', /marks of a host/);
    await rejects(clusters.import({ ...agent, kubeconfig: a.kubeconfig }), 'SAME_CLUSTER', /same cluster/);
    expect(await onA().find(kubesphere.clusters, { name: 'edge' })).toBeUndefined();
  });

  test('has the manifest that ks-apiserver makes of it; the token is told by nothing else', async () => {
    await address();
    const { clusters } = await field.connect();
    const written = await clusters.import({ name: 'edge', connection: 'agent', formerHostGone: true });
    const manifest = await clusters.agentManifest('edge');
    const { spec } = await onA().get(kubesphere.clusters, { name: 'edge' });
    expect(JSON.stringify([written, await clusters.get('edge')])).not.toContain(spec.connection.token);
    const { gateway } = field.sandbox.clusters.a;
    const path = '/kapis/cluster.kubesphere.io/v1alpha1/clusters/edge/agent/deployment';
    const credentials = Buffer.from('admin:P@88w0rd').toString('base64');
    const answer = await fetch(`${gateway.url}${path}`, { headers: { authorization: `Basic ${credentials}` } });
    const body = await answer.text();
    expect(answer.status, body).toBe(200);
    expect(parse(manifest)).toEqual(parse(body));
    expect(stringify(parse(manifest))).toBe(manifest);
    await expect(clusters.agentManifest('m')).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });
});
