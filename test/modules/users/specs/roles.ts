import { expect } from 'vitest';
import { core } from '../../../../src/kube/resources.ts';
import { userLabel } from '../../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../../src/kubesphere/resources.ts';
import { type AnyMethodSpec, method } from '../../kit/method.ts';
import {
  absent,
  asked,
  badName,
  binding,
  clusterBindings,
  globalBindings,
  headers,
  person,
  preconditions,
  regular,
} from './scene.ts';

/** What gives and takes roles. */
export const roles: readonly AnyMethodSpec[] = [
  method({
    method: 'users.setGlobalRole',
    async prepare(world) {
      const one = await person(world);
      await world.federation.users.setGlobalRole(one.name, regular);
      const { metadata } = await world.clusters.a.connection.get(kubesphere.globalRoleBindings, {
        name: `${one.name}-${regular}`,
      });
      return { ...one, uid: metadata.uid };
    },
    call: (federation, { name }, options) => federation.users.setGlobalRole(name, 'platform-self-provisioner', options),
    done: async ({ federation }, { name }) =>
      expect((await federation.users.get(name)).globalRoles).toEqual(['platform-self-provisioner']),
    untouched: async ({ federation }, { name }) =>
      expect((await federation.users.get(name)).globalRoles).toEqual([regular]),
    decisive: asked('DELETE', globalBindings),
    writes: ({ name, uid }) => [
      {
        cluster: 'a',
        method: 'POST',
        path: globalBindings,
        body: {
          ...headers('iam.kubesphere.io/v1alpha2', 'GlobalRoleBinding'),
          ...binding(name, 'platform-self-provisioner', 'GlobalRole', 'iam.kubesphere.io'),
        },
      },
      {
        cluster: 'a',
        method: 'DELETE',
        path: `${globalBindings}/${name}-${regular}`,
        body: {
          ...headers('v1', 'DeleteOptions'),
          preconditions: { ...preconditions, uid },
          propagationPolicy: 'Background',
        },
      },
    ],
    missing: absent((federation, name) => federation.users.setGlobalRole(name, regular)),
    invalid: {
      ...badName((federation, name) => federation.users.setGlobalRole(name, regular)),
      role: (federation, { name }) => federation.users.setGlobalRole(name, ''),
    },
  }),
  method({
    method: 'users.grantCluster',
    async prepare(world) {
      const one = await person(world);
      await world.federation.users.grantCluster({ user: one.name, cluster: 'm', role: 'cluster-viewer' });
      return one;
    },
    call: (federation, { name }, options) =>
      federation.users.grantCluster({ user: name, cluster: 'm', role: 'cluster-admin' }, options),
    async done({ clusters: { m } }, { name }) {
      const found = await m.connection
        .list(core.clusterRoleBindings, { labelSelector: `${userLabel}=${name}` })
        .toArray();
      expect(found.map(({ roleRef }) => roleRef.name)).toEqual(['cluster-admin']);
    },
    async untouched({ clusters: { m } }, { name }) {
      const found = await m.connection
        .list(core.clusterRoleBindings, { labelSelector: `${userLabel}=${name}` })
        .toArray();
      expect(found.map(({ roleRef }) => roleRef.name)).toEqual(['cluster-viewer']);
    },
    decisive: {
      cluster: 'm',
      matches: ({ method: verb, path }) => verb === 'DELETE' && path.startsWith(clusterBindings),
    },
    writes: ({ name }) => [
      {
        cluster: 'm',
        method: 'POST',
        path: clusterBindings,
        body: {
          ...headers('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding'),
          ...binding(name, 'cluster-admin', 'ClusterRole', 'rbac.authorization.k8s.io'),
        },
      },
      {
        cluster: 'm',
        method: 'DELETE',
        path: `${clusterBindings}/${name}-cluster-viewer`,
        body: { ...headers('v1', 'DeleteOptions'), preconditions, propagationPolicy: 'Background' },
      },
    ],
    missing: (federation, { name }) =>
      federation.users.grantCluster({ user: name, cluster: 'ghost', role: 'cluster-admin' }),
    invalid: {
      user: (federation) => federation.users.grantCluster({ user: '', cluster: 'm', role: 'cluster-admin' }),
      cluster: (federation, { name }) =>
        federation.users.grantCluster({ user: name, cluster: '', role: 'cluster-admin' }),
      role: (federation, { name }) => federation.users.grantCluster({ user: name, cluster: 'm', role: '' }),
    },
  }),
  method({
    method: 'users.revokeCluster',
    managesWithout: [
      {
        side: 'members',
        resource: 'clusterroles',
        verb: 'bind',
        why: 'its way back alone binds, and whoever holds what the role gives may do that, too',
      },
    ],
    async prepare(world) {
      const one = await person(world);
      await world.federation.users.grantCluster({ user: one.name, cluster: 'm', role: 'cluster-viewer' });
      return one;
    },
    call: (federation, { name }, options) => federation.users.revokeCluster({ user: name, cluster: 'm' }, options),
    done: async ({ clusters: { m } }, { name }) =>
      expect(await m.connection.find(core.clusterRoleBindings, { name: `${name}-cluster-viewer` })).toBeUndefined(),
    untouched: async ({ clusters: { m } }, { name }) =>
      expect(await m.connection.find(core.clusterRoleBindings, { name: `${name}-cluster-viewer` })).toBeDefined(),
    decisive: {
      cluster: 'm',
      matches: ({ method: verb, path }) => verb === 'DELETE' && path.startsWith(clusterBindings),
    },
    writes: ({ name }) => [
      {
        cluster: 'm',
        method: 'DELETE',
        path: `${clusterBindings}/${name}-cluster-viewer`,
        body: { ...headers('v1', 'DeleteOptions'), preconditions, propagationPolicy: 'Background' },
      },
    ],
    missing: (federation, { name }) => federation.users.revokeCluster({ user: name, cluster: 'ghost' }),
    invalid: {
      user: (federation) => federation.users.revokeCluster({ user: '', cluster: 'm' }),
      role: (federation) => federation.users.revokeCluster({ user: 'ann', cluster: 'm', role: 'viewer' } as never),
      dryRun: (federation) => federation.users.revokeCluster({ user: 'ann', cluster: 'm', dryRun: true } as never),
      cluster: (federation, { name }) => federation.users.revokeCluster({ user: name, cluster: '' }),
    },
  }),
];
