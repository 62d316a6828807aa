import { expect } from 'vitest';
import type { MemberCluster } from '../../../../src/federation.ts';
import { digest } from '../../../../src/internal/digest.ts';
import { core } from '../../../../src/kube/resources.ts';
import { readInstallation } from '../../../../src/kubesphere/installation.ts';
import { kubesphereNamespace } from '../../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../../src/kubesphere/resources.ts';
import { makeMember, until } from '../../../../src/testing/index.ts';
import { type AnyMethodSpec, type ExpectedWrite, method } from '../../kit/method.ts';
import {
  configurationAt,
  configurationPath,
  joined,
  letGoOf,
  parkedPath,
  parkedSecret,
  precisely,
  unwrapped,
} from './scene.ts';

/** What makes a cluster a member, and trust its host's tokens. */
export const trust: readonly AnyMethodSpec[] = [
  method({
    method: 'clusters.prepareMember',
    throughGateway: 'UNAUTHENTICATED',
    async prepare({ federation, clusters: { m } }) {
      // Opened once: of what its cases ask then, only the host's Cluster object is not the method's own.
      await federation.member('m');
      const body = { spec: { authentication: { jwtSecret: 'of-nobody' }, multicluster: { clusterRole: 'none' } } };
      await m.connection.patch(kubesphere.clusterConfigurations, configurationAt, { type: 'merge', body });
      await until('M is standalone', async () => (await readInstallation(m.connection)).role === 'none');
      return null;
    },
    call: async (federation, _args, options) =>
      federation.clusters.prepareMember(await federation.member('m'), { ...options, formerHostGone: true }),
    async done({ clusters: { a, m } }) {
      const [host, member] = await Promise.all([readInstallation(a.connection), readInstallation(m.connection)]);
      expect(member).toMatchObject({ role: 'member', jwtDigest: host.jwtDigest, acceptsHostTokens: true });
    },
    async untouched({ clusters: { m } }) {
      const { spec } = await m.connection.get(kubesphere.clusterConfigurations, configurationAt);
      expect(spec).toMatchObject({
        authentication: { jwtSecret: 'of-nobody' },
        multicluster: { clusterRole: 'none' },
      });
    },
    decisive: { cluster: 'm', matches: ({ method, path }) => method === 'PATCH' && path === configurationPath },
    writes: () => [
      {
        cluster: 'm',
        method: 'PATCH',
        path: configurationPath,
        body: {
          metadata: { uid: expect.any(String), resourceVersion: expect.any(String) },
          spec: { authentication: { jwtSecret: expect.any(String) }, multicluster: { clusterRole: 'member' } },
        },
      },
    ],
    looksUp: '/apis/cluster.kubesphere.io/v1alpha1/clusters/m',
    invalid: { member: ({ clusters }) => clusters.prepareMember({} as MemberCluster) },
    without: { 'not found': 'it takes a cluster that is connected' },
  }),
  method({
    method: 'clusters.alignJwtSecret',
    throughGateway: 'UNAUTHENTICATED',
    async prepare(world) {
      await joined(world);
      const { m } = world.clusters;
      const body = { spec: { authentication: { jwtSecret: 'of-nobody' } } };
      await m.connection.patch(kubesphere.clusterConfigurations, configurationAt, { type: 'merge', body });
      const other = digest('of-nobody');
      await until('M has another secret', async () => (await readInstallation(m.connection)).jwtDigest === other);
      return null;
    },
    call: async ({ clusters }, _args, options) => {
      const [outcome] = await unwrapped(clusters.alignJwtSecret(['m'], options));
      return outcome;
    },
    async done({ clusters: { a, m } }) {
      const [host, member] = await Promise.all([readInstallation(a.connection), readInstallation(m.connection)]);
      expect(member).toMatchObject({ role: 'member', jwtDigest: host.jwtDigest, acceptsHostTokens: true });
    },
    async untouched({ clusters: { m } }) {
      const { spec } = await m.connection.get(kubesphere.clusterConfigurations, configurationAt);
      expect(spec).toMatchObject({ authentication: { jwtSecret: 'of-nobody' } });
    },
    decisive: { cluster: 'm', matches: ({ method, path }) => method === 'PATCH' && path === configurationPath },
    writes: () => [
      {
        cluster: 'm',
        method: 'PATCH',
        path: configurationPath,
        body: {
          metadata: { uid: expect.any(String), resourceVersion: expect.any(String) },
          spec: { authentication: { jwtSecret: expect.any(String) }, multicluster: { clusterRole: 'member' } },
        },
      },
    ],
    missing: ({ clusters }, _args, options) => unwrapped(clusters.alignJwtSecret(['ghost'], options)),
    invalid: { clusters: ({ clusters }) => clusters.alignJwtSecret([]) },
  }),
  method({
    method: 'clusters.rotateJwtSecret',
    throughGateway: 'PLAN_BLOCKED',
    async prepare(world) {
      await joined(world);
      const { a, m, n } = world.clusters;
      // Members that never called are none that could follow.
      for (const { metadata } of await a.connection.list(kubesphere.clusters).toArray())
        if (metadata.name.startsWith('agent-')) await letGoOf(a, metadata.name);
      for (const one of [m, n]) await makeMember({ host: a.connection, member: one.connection });
      const { jwtDigest } = await readInstallation(a.connection);
      return { jwtSecret: `${world.password()}-${'x'.repeat(32)}`, before: jwtDigest };
    },
    call: ({ clusters }, { jwtSecret }, options) => clusters.rotateJwtSecret({ ...options, jwtSecret }),
    async done({ clusters: { a, m, n } }, { jwtSecret }, answer) {
      expect(answer).toMatchObject({ outcome: 'changed', result: { members: ['m', 'n'] } });
      expect(await readInstallation(a.connection)).toMatchObject({ role: 'host', jwtDigest: digest(jwtSecret) });
      for (const { connection } of [m, n])
        expect(await readInstallation(connection)).toMatchObject({
          ...{ role: 'member', jwtDigest: digest(jwtSecret), acceptsHostTokens: true },
        });
      const left = { namespace: kubesphereNamespace, name: parkedSecret };
      expect(await a.connection.find(core.secrets, left)).toBeUndefined();
    },
    async untouched({ clusters: { a, m, n } }, { before }) {
      for (const { connection } of [a, m, n])
        expect((await readInstallation(connection)).jwtDigest, connection.cluster).toBe(before);
    },
    decisive: { cluster: 'a', matches: ({ method, path }) => method === 'PATCH' && path === configurationPath },
    writes: ({ jwtSecret }) => {
      const trusts = (cluster: 'a' | 'm' | 'n', clusterRole: string): ExpectedWrite => ({
        cluster,
        method: 'PATCH',
        path: configurationPath,
        body: {
          metadata: { uid: expect.any(String), resourceVersion: expect.any(String) },
          spec: { authentication: { jwtSecret }, multicluster: { clusterRole } },
        },
      });
      const data = { former: expect.any(String), next: Buffer.from(jwtSecret).toString('base64') };
      const metadata = expect.objectContaining({ name: parkedSecret });
      return [
        { cluster: 'a', method: 'POST', path: parkedPath, body: expect.objectContaining({ metadata, data }) },
        trusts('a', 'host'),
        { cluster: 'a', method: 'DELETE', path: `${parkedPath}/${parkedSecret}`, body: precisely },
        trusts('m', 'member'),
        trusts('n', 'member'),
      ];
    },
    whileOtherIsDown: 'UNREACHABLE',
    invalid: {
      jwtSecret: ({ clusters }) => clusters.rotateJwtSecret({ jwtSecret: 'much too short' }),
    },
    without: { 'not found': 'it names nothing' },
  }),
];
