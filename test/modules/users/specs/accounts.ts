import { compare } from 'bcryptjs';
import { expect } from 'vitest';
import { kubesphere } from '../../../../src/kubesphere/resources.ts';
import { type AnyMethodSpec, type ExpectedWrite, method, toOpen } from '../../kit/method.ts';
import {
  absent,
  asked,
  badName,
  binding,
  globalBindings,
  headers,
  password,
  person,
  preconditions,
  regular,
  run,
  stateIs,
  stored,
  usersPath,
} from './scene.ts';

/** What changes accounts. */
export const accounts: readonly AnyMethodSpec[] = [
  method({
    method: 'users.create',
    prepare: async (world) => ({ name: world.fresh('newcomer') }),
    call: (federation, { name }, options) =>
      federation.users.create(
        { name, email: `${name}@example.com`, displayName: 'New', password, globalRole: regular },
        options,
      ),
    async done(world, { name }) {
      const { spec, status } = await stored(world, name);
      expect(status?.state).toBe('Active');
      expect(await compare(password, spec.password ?? '')).toBe(true);
      const { roleRef } = await world.clusters.a.connection.get(kubesphere.globalRoleBindings, {
        name: `${name}-${regular}`,
      });
      expect(roleRef.name).toBe(regular);
    },
    async untouched({ clusters: { a } }, { name }) {
      expect(await a.connection.find(kubesphere.users, { name })).toBeUndefined();
      expect(await a.connection.find(kubesphere.globalRoleBindings, { name: `${name}-${regular}` })).toBeUndefined();
    },
    decisive: asked('PATCH', usersPath),
    writes: ({ name }): readonly ExpectedWrite[] => [
      {
        cluster: 'a',
        method: 'POST',
        path: usersPath,
        body: {
          ...headers('iam.kubesphere.io/v1alpha2', 'User'),
          metadata: { name, annotations: run },
          spec: { email: `${name}@example.com`, displayName: 'New' },
        },
      },
      {
        cluster: 'a',
        method: 'POST',
        path: globalBindings,
        body: {
          ...headers('iam.kubesphere.io/v1alpha2', 'GlobalRoleBinding'),
          ...binding(name, regular, 'GlobalRole', 'iam.kubesphere.io'),
        },
      },
      {
        cluster: 'a',
        method: 'PATCH',
        path: `${usersPath}/${name}`,
        body: { metadata: preconditions, spec: { password }, status: null },
      },
    ],
    missing: (federation, { name }, options) =>
      federation.users.create({ name, email: `${name}@example.com`, globalRole: 'no-such-role' }, options),
    invalid: {
      name: (federation) => federation.users.create({ name: 'No Name', email: 'a@b.c' }),
      email: (federation) => federation.users.create({ name: 'somebody', email: 'nowhere' }),
      password: (federation) => federation.users.create({ name: 'somebody', email: 'a@b.c', password: 'short' }),
      globalrole: (federation) =>
        federation.users.create({ name: 'somebody', email: 'a@b.c', globalrole: regular } as never),
      globalRole: (federation) => federation.users.create({ name: 'somebody', email: 'a@b.c', globalRole: '' }),
      displayName: (federation) =>
        federation.users.create({ name: 'somebody', email: 'a@b.c', displayName: 1 as unknown as string }),
      groups: (federation) =>
        federation.users.create({ name: 'somebody', email: 'a@b.c', groups: 'x' as unknown as string[] }),
    },
    without: { 'already so': 'a user of that name may be another person: refused, see users.test.ts' },
  }),
  method({
    method: 'users.update',
    prepare: person,
    call: (federation, { name }, options) =>
      federation.users.update(name, { displayName: 'Other', groups: ['staff'] }, options),
    async done(world, { name }) {
      expect((await stored(world, name)).spec).toMatchObject({ displayName: 'Other', groups: ['staff'] });
      const federated = await world.clusters.a.connection.get(kubesphere.federatedUsers, { name });
      expect(federated.spec).toMatchObject({ template: { spec: { displayName: 'Other' } } });
    },
    untouched: async (world, { name }) => expect((await stored(world, name)).spec.displayName).toBeUndefined(),
    decisive: asked('PATCH', usersPath),
    writes: ({ name }) => [
      {
        cluster: 'a',
        method: 'PATCH',
        path: `${usersPath}/${name}`,
        body: { metadata: preconditions, spec: { displayName: 'Other', groups: ['staff'] } },
      },
    ],
    missing: absent((federation, name) => federation.users.update(name, { lang: 'en' })),
    invalid: {
      ...badName((federation, name) => federation.users.update(name, { lang: 'en' })),
      email: (federation, { name }) => federation.users.update(name, { email: '@' }),
      lang: (federation, { name }) => federation.users.update(name, { lang: 7 as unknown as string }),
      changes: (federation, { name }) => federation.users.update(name, {}),
      password: (federation, { name }) => federation.users.update(name, { password } as object),
    },
  }),
  method({
    method: 'users.setPassword',
    prepare: person,
    call: (federation, { name }, options) => federation.users.setPassword(name, password, options),
    done: async (world, { name }) =>
      expect(await compare(password, (await stored(world, name)).spec.password ?? '')).toBe(true),
    untouched: async (world, { name }) =>
      expect(await compare('P@88w0rd', (await stored(world, name)).spec.password ?? '')).toBe(true),
    decisive: asked('PATCH', usersPath),
    writes: ({ name }) => [
      {
        cluster: 'a',
        method: 'PATCH',
        path: `${usersPath}/${name}`,
        body: { metadata: preconditions, spec: { password } },
      },
    ],
    missing: absent((federation, name) => federation.users.setPassword(name, password)),
    invalid: {
      ...badName((federation, name) => federation.users.setPassword(name, password)),
      password: (federation, { name }) => federation.users.setPassword(name, 'no-digit-A'),
    },
  }),
  method({
    method: 'users.disable',
    prepare: person,
    call: (federation, { name }, options) => federation.users.disable(name, options),
    done: stateIs('Disabled'),
    untouched: stateIs('Active'),
    decisive: asked('PATCH', usersPath),
    writes: ({ name }) => [
      {
        cluster: 'a',
        method: 'PATCH',
        path: `${usersPath}/${name}`,
        body: {
          metadata: preconditions,
          status: { state: 'Disabled', reason: null, lastTransitionTime: expect.any(String) },
        },
      },
    ],
    missing: absent((federation, name) => federation.users.disable(name)),
    invalid: badName((federation, name) => federation.users.disable(name)),
  }),
  method({
    method: 'users.enable',
    async prepare(world) {
      const one = await person(world);
      await world.federation.users.disable(one.name);
      return one;
    },
    call: (federation, { name }, options) => federation.users.enable(name, options),
    done: stateIs('Active'),
    untouched: stateIs('Disabled'),
    decisive: asked('PATCH', usersPath),
    writes: ({ name }) => [
      {
        cluster: 'a',
        method: 'PATCH',
        path: `${usersPath}/${name}`,
        body: {
          metadata: preconditions,
          status: { state: 'Active', reason: null, lastTransitionTime: expect.any(String) },
        },
      },
    ],
    missing: absent((federation, name) => federation.users.enable(name)),
    invalid: badName((federation, name) => federation.users.enable(name)),
  }),
  method({
    method: 'users.delete',
    managesWithout: [
      {
        side: 'host',
        resource: 'clusters',
        why: 'it goes on without members that do not answer',
        says: /does not answer.*not allowed/,
      },
      ...[...toOpen, 'users'].map((resource) => ({
        side: 'members' as const,
        resource,
        why: 'it goes on without members that do not answer',
        says: /does not answer.*not allowed/,
      })),
    ],
    prepare: person,
    call: (federation, { name }, options) => federation.users.delete(name, options),
    async done({ clusters }, { name }, answer) {
      expect(answer).toMatchObject({ outcome: 'changed' });
      for (const at of ['a', 'm'] as const)
        expect(await clusters[at].connection.find(kubesphere.users, { name })).toBeUndefined();
    },
    untouched: async (world, { name }) =>
      expect((await stored(world, name)).metadata.deletionTimestamp).toBeUndefined(),
    decisive: asked('DELETE', usersPath),
    writes: ({ name }) => [
      {
        cluster: 'a',
        method: 'DELETE',
        path: `${usersPath}/${name}`,
        body: {
          ...headers('v1', 'DeleteOptions'),
          preconditions,
          propagationPolicy: 'Background',
        },
      },
    ],
    missing: absent((federation, name) => federation.users.delete(name)),
    whileOtherIsDown: (answer) =>
      expect(answer).toMatchObject({
        outcome: 'changed',
        result: [{ cluster: 'n', why: /does not answer/ }].map(({ cluster }) => ({
          cluster,
          why: expect.stringContaining('does not answer'),
        })),
      }),
    invalid: {
      ...badName((federation, name) => federation.users.delete(name)),
      managedWorkspaces: (federation, { name }) =>
        federation.users.delete(name, { managedWorkspaces: 'delete' as 'leave' }),
    },
    without: { 'already so': 'a user that is gone is NOT_FOUND, as one that never was' },
  }),
];
