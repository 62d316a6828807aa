import { X509Certificate } from 'node:crypto';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { core } from '../../../../src/kube/resources.ts';
import type { ClusterInfo } from '../../../../src/modules/clusters/info.ts';
import { type AnyMethodSpec, method } from '../../kit/method.ts';
import { clustersPath, joined, withoutAgents } from './scene.ts';

/** What tells of clusters, and changes nothing. */
export const reads: readonly AnyMethodSpec[] = [
  method({
    method: 'clusters.list',
    prepare: joined,
    call: ({ clusters }, _args, { dryRun: _dryRun, journal: _journal, ...options }) => clusters.list(options).toArray(),
    async done({ clusters: { m } }, { uid }, answer) {
      const { metadata } = await m.connection.get(core.namespaces, { name: 'kube-system' });
      const found = (answer as ClusterInfo[]).find(({ name }) => name === 'm');
      expect(found).toMatchObject({ objectUid: uid, uid: metadata.uid, role: 'member', connection: 'direct' });
      const all = (answer as ClusterInfo[]).map(({ name, role }) => `${name} ${role}`);
      expect(withoutAgents(all).toSorted()).toEqual(['host host', 'm member', 'n member']);
    },
    decisive: { cluster: 'a', matches: ({ method, path }) => method === 'GET' && path === clustersPath },
    invalid: {},
    without: { 'not found': 'a list of all names nothing' },
  }),
  method({
    method: 'clusters.get',
    prepare: joined,
    call: ({ clusters }, _args, { dryRun: _dryRun, journal: _journal, ...options }) => clusters.get('m', options),
    async done({ clusters: { m } }, { uid }, answer) {
      const certificate = parse(m.kubeconfig).users[0].user['client-certificate-data'];
      const { validTo } = new X509Certificate(Buffer.from(certificate, 'base64'));
      expect(answer).toMatchObject({
        name: 'm',
        objectUid: uid,
        kubeconfigExpires: new Date(validTo).toISOString(),
      });
      expect(JSON.stringify(answer)).not.toMatch(/client-key|certificate-data|BEGIN/);
    },
    decisive: { cluster: 'a', matches: ({ method, path }) => method === 'GET' && path === `${clustersPath}/m` },
    missing: ({ clusters }) => clusters.get('ghost'),
    invalid: { name: ({ clusters }) => clusters.get('No Name') },
  }),
  method({
    method: 'clusters.watch',
    prepare: joined,
    async call({ clusters }, _args, options) {
      for await (const event of clusters.watch(options))
        if (event.type === 'synced') return event.clusters.map(({ name }) => name).sort();
      options.signal?.throwIfAborted();
      return undefined;
    },
    done: async (_world, _args, answer) => expect(withoutAgents(answer as string[])).toEqual(['host', 'm', 'n']),
    decisive: { cluster: 'a', matches: ({ method, path }) => method === 'GET' && path === clustersPath },
    invalid: {},
    without: {
      'not found': 'a watch of all names nothing',
      aborted: 'a watch whose signal is aborted ends quietly: clusters.test.ts',
    },
  }),
  method({
    method: 'clusters.waitUntilReady',
    prepare: joined,
    call: ({ clusters }, _args, { dryRun: _dryRun, journal: _journal, ...options }) =>
      clusters.waitUntilReady('m', options),
    done: async (_world, { uid }, answer) => expect(answer).toMatchObject({ name: 'm', objectUid: uid, ready: true }),
    decisive: { cluster: 'a', matches: ({ method, path }) => method === 'GET' && path.startsWith(clustersPath) },
    missing: ({ clusters }) => clusters.waitUntilReady('ghost'),
    invalid: { name: ({ clusters }) => clusters.waitUntilReady('No Name') },
  }),
  method({
    method: 'clusters.preflight',
    prepare: joined,
    call: ({ clusters }, world, { dryRun: _dryRun, journal: _journal, ...options }) =>
      clusters.preflight({ name: 'free', kubeconfig: world.kubeconfig }, options),
    done: async (_world, _args, answer) =>
      expect(answer).toMatchObject({
        ready: false,
        findings: expect.arrayContaining([
          expect.objectContaining({ code: 'CLUSTER_TWICE', severity: 'blocks', where: 'free' }),
        ]),
      }),
    decisive: { cluster: 'a', matches: ({ method, path }) => method === 'GET' && path === clustersPath },
    invalid: {
      name: ({ clusters }, { kubeconfig }) => clusters.preflight({ name: 'No Name', kubeconfig }),
      kubeconfig: ({ clusters }) => clusters.preflight({ name: 'm', kubeconfig: '' }),
      label: ({ clusters }, { kubeconfig }) =>
        clusters.preflight({ name: 'm', kubeconfig, label: { tier: 'one' } } as never),
      labels: ({ clusters }, { kubeconfig }) =>
        clusters.preflight({ name: 'm', kubeconfig, labels: ['tier'] as never }),
      connection: ({ clusters }, { kubeconfig }) =>
        clusters.preflight({ name: 'm', kubeconfig, connection: 'tunnel' as 'agent' }),
    },
    without: { 'not found': 'a name that is free is a good one' },
  }),
];
