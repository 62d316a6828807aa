import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectCluster } from '../../src/kube/connect.ts';
import { createCredentials } from '../../src/kube/credentials.ts';
import { chooseContext } from '../../src/kube/kubeconfig.ts';
import { core } from '../../src/kube/resources.ts';
import { type Arrived, answer, base64, type Handler, servePlain, serveTls, testCertificates } from './server.ts';
import { apiFailureOf, connect, kubeconfigText, namespace, status } from './support.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'credentials-'));
});
afterEach(() => rm(folder, { recursive: true }));

const write = async (name: string, text: string): Promise<string> => {
  await writeFile(join(folder, name), text);
  return join(folder, name);
};
/** Accepts the token that `accepted` gives. */
const accepting =
  (accepted: () => string): Handler =>
  (request, reply) => {
    if (request.headers.authorization === `Bearer ${accepted()}`)
      answer(reply, { ...namespace('p1'), gitVersion: 'v1' });
    else answer(reply, status(401, 'Unauthorized', 'Unauthorized'), 401);
  };
/** A credential plugin: counts its runs in the file `runs`, and prints what the file `credential` holds. */
async function plugin(credential: object, more: object = {}) {
  await write(
    'credential',
    JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: credential }),
  );
  const script = await write(
    'plugin.mjs',
    `import { appendFileSync, readFileSync } from 'node:fs';
     appendFileSync(${JSON.stringify(join(folder, 'runs'))}, JSON.stringify(process.env.KUBERNETES_EXEC_INFO ?? '') + '\\n');
     process.stdout.write(readFileSync(${JSON.stringify(join(folder, 'credential'))}));`,
  );
  return {
    exec: { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: [script], ...more },
  };
}
const runs = async (): Promise<string[]> =>
  (await readFile(join(folder, 'runs'), 'utf8').catch(() => '')).split('\n').filter(Boolean);
const tokens = (arrived: readonly Arrived[]) => arrived.map(({ headers }) => headers.authorization);

describe('a static credential', () => {
  it('is a token, or name and password', async () => {
    await using server = await servePlain((_request, reply) => answer(reply, { gitVersion: 'v1' }));
    await using token = await connect({ server: server.url, user: { token: 'abc' } });
    await token.version();
    await using basic = await connect({ server: server.url, user: { username: 'me', password: 'pass' } });
    await basic.version();
    expect(tokens(server.arrived)).toEqual(['Bearer abc', `Basic ${base64('me:pass')}`]);
  });

  it('that is refused is not sent again', async () => {
    await using server = await servePlain(accepting(() => 'other'));
    await using m = await connect({ server: server.url, user: { token: 'abc' } });
    const error = await apiFailureOf(m.version());
    expect(error).toMatchObject({ code: 'UNAUTHENTICATED', status: 401, retryable: false });
    expect(error.message).not.toContain('abc');
    expect(server.arrived).toHaveLength(1);
  });

  it('acts as the user that the kubeconfig says', async () => {
    await using server = await servePlain((_request, reply) => answer(reply, { gitVersion: 'v1' }));
    await using m = await connect({ server: server.url, user: { token: 'abc', as: 'jane' } });
    await m.version();
    expect(server.arrived[0]?.headers['impersonate-user']).toBe('jane');
  });

  it('is a client certificate', async () => {
    const { admin, ca } = await testCertificates();
    const names: unknown[] = [];
    await using server = await serveTls((_request, reply, { socket }) => {
      names.push((socket as TLSSocket).getPeerCertificate().subject?.CN);
      answer(reply, { gitVersion: 'v1' });
    });
    await using m = await connect({
      server: server.url,
      cluster: { 'certificate-authority-data': base64(ca) },
      user: { 'client-certificate-data': base64(admin.certificate), 'client-key-data': base64(admin.key) },
    });
    await m.version();
    expect(names).toEqual(['admin']);
    expect(m.clientCertificate).toBe(true);
  });
});

describe('the token of a ServiceAccount', () => {
  it('is known as such, wherever it stands', async () => {
    const claims = base64(JSON.stringify({ sub: 'system:serviceaccount:team:robot' }));
    const token = `head.${claims}.signature`;
    const users = [{ token }, { tokenFile: await write('robot', `${token}\n`) }, { token: 'head.none.signature' }, {}];
    const known = [];
    for (const user of users) {
      await using m = await connect({ server: 'http://m.test', user });
      known.push(m.serviceAccount);
    }
    expect(known).toEqual(['team/robot', 'team/robot', undefined, undefined]);
  });
});

describe('a tokenFile', () => {
  it('wins over a token, and is read again after a refusal', async () => {
    let accepted = 'one';
    await using server = await servePlain(accepting(() => accepted));
    const tokenFile = await write('token', 'one\n');
    await using m = await connect({ server: server.url, user: { token: 'zero', tokenFile } });
    await m.version();
    accepted = 'two';
    await write('token', 'two\n');
    await m.version();
    expect(tokens(server.arrived)).toEqual(['Bearer one', 'Bearer one', 'Bearer two']);
    accepted = 'three';
    expect(await apiFailureOf(m.version())).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(server.arrived).toHaveLength(4);
  });

  it('is read again from time to time, and the last token kept while it cannot be', async () => {
    const tokenFile = await write('token', 'one');
    const chosen = await chooseContext(kubeconfigText({ server: 'http://m.test', user: { tokenFile } }));
    const patient = createCredentials(chosen, 'm', 60_000);
    const curious = createCredentials(chosen, 'm', 0);
    const header = async (credentials: typeof patient) => (await credentials.current()).headers['authorization'];
    expect(await header(patient)).toBe('Bearer one');
    const first = await curious.current();
    expect(await curious.current()).toBe(first);
    await write('token', 'two');
    expect(await header(patient)).toBe('Bearer one');
    expect(await header(curious)).toBe('Bearer two');
    await rm(tokenFile);
    expect(await header(curious)).toBe('Bearer two');
  });

  it('may be named in the way of pods', async () => {
    const tokenFile = await write('token', 'one');
    const user = { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } };
    await using server = await servePlain(accepting(() => 'one'));
    await using m = await connect({ server: server.url, user });
    expect(await m.version()).toBe('v1');
  });
});

describe('a credential plugin', () => {
  it('is run at the first call, once for many', async () => {
    await using server = await servePlain(accepting(() => 'one'));
    await using m = await connect({ server: server.url, user: await plugin({ token: 'one' }) });
    expect(await runs()).toHaveLength(0);
    await Promise.all(Array.from({ length: 10 }, () => m.version()));
    expect(await runs()).toHaveLength(1);
  });

  it('is run again once after a refusal, for reads and writes, however many calls were refused', async () => {
    let accepted = 'one';
    await using server = await servePlain(accepting(() => accepted));
    await using m = await connect({ server: server.url, user: await plugin({ token: 'one' }) });
    await m.version();
    accepted = 'two';
    await write('credential', JSON.stringify({ status: { token: 'two' } }));
    await Promise.all([m.version(), m.version(), m.create(core.namespaces, { metadata: { name: 'p1' } })]);
    expect(await runs()).toHaveLength(2);
  });

  it('is not run again for a call that was refused before the others had it renewed', async () => {
    const chosen = await chooseContext(
      kubeconfigText({ server: 'http://m.test', user: await plugin({ token: 'one' }) }),
    );
    const credentials = createCredentials(chosen, 'm');
    const refused = await credentials.current();
    await write('credential', JSON.stringify({ status: { token: 'two' } }));
    const renewed = await credentials.renew(refused);
    expect(renewed?.headers['authorization']).toBe('Bearer two');
    expect(await credentials.renew(refused)).toBe(renewed);
    expect(await runs()).toHaveLength(2);
  });

  it('whose new credential is refused as well is not run a third time', async () => {
    await using server = await servePlain(accepting(() => 'never'));
    await using m = await connect({ server: server.url, user: await plugin({ token: 'one' }) });
    expect(await apiFailureOf(m.version())).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await runs()).toHaveLength(2);
    expect(server.arrived).toHaveLength(1);
  });

  it('may give a client certificate; another one makes new connections', async () => {
    const { admin, serving, ca } = await testCertificates();
    const names: unknown[] = [];
    let expected = 'admin';
    await using server = await serveTls((_request, reply, { socket }) => {
      const name = (socket as TLSSocket).getPeerCertificate().subject?.CN;
      names.push(name);
      if (name === expected) answer(reply, { gitVersion: 'v1' });
      else answer(reply, status(401, 'Unauthorized', 'Unauthorized'), 401);
    });
    const first = { clientCertificateData: admin.certificate, clientKeyData: admin.key };
    await using m = await connect({
      server: server.url,
      cluster: { 'certificate-authority-data': base64(ca) },
      user: await plugin(first),
    });
    await m.version();
    expected = 'kube-apiserver';
    const second = { clientCertificateData: serving.certificate, clientKeyData: serving.key };
    await write('credential', JSON.stringify({ status: second }));
    await m.version();
    expect(names).toEqual(['admin', 'admin', 'kube-apiserver']);
  });

  it('is told what it is asked for, and found from the folder of the kubeconfig', async () => {
    await using server = await servePlain(accepting(() => 'one'));
    const { exec } = await plugin({ token: 'one' }, { provideClusterInfo: true, env: [{ name: 'MODE', value: 'x' }] });
    await write('run.sh', `#!/bin/sh\nexec ${JSON.stringify(process.execPath)} "$@"\n`);
    const { chmod } = await import('node:fs/promises');
    await chmod(join(folder, 'run.sh'), 0o755);
    const text = kubeconfigText({ server: server.url, user: { exec: { ...exec, command: './run.sh' } } });
    await using m = await connectCluster({ kubeconfig: await write('kubeconfig', text) });
    await m.version();
    const info: unknown = JSON.parse(JSON.parse((await runs())[0] ?? ''));
    expect(info).toMatchObject({
      kind: 'ExecCredential',
      spec: { interactive: false, cluster: { server: server.url } },
    });
  });

  it('that fails is named, with its complaint and without what it printed', async () => {
    await using server = await servePlain(accepting(() => 'one'));
    const failing = (source: string, command = process.execPath) =>
      connect({ server: server.url, user: { exec: { apiVersion: 'v1', command, args: ['-e', source] } } });
    await using complaining = await failing('console.error("log in first, token: s3cret"); process.exit(3)');
    const complaint = await apiFailureOf(complaining.version());
    expect(complaint).toMatchObject({ code: 'UNAUTHENTICATED', retryable: false });
    expect(complaint.message).toMatch(
      /^m: The credential plugin ".*" of the user "u" failed: log in first, .*Run it by hand and see\.$/,
    );
    await using babbling = await failing('console.log("s3cret")');
    const babble = await apiFailureOf(babbling.version());
    expect(babble.message).toContain('printed no ExecCredential');
    await using absent = await failing('', '/none/of/this');
    expect((await apiFailureOf(absent.version())).message).toContain('could not be started (ENOENT)');
    for (const error of [complaint, babble])
      expect(`${error.stack} ${String(error.cause)} ${JSON.stringify(error)}`).not.toContain('s3cret');
    expect(server.arrived).toEqual([]);
  });
});
