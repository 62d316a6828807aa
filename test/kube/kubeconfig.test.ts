import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import { connectCluster } from '../../src/kube/connect.ts';
import type { KubeconfigSource } from '../../src/kube/kubeconfig.ts';
import { answer, base64, servePlain, serveTls, testCertificates } from './server.ts';
import { failureOf, kubeconfigText } from './support.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});
afterAll(() => rm(folder, { recursive: true }));

const server = 'https://kube.example:6443';
const write = async (name: string, text: string): Promise<string> => {
  await writeFile(join(folder, name), text);
  return join(folder, name);
};
/** The message that refuses `kubeconfig`. */
async function refusal(kubeconfig: KubeconfigSource, context?: string): Promise<string> {
  const error = await failureOf(connectCluster({ kubeconfig, ...(context !== undefined && { context }) }));
  expect(FederationError.is(error, 'KUBECONFIG_INVALID')).toBe(true);
  expect(`${error.message} ${JSON.stringify(error)} ${String(error.cause)} ${error.stack}`).not.toMatch(/s3cret/);
  return error.message;
}

describe('a kubeconfig', () => {
  it('is a path, text, or a KubeConfig of client-node', async () => {
    await using loopback = await servePlain((_request, reply) => answer(reply, { gitVersion: 'v1' }));
    const text = kubeconfigText({ server: loopback.url, user: { token: 's3cret' } });
    const object = new KubeConfig();
    object.loadFromString(text);
    for (const kubeconfig of [await write('path', text), text, object]) {
      await using m = await connectCluster({ kubeconfig });
      expect(await m.version()).toBe('v1');
      expect(m).toMatchObject({ cluster: 'm', server: loopback.url, clientCertificate: false });
    }
    expect(loopback.arrived.map(({ headers }) => headers.authorization)).toEqual(Array(3).fill('Bearer s3cret'));
  });

  it('gives the cluster its name, unless the caller does', async () => {
    await using m = await connectCluster({ kubeconfig: kubeconfigText({ server }), name: 'shanghai' });
    expect(m.cluster).toBe('shanghai');
  });

  it('has one of its contexts chosen, without a change to the object given', async () => {
    const object = new KubeConfig();
    object.loadFromString(kubeconfigText({ server }));
    object.addCluster({ name: 'other', server: 'https://other.example', skipTLSVerify: false });
    object.addContext({ name: 'second', cluster: 'other', user: 'u' });
    await using m = await connectCluster({ kubeconfig: object, context: 'second' });
    expect(m.server).toBe('https://other.example');
    expect(object.getCurrentContext()).toBe('it');
  });

  it('names files from its own folder', async () => {
    const { ca, admin } = await testCertificates();
    await write('ca.pem', ca);
    await write('cert.pem', admin.certificate);
    await write('key.pem', admin.key);
    await using loopback = await serveTls((_request, reply) => answer(reply, { gitVersion: 'v1' }));
    const text = kubeconfigText({
      server: loopback.url,
      cluster: { 'certificate-authority': 'ca.pem' },
      user: { 'client-certificate': 'cert.pem', 'client-key': 'key.pem' },
    });
    await using m = await connectCluster({ kubeconfig: await write('files', text) });
    expect(await m.version()).toBe('v1');
    expect(m.clientCertificate).toBe(true);
  });

  it('shows its server without credentials', async () => {
    await using m = await connectCluster({
      kubeconfig: kubeconfigText({ server: 'https://me:s3cret@kube.example/k8s/' }),
    });
    expect(m.server).toBe('https://kube.example/k8s');
  });
});

describe('a kubeconfig that cannot be used is refused with what, where and what to do:', () => {
  it('a file that is missing', async () => {
    const path = join(folder, 'none');
    expect(await refusal(path)).toBe(
      `The kubeconfig "${path}" cannot be read (ENOENT). Give the path of a file that exists and is readable, or the YAML text.`,
    );
    expect(await refusal(`${'s3cret'.repeat(100)}`)).toContain('too long to be shown');
  });

  it('text that is no YAML, or no kubeconfig', async () => {
    expect(await refusal('a: 1\nb: "s3cret\n')).toMatch(
      /^The given kubeconfig text is no YAML: .* in line \d+\. Correct it there\.$/,
    );
    expect(await refusal('token: s3cret')).toContain('is YAML but no kubeconfig');
    expect(await refusal('just text\nof s3cret lines')).toContain('is YAML but no kubeconfig');
    expect(await refusal(await write('list', '- s3cret\n'))).toContain(
      `"${join(folder, 'list')}" is YAML but no kubeconfig`,
    );
    expect(await refusal('{"clusters": [], "contexts": "s3cret"}')).toContain('is YAML but no kubeconfig');
    expect(await refusal('{"clusters": [{"name": "m"}], "contexts": []}')).toContain('clusters[0].cluster is missing');
    expect(await refusal('{"clusters": [{"name": "m", "cluster": {"server": 7}}], "contexts": []}')).toContain(
      'no complete kubeconfig',
    );
  });

  it('no current-context, or a context that it lacks', async () => {
    const text = kubeconfigText({ server });
    expect(await refusal(text.replace('"current-context":"it"', '"current-context":""'))).toBe(
      'The given kubeconfig text names no current-context. Give the option context; it has "it".',
    );
    expect(await refusal(text, 'that')).toBe(
      'The given kubeconfig text has no context "that". Choose one that it has: "it".',
    );
    expect(await refusal('{"clusters": [], "contexts": []}', 'that')).toContain('it has: none.');
  });

  it('a context of a cluster or user that it lacks', async () => {
    const text = kubeconfigText({ server });
    expect(await refusal(text.replace('"cluster":"m"', '"cluster":"n"'))).toContain(
      'for the cluster "n", which is not in it',
    );
    expect(await refusal(text.replace('"user":"u"', '"user":"v"'))).toContain('for the user "v", which is not in it');
    expect(
      await refusal({ clusters: [], users: [], contexts: [{ name: 'c', cluster: 'n' }], currentContext: 'c' }),
    ).toContain('The given KubeConfig object has a context "c" for the cluster "n"');
    expect(await refusal(JSON.parse('{}'))).toContain('The given KubeConfig object lacks clusters, contexts or users');
  });

  it('a server or a proxy that is no address', async () => {
    for (const wrong of ['kube.example:6443', 'ftp://kube.example', 'nothing'])
      expect(await refusal(kubeconfigText({ server: wrong }))).toContain('whose server is no http or https address');
    for (const wrong of ['s3cret', 'ftp://me:s3cret@proxy'])
      expect(await refusal(kubeconfigText({ server, cluster: { 'proxy-url': wrong } }))).toContain('proxy');
  });

  it('files that it names and that are missing', async () => {
    const none = join(folder, 'none');
    for (const [cluster, user] of [
      [{ 'certificate-authority': none }, {}],
      [{}, { 'client-certificate': none, 'client-key': none }],
      [{}, { tokenFile: none }],
    ] as const) {
      const message = await refusal(kubeconfigText({ server, cluster, user }));
      expect(message).toContain(`"${none}", which cannot be read (ENOENT)`);
    }
  });

  it('certificates and keys that are none, or do not belong together', async () => {
    const { admin, serving } = await testCertificates();
    const junk = base64('s3cret');
    const certificate = { 'client-certificate-data': base64(admin.certificate) };
    expect(await refusal(kubeconfigText({ server, cluster: { 'certificate-authority-data': junk } }))).toContain(
      'no PEM certificate',
    );
    expect(await refusal(kubeconfigText({ server, user: certificate }))).toContain('without key');
    expect(await refusal(kubeconfigText({ server, user: { ...certificate, 'client-key-data': junk } }))).toContain(
      'do not belong together',
    );
    expect(
      await refusal(kubeconfigText({ server, user: { ...certificate, 'client-key-data': base64(serving.key) } })),
    ).toContain('do not belong together');
  });

  it('a credential plugin without command', async () => {
    expect(await refusal(kubeconfigText({ server, user: { exec: { apiVersion: 'v1' } } }))).toContain('command');
  });
});
