import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { core } from '../../src/kube/resources.ts';
import { installation, kubesphereNamespace } from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { createSandbox, type Sandbox, until } from '../../src/testing/index.ts';
import { background, patient, slow } from './support.ts';

const at = (name: string) => ({ namespace: kubesphereNamespace, name });
type Name = 'given' | 'drawn' | 'old' | 'new';

describe('the installer', slow, () => {
  let sandbox: Sandbox<Name>;
  const of = (name: Name) => sandbox.clusters[name].connection;
  const noted = async (name: Name): Promise<string | undefined> => {
    const { data } = await of(name).get(core.secrets, at(installation.secret));
    const found = data?.['initAdminPassword'];
    return found === undefined ? undefined : Buffer.from(found, 'base64').toString();
  };
  const status = async (name: Name): Promise<Record<string, unknown>> =>
    (await of(name).get(kubesphere.clusterConfigurations, at(installation.configuration))).status ?? {};
  const signIn = async (name: Name, password: string): Promise<number> => {
    const client = { client_id: 'kubesphere', client_secret: 'kubesphere' };
    const body = new URLSearchParams({ grant_type: 'password', username: 'admin', password, ...client });
    return (await fetch(`${sandbox.clusters[name].gateway.url}/oauth/token`, { method: 'POST', body })).status;
  };
  /** Changes the spec, and waits until the run after it has come to its end. */
  async function run(name: Name, spec: object, done: (status: Record<string, unknown>) => boolean): Promise<void> {
    const body = { spec };
    await of(name).patch(kubesphere.clusterConfigurations, at(installation.configuration), { type: 'merge', body });
    await until('the run is over', async () => done(await status(name)), patient);
  }
  const isEnabled = (entry: unknown): boolean => (entry as { status?: string } | undefined)?.status === 'enabled';

  beforeAll(async () => {
    sandbox = await createSandbox({
      clusters: {
        given: { role: 'standalone', jwtSecret: '', adminPassword: 'Of-the-spec-1' },
        drawn: { role: 'standalone', jwtSecret: '', adminPassword: '' },
        old: { role: 'standalone' },
        new: { role: 'standalone', version: '3.4' },
      },
      speed: 120,
    });
  }, slow.timeout);
  afterAll(() => sandbox?.close(), slow.timeout);

  it('notes the first password of admin where the spec has one, or asks for one to be drawn, and nowhere else', async () => {
    expect(await noted('given')).toBe('Of-the-spec-1');
    const drawn = (await noted('drawn')) ?? '';
    expect(drawn).toMatch(/^[0-9a-f]{16}$/);
    expect(await noted('old')).toBeUndefined();
    const passwords = [['given', 'Of-the-spec-1'] as const, ['drawn', drawn] as const, ['old', 'P@88w0rd'] as const];
    for (const [name, password] of passwords) {
      await until('its password is hashed', async () => (await signIn(name, password)) === 200, patient);
    }
    expect(await signIn('drawn', 'P@88w0rd')).not.toBe(200);
  });

  it('keeps it as long as it keeps the Secret, and loses it with a jwtSecret of the spec', async () => {
    await run('given', { alerting: { enabled: true } }, ({ alerting }) => isEnabled(alerting));
    expect(await noted('given')).toBe('Of-the-spec-1');
    await run('given', { auditing: { enabled: true }, authentication: { jwtSecret: 'x'.repeat(32) } }, ({ auditing }) =>
      isEnabled(auditing),
    );
    expect(await noted('given')).toBeUndefined();
    expect(await signIn('given', 'Of-the-spec-1')).toBe(200);
  });

  it('makes the User admin again where somebody deleted it', async () => {
    await of('drawn').delete(kubesphere.users, { name: 'admin' }, background);
    await until(
      'it is gone',
      async () => (await of('drawn').find(kubesphere.users, { name: 'admin' })) === undefined,
      patient,
    );
    const before = await noted('drawn');
    await run('drawn', { alerting: { enabled: true } }, ({ alerting }) => isEnabled(alerting));
    const after = (await noted('drawn')) ?? '';
    expect(after).not.toBe(before);
    await until('its password is hashed', async () => (await signIn('drawn', after)) === 200, patient);
  });

  it('tells what others stand on, by what needs it, with the search engine of its version', async () => {
    const spec = { devops: { enabled: true }, events: { enabled: true }, common: { redis: { enabled: true } } };
    for (const name of ['old', 'new'] as const)
      await run(name, spec, ({ devops, events }) => isEnabled(devops) && isEnabled(events));
    const enabled = { status: 'enabled', enabledTime: expect.any(String) as string };
    const common = { redis: enabled, openldap: enabled, minio: enabled, fluentbit: enabled };
    const [older, newer] = [await status('old'), await status('new')];
    expect(older).toMatchObject({ ...common, es: enabled });
    expect(newer).toMatchObject({ ...common, opensearch: enabled });
    expect(Object.keys(older)).not.toContain('opensearch');
    expect(Object.keys(newer)).not.toContain('es');
    expect((older['events'] as object | undefined) ?? {}).not.toHaveProperty('ruler');
  });

  it('installs the ruler of events afterwards, and nothing again that is there', async () => {
    const before = await status('old');
    await run('old', { events: { ruler: { enabled: true } } }, ({ events }) =>
      isEnabled((events as { ruler?: unknown } | undefined)?.ruler),
    );
    const after = await status('old');
    for (const name of ['redis', 'openldap', 'minio', 'es', 'fluentbit', 'devops'])
      expect(after[name]).toEqual(before[name]);
    expect(after['events']).toMatchObject({ status: 'enabled', ruler: { status: 'enabled' } });
  });

  it('takes no second search engine where one is installed', async () => {
    const common = { es: { enabled: true }, opensearch: { enabled: true } };
    await run('new', { common, logging: { enabled: true } }, ({ logging }) => isEnabled(logging));
    expect(Object.keys(await status('new'))).not.toContain('es');
  });
});
