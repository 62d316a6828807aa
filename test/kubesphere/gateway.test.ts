import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectMember, Federation } from '../../src/federation.ts';
import { core } from '../../src/kube/resources.ts';
import { memberMigration } from '../../src/migration/member-migration.ts';
import { createSandbox, createUser, type Sandbox, seedMember } from '../../src/testing/index.ts';
import { plan } from '../../src/workflow/run.ts';
import { failureOf } from '../kube/support.ts';

const speed = 100;
const jwtSecret = 'shared-by-host-and-member-01234567';
const admin = { username: 'admin', password: 'P@88w0rd' };
const once = { retry: false } as const;

let sandbox: Sandbox<'a' | 'b' | 'm'>;
let federation: Federation;
beforeAll(async () => {
  sandbox = await createSandbox({
    clusters: { a: { role: 'host', jwtSecret }, b: { role: 'host' }, m: { role: 'standalone', jwtSecret } },
    speed,
  });
  const { a, b, m } = sandbox.clusters;
  const kubeconfig = m.clientCertificateKubeconfig;
  const { managers } = await seedMember({
    host: a.connection,
    member: m.connection,
    name: 'm',
    kubeconfig,
    workspaces: { 'team-a': 2 },
  });
  for (const name of Object.values(managers)) await createUser(b.connection, { name });
  federation = await Federation.connect({ gateway: { url: a.gateway.url, ...admin }, name: 'a' });
}, 60_000);
afterAll(async () => {
  await federation?.[Symbol.asyncDispose]();
  await sandbox?.close();
});

describe('a federation through the gateway', { timeout: 60_000 }, () => {
  it('has host and members, each with its own identity and its own versions', async () => {
    const member = await federation.member('m');
    expect(new Set([federation.host.uid, member.uid]).size).toBe(2);
    expect(member.version.text).toMatch(/^v3\.3/);
    expect(await member.connection.version()).toMatch(/^v1\./);
    expect(await federation.member('host')).toBe(federation.host);
    await expect(federation.member('ghost')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('reads whole kinds, pages and watches of a member, and what it serves', async () => {
    const { connection } = await federation.member('m');
    const direct = sandbox.clusters.m.connection;
    const names = (found: readonly { metadata: { name: string } }[]) =>
      found.map(({ metadata }) => metadata.name).sort();
    expect(names(await connection.list(core.namespaces, { limit: 3 }).toArray())).toEqual(
      names(await direct.list(core.namespaces).toArray()),
    );
    expect((await connection.resources()).map(({ plural }) => plural).sort()).toEqual(
      (await direct.resources()).map(({ plural }) => plural).sort(),
    );
    const heard: string[] = [];
    for await (const event of connection.watch(core.configMaps, { namespace: 'default' })) {
      heard.push(event.type);
      if (event.type === 'synced')
        await direct.create(core.configMaps, { metadata: { namespace: 'default', name: 'new' } });
      else break;
    }
    expect(heard).toEqual(['synced', 'added']);
  });

  it('signs in anew once its token is over', async () => {
    const { connection } = await federation.member('m');
    await sandbox.clock.advance(121 * 60_000);
    expect((await connection.get(core.namespaces, { name: 'team-a-001' })).metadata.name).toBe('team-a-001');
  });

  it('takes a member for unreachable that its host does not reach, and no other', async () => {
    const { m } = sandbox.clusters;
    const { connection } = await federation.member('m');
    await m.suspend();
    const error = await failureOf(connection.find(core.namespaces, { name: 'team-a-001' }, once));
    expect(error).toMatchObject({ code: 'UNREACHABLE', message: expect.stringContaining('cluster "m" on its host') });
    expect((await federation.host.connection.get(core.namespaces, { name: 'default' })).metadata.name).toBe('default');
    await m.restore();
  });

  it('is no way for a migration: it ends when the member leaves', async () => {
    const { b, m } = sandbox.clusters;
    await using target = await Federation.connect({ kubeconfig: b.kubeconfig, name: 'b' });
    await using member = await connectMember({ kubeconfig: m.clientCertificateKubeconfig, name: 'm' });
    const timing = { resyncMs: 120_000 / speed, lookBackMs: 15_000 / speed };
    const env = { source: federation, target, member, timing };
    expect((await plan(memberMigration, { retain: 'all' }, { env })).blocked).toEqual([]);
    const through = { ...env, member: await federation.member('m') };
    const { blocked } = await plan(memberMigration, { retain: 'all' }, { env: through });
    expect(JSON.stringify(blocked)).toContain('THROUGH_A_HOST');
  });
});
