import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectMember, Federation } from '../../src/federation.ts';
import { createSandbox, type Sandbox } from '../../src/testing/index.ts';

let sandbox: Sandbox<'a'>;
let federation: Federation;
beforeAll(async () => {
  sandbox = await createSandbox({ clusters: { a: { role: 'host' } }, speed: 100 });
  federation = await Federation.connect({ kubeconfig: sandbox.clusters.a.kubeconfig });
}, 60_000);
afterAll(async () => {
  await federation[Symbol.asyncDispose]();
  await sandbox.close();
});

const refused = (field: string) => ({ code: 'INVALID', details: { field } });

describe('before anything is asked', () => {
  test.each([
    ['options', undefined],
    ['kubeConfig', { kubeConfig: 'host.yaml' }],
    ['timeoutMs', { kubeconfig: 'host.yaml', timeoutMs: '1000' }],
    ['logger', { kubeconfig: 'host.yaml', logger: 'debug' }],
    ['name', { kubeconfig: 'host.yaml', name: 5 }],
    ['context', { kubeconfig: 'host.yaml', context: '' }],
    ['gateway', { gateway: null }],
    ['gateway.url', { gateway: { url: 'ann:hunter2@host', token: 't' } }],
    ['members', { kubeconfig: 'host.yaml', members: new Map([['m', {}]]) }],
    ['members.m', { kubeconfig: 'host.yaml', members: { m: 'm.yaml' } }],
    ['members.m.kubeConfig', { kubeconfig: 'host.yaml', members: { m: { kubeConfig: 'm.yaml' } } }],
  ])('a way to a host is refused for its %s: %j', async (field, options) => {
    const connecting = Federation.connect(options as unknown as Parameters<typeof Federation.connect>[0]);
    await expect(connecting).rejects.toMatchObject(refused(field));
  });

  test.each([
    ['options', undefined],
    ['name', { kubeconfig: 'm.yaml' }],
    ['members', { kubeconfig: 'm.yaml', name: 'm', members: {} }],
    ['retry', { kubeconfig: 'm.yaml', name: 'm', retry: 3 }],
  ])('a way to a member is refused for its %s: %j', async (field, options) => {
    const connecting = connectMember(options as unknown as Parameters<typeof connectMember>[0]);
    await expect(connecting).rejects.toMatchObject(refused(field));
  });

  test.each([
    ['name', () => federation.member('M')],
    ['timeoutMs', () => federation.member('m', { timeoutMs: 0 })],
    ['retry', () => federation.overview({ retry: 3 as never })],
  ])('a call of the federation itself is refused for its %s', async (field, calling) => {
    await expect(calling()).rejects.toMatchObject(refused(field));
  });
});

test('a password in the address of a gateway is told by no message', async () => {
  const gateway = { url: 'ann:hunter2@host', token: 't' };
  const [settled] = await Promise.allSettled([Federation.connect({ gateway })]);
  expect(settled).toMatchObject({ status: 'rejected' });
  expect(JSON.stringify(settled)).not.toContain('hunter2');
  expect(String((settled as PromiseRejectedResult).reason)).not.toContain('hunter2');
});

test('a cluster may be called by any name that Kubernetes takes', async () => {
  await expect(federation.member('m.eu')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
