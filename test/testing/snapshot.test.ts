import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digest } from '../../src/internal/digest.ts';
import { core } from '../../src/kube/resources.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import {
  createSandbox,
  createUser,
  diff,
  isSame,
  joinCluster,
  type Sandbox,
  type SnapshotOptions,
  snapshotOf,
} from '../../src/testing/index.ts';

let sandbox: Sandbox<'a' | 'm'>;
beforeAll(async () => {
  sandbox = await createSandbox({ clusters: { a: { role: 'host' }, m: { role: 'member' } }, speed: 100 });
  const { a, m } = sandbox.clusters;
  await joinCluster(a.connection, { name: 'm', kubeconfig: m.clientCertificateKubeconfig });
  sandbox.clock.pause();
}, 60_000);
afterAll(() => sandbox.close());

/** What controllers do meanwhile is nobody's concern here. */
const mine: SnapshotOptions = {
  only: ({ kind, metadata }) => kind === 'ConfigMap' && metadata.namespace === 'default',
};

const at = (name: string) => ({ namespace: 'default', name });

describe('snapshot and diff', () => {
  it('show what was created, deleted and changed, field by field', async () => {
    const { connection } = sandbox.clusters.m;
    await connection.create(core.configMaps, { metadata: at('goes'), data: {} });
    await connection.create(core.configMaps, {
      metadata: { ...at('changes'), labels: { 'a/b': '1' } },
      data: { one: '1', two: '2' },
    });
    const before = await sandbox.snapshot(mine);
    await connection.delete(core.configMaps, at('goes'), { propagationPolicy: 'Background' });
    await connection.patch(core.configMaps, at('changes'), {
      type: 'merge',
      body: { metadata: { labels: { 'a/b': '2' } }, data: { one: null, three: '3' } },
    });
    await connection.create(core.configMaps, { metadata: at('comes'), data: {} });
    const after = await sandbox.snapshot(mine);
    expect(diff(before, after)).toEqual({
      created: ['m v1 ConfigMap default/comes'],
      deleted: ['m v1 ConfigMap default/goes'],
      changed: {
        'm v1 ConfigMap default/changes': [
          { path: '/data/one', before: '1' },
          { path: '/data/three', after: '3' },
          { path: '/metadata/labels/a~1b', before: '1', after: '2' },
        ],
      },
    });
    expect(isSame(diff(before, after))).toBe(false);
    expect(isSame(diff(after, await sandbox.snapshot(mine)))).toBe(true);
    const all = diff(before, after, { ignore: [] }).changed['m v1 ConfigMap default/changes'];
    expect(all?.map(({ path }) => path)).toContain('/metadata/resourceVersion');
    const less = diff(before, after, { ignore: ['/data/*', '/metadata'] });
    expect(less.changed).toEqual({});
  });

  it('leave status and times aside where that is asked for', () => {
    const object = (status: string, time: string) => ({
      'm v1 X x': {
        apiVersion: 'v1',
        kind: 'X',
        metadata: { name: 'x', uid: '1', resourceVersion: '1' },
        status,
        spec: { time },
      },
    });
    const [one, other] = [object('a', '2026-01-01T00:00:00Z'), object('b', '2026-01-01T00:00:07Z')];
    expect(diff(one, other).changed['m v1 X x']?.map(({ path }) => path)).toEqual(['/spec/time', '/status']);
    expect(diff(one, other, { status: false }).changed['m v1 X x']?.map(({ path }) => path)).toEqual(['/spec/time']);
    expect(isSame(diff(one, other, { status: false, times: false }))).toBe(true);
  });

  it('show that an object was deleted and made again', async () => {
    const { connection } = sandbox.clusters.m;
    await connection.create(core.configMaps, { metadata: at('again'), data: {} });
    const before = await sandbox.snapshot(mine);
    await connection.delete(core.configMaps, at('again'), { propagationPolicy: 'Background' });
    await connection.create(core.configMaps, { metadata: at('again'), data: {} });
    const { changed } = diff(before, await sandbox.snapshot(mine), { times: false });
    expect(changed['m v1 ConfigMap default/again']?.map(({ path }) => path)).toEqual(['/metadata/uid']);
  });

  it('hold no secret, and show that one changed', async () => {
    const { a, m } = sandbox.clusters;
    sandbox.clock.resume();
    await createUser(a.connection, { name: 'ann', password: 'Very$ecret1' });
    await m.connection.create(core.secrets, {
      metadata: at('key'),
      data: { key: Buffer.from('Very$ecret2').toString('base64') },
    });
    const before = await sandbox.snapshot();
    const text = JSON.stringify(before);
    const hash = (await a.connection.get(kubesphere.users, { name: 'ann' })).spec.password ?? '';
    expect(hash).toMatch(/^\$2/);
    const stored = (await a.connection.get(kubesphere.clusters, { name: 'm' })).spec.connection?.kubeconfig ?? '';
    expect(stored.length).toBeGreaterThan(100);
    const configuration = await m.connection.find(core.secrets, {
      namespace: 'kubesphere-system',
      name: 'kubesphere-secret',
    });
    const jwt = configuration?.data?.['secret'] ?? '';
    for (const secret of [
      'Very$ecret1',
      'Very$ecret2',
      Buffer.from('Very$ecret2').toString('base64'),
      hash,
      stored,
      jwt,
      Buffer.from(jwt, 'base64').toString(),
    ])
      expect(secret !== '' && text.includes(secret)).toBe(false);
    await m.connection.patch(core.secrets, at('key'), { type: 'merge', body: { data: { key: 'b3RoZXI=' } } });
    const { changed } = diff(before, await sandbox.snapshot());
    expect(changed['m v1 Secret default/key']).toMatchObject([
      { path: '/data/key', before: expect.stringMatching(/^hmac:/), after: expect.stringMatching(/^hmac:/) },
    ]);
  });

  it('hide numbers that are secrets, and can be compared but not guessed', async () => {
    const object = (pin: number | string) => [
      {
        apiVersion: 'v1',
        kind: 'X',
        metadata: { name: 'x', uid: '1', resourceVersion: '1' },
        spec: { pinPassword: pin, replicas: 4711 },
      },
    ];
    const one = await snapshotOf({ m: object(4711) });
    expect(one['m v1 X x']).toMatchObject({
      spec: { pinPassword: expect.stringMatching(/^hmac:[0-9a-f]{64}$/), replicas: 4711 },
    });
    expect(diff(one, await snapshotOf({ m: object(4711) })).changed).toEqual({});
    expect(Object.keys(diff(one, await snapshotOf({ m: object(4712) })).changed)).toEqual(['m v1 X x']);
    for (const guess of [4711, { value: 4711 }]) expect(JSON.stringify(one)).not.toContain(digest(guess));
  });

  it('are taken of part of it, and of any cluster that can be reached', async () => {
    const { m } = sandbox.clusters;
    const only = ({ kind }: { readonly kind: string }): boolean => kind === 'ConfigMap';
    const kinds = new Set(Object.values(await sandbox.snapshot({ only })).map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(['ConfigMap']));
    sandbox.clock.pause();
    await sandbox.clock.rest();
    const here = await snapshotOf({ m: m.objects() });
    expect(diff(here, await snapshotOf({ m: m.connection }))).toEqual({ created: [], deleted: [], changed: {} });
  });
});
