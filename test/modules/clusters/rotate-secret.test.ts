import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Federation } from '../../../src/federation.ts';
import { digest } from '../../../src/internal/digest.ts';
import { core } from '../../../src/kube/resources.ts';
import { readInstallation, readJwtSecret } from '../../../src/kubesphere/installation.ts';
import { kubesphereNamespace } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { rotateSecretWorkflow } from '../../../src/modules/clusters/rotate-secret.ts';
import { until } from '../../../src/testing/index.ts';
import type { JournalEntry, JournalStore } from '../../../src/workflow/journal.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { resume, rollback } from '../../../src/workflow/run.ts';
import { dyingAfter, once, runIdOf } from './journalled.ts';
import { type Field, startField } from './kit.ts';

let field: Field;
beforeAll(async () => {
  field = await startField();
}, 120_000);
afterEach(() => field.rewind(), 60_000);
afterAll(() => field?.[Symbol.asyncDispose](), 60_000);

const patient = { timeout: 60_000 };
const parkedAt = { namespace: kubesphereNamespace, name: 'kubesphere-federation-parked-jwt-secret' };
const configurationAt = { namespace: kubesphereNamespace, name: 'ks-installer' };
const given = 'a-secret-that-nobody-else-would-choose';

const secrets = () =>
  Promise.all([field.sandbox.clusters.a, field.sandbox.clusters.m].map(({ connection }) => readJwtSecret(connection)));
const parkedThere = async () => (await field.sandbox.clusters.a.connection.find(core.secrets, parkedAt)) !== undefined;

describe('rotateJwtSecret', patient, () => {
  test('makes a secret of its own, another one each time', async () => {
    const { clusters } = await field.connect();
    const [former] = await secrets();
    const made = new Set([former]);
    for (let round = 0; round < 2; round += 1) {
      expect(await clusters.rotateJwtSecret()).toMatchObject({ outcome: 'changed', result: { members: ['m'] } });
      const [a, m] = await secrets();
      expect(m).toBe(a);
      expect(a).toMatch(/^[\w-]{32}$/);
      made.add(a);
    }
    expect(made.size).toBe(3);
  });

  test('tells its plan, and of the secrets in it nothing but digests', async () => {
    const { clusters } = await field.connect();
    const [former = ''] = await secrets();
    const planned = await clusters.rotateJwtSecret({ jwtSecret: given, dryRun: true });
    const text = JSON.stringify(planned);
    expect(text).toContain(digest(given));
    for (const secret of [former, given, Buffer.from(former).toString('base64'), Buffer.from(given).toString('base64')])
      expect(text).not.toContain(secret);
  });

  test('is refused while a member has another secret: its host may be another', async () => {
    const { clusters } = await field.connect();
    const { m } = field.sandbox.clusters;
    const body = { spec: { authentication: { jwtSecret: 'of-another-host' } } };
    await m.connection.patch(kubesphere.clusterConfigurations, configurationAt, { type: 'merge', body });
    const other = async () => (await readInstallation(m.connection)).jwtDigest === digest('of-another-host');
    await until('M has another one', other);
    const before = await secrets();
    await expect(clusters.rotateJwtSecret()).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/m: its authentication\.jwtSecret is not the one of a.*alignJwtSecret/),
    });
    expect(await secrets()).toEqual(before);
    expect(await parkedThere()).toBe(false);
  });

  test('is refused while the role of a member is another', async () => {
    const { clusters } = await field.connect();
    const { m } = field.sandbox.clusters;
    const body = { spec: { multicluster: { clusterRole: 'none' } } };
    await m.connection.patch(kubesphere.clusterConfigurations, configurationAt, { type: 'merge', body });
    await until('M is standalone', async () => (await readInstallation(m.connection)).role === 'none');
    await expect(clusters.rotateJwtSecret()).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/m: its multicluster\.clusterRole is "none"/),
    });
  });

  test('is refused where a member is reached through its host: half way it could be reached no longer', async () => {
    const { url } = field.sandbox.clusters.a.gateway;
    await using federation = await Federation.connect({
      gateway: { url, username: 'admin', password: 'P@88w0rd' },
      name: 'a',
    });
    const before = await secrets();
    await expect(federation.clusters.rotateJwtSecret()).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/m is reached through a.*members: \{ 'm'/),
    });
    expect(await secrets()).toEqual(before);
  });

  test('gives every member its former secret back where the host cannot have the new one', async () => {
    const { clusters } = await field.connect();
    const before = await secrets();
    let refused = 0;
    const lift = field.sandbox.clusters.a.intercept(({ verb, resource }) => {
      if (verb !== 'patch' || !resource.startsWith('clusterconfigurations') || refused > 0) return undefined;
      refused += 1;
      return { status: 403 };
    });
    await expect(clusters.rotateJwtSecret({ jwtSecret: given }).finally(lift)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    expect(await secrets()).toEqual(before);
    expect(await parkedThere()).toBe(false);
  });
});

describe('what happens meanwhile', patient, () => {
  const settledAs = async (runId: string, journal: JournalStore) =>
    (await rollback(rotateSecretWorkflow, runId, { env: await field.connect(), journal })).settled();

  test('a member that was given another secret: nothing goes on, and nothing is said to be done', async () => {
    const { a, m } = field.sandbox.clusters;
    const { clusters } = await field.connect();
    const before = await secrets();
    const journal = memoryJournal();
    const another = once(journal, 'done', 'members', async () => {
      const body = { spec: { authentication: { jwtSecret: 'of-another-host' } } };
      await m.connection.patch(kubesphere.clusterConfigurations, configurationAt, { type: 'merge', body });
      const other = async () => (await readInstallation(m.connection)).jwtDigest === digest('of-another-host');
      await until('M has another one', other);
    });
    const error = await clusters.rotateJwtSecret({ journal: another }).catch((one: unknown) => one);
    expect(error).toMatchObject({
      code: 'WORLD_MOVED',
      message: expect.stringMatching(/^Run.*m has another jwtSecret/),
    });
    expect(await readJwtSecret(a.connection)).toBe(before[0]);
    expect(await parkedThere()).toBe(true);
  });

  test('nobody else may touch secrets: alignJwtSecret, a second rotation and an import name the run', async () => {
    const journal = memoryJournal();
    const { clusters } = await field.connect();
    const runId = await runIdOf(clusters.rotateJwtSecret({ journal: dyingAfter(journal, 'done', 'members') }));
    const other = await field.connect();
    const named = { code: 'PLAN_BLOCKED', message: expect.stringContaining(runId) };
    await expect(
      other.clusters.alignJwtSecret(['m']).catch((error: { readonly cause?: unknown }) => Promise.reject(error.cause)),
    ).rejects.toMatchObject(named);
    await expect(other.clusters.rotateJwtSecret()).rejects.toMatchObject(named);
    const { findings } = await other.clusters.preflight({ name: 'x', kubeconfig: field.sandbox.clusters.m.kubeconfig });
    expect(findings).toContainEqual(expect.objectContaining({ code: 'ROTATION', severity: 'blocks' }));
    expect(await settledAs(runId, journal)).toMatchObject({ state: 'rolled-back' });
    expect((await other.clusters.alignJwtSecret(['m']))[0]).toMatchObject({ outcome: 'already' });
  });

  test('an installer that is at work when all is taken back: it is waited for, or it would end after that', async () => {
    const journal = memoryJournal();
    const { a } = field.sandbox.clusters;
    const before = await secrets();
    const { clusters } = await field.connect();
    const stop = new AbortController();
    const calling = clusters.rotateJwtSecret({ jwtSecret: given, journal, signal: stop.signal });
    calling.catch(() => {});
    await until(
      'the host is asked for it',
      async () =>
        (await a.connection.get(kubesphere.clusterConfigurations, configurationAt)).spec.authentication?.jwtSecret ===
        given,
      { everyMs: 1 },
    );
    stop.abort();
    const runId = await runIdOf(calling);
    expect(await settledAs(runId, journal)).toMatchObject({ state: 'rolled-back' });
    await field.sandbox.clock.rest();
    expect(await secrets()).toEqual(before);
  });

  test('a server that quotes the secret as it refuses it: it is told to nobody', async () => {
    const journal = memoryJournal();
    let refused = 0;
    const lift = field.sandbox.clusters.m.intercept(({ verb, resource }) => {
      if (verb !== 'patch' || !resource.startsWith('clusterconfigurations') || refused > 0) return undefined;
      refused += 1;
      const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Invalid', code: 422 };
      return { status: 422, body: { ...status, message: `our policy finds ${given} too weak` } };
    });
    const { clusters } = await field.connect();
    const error = await clusters
      .rotateJwtSecret({ jwtSecret: given, journal })
      .finally(lift)
      .catch((one: unknown) => one);
    const records: unknown[] = [];
    for await (const runId of journal.runs()) for await (const entry of journal.read(runId)) records.push(entry);
    expect(records.length).toBeGreaterThan(3);
    expect(inspect([error, records], { depth: 20 })).not.toContain(given);
    expect(error).toMatchObject({ message: expect.stringContaining('the answer quoted it') });
  });
});

describe('a rotation whose process dies', patient, () => {
  const places: readonly (readonly [JournalEntry['type'], string])[] = [
    ['captured', 'park'],
    ['items-captured', 'members'],
    ['done', 'members'],
    ['captured', 'host'],
    ['done', 'host'],
  ];
  const died = async (type: JournalEntry['type'], step: string) => {
    const journal = memoryJournal();
    const { clusters } = await field.connect();
    const before = await secrets();
    const mortal = dyingAfter(journal, type, step);
    const runId = await runIdOf(clusters.rotateJwtSecret({ jwtSecret: given, journal: mortal }));
    return { runId, journal, before, env: await field.connect() };
  };

  test.each(places)('at %s of %s is taken back by another: all have the former secret', async (...place) => {
    const { runId, journal, before, env } = await died(...place);
    const settled = await (await rollback(rotateSecretWorkflow, runId, { env, journal })).settled();
    expect(settled).toMatchObject({ state: 'rolled-back' });
    expect(await secrets()).toEqual(before);
    expect(await parkedThere()).toBe(false);
  });

  test.each(places.slice(1))('at %s of %s is finished by another: all have the new secret', async (...place) => {
    const { runId, journal, env } = await died(...place);
    const settled = await (await resume(rotateSecretWorkflow, runId, { env, journal })).settled();
    expect(settled).toMatchObject({ state: 'completed' });
    expect(await secrets()).toEqual([given, given]);
    expect(await parkedThere()).toBe(false);
  });
});
