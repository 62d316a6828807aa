import { expect } from 'vitest';
import { managedLabel } from '../../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../../src/kubesphere/resources.ts';
import { createUser } from '../../../../src/testing/index.ts';
import { type AnyMethodSpec, method } from '../../kit/method.ts';
import { absent, asked, badName, person, regular, usersPath } from './scene.ts';

/** What tells of users, and changes nothing. */
export const reads: readonly AnyMethodSpec[] = [
  method({
    method: 'users.get',
    prepare: person,
    call: (federation, { name }, options) => federation.users.get(name, options),
    async done(_world, { name }, answer) {
      expect(answer).toMatchObject({ name, email: `${name}@example.com`, state: 'Active', hasPassword: true });
      expect(JSON.stringify(answer)).not.toMatch(/\$2/);
    },
    decisive: asked('GET', usersPath),
    missing: absent((federation, name) => federation.users.get(name)),
    invalid: badName((federation, name) => federation.users.get(name)),
  }),
  method({
    method: 'users.list',
    prepare: person,
    call: (federation, _args, options) => federation.users.list(options).toArray(),
    async done(_world, { name }, answer) {
      expect(answer).toContainEqual(expect.objectContaining({ name }));
      expect(JSON.stringify(answer)).not.toMatch(/\$2/);
    },
    decisive: asked('GET', usersPath),
    invalid: {},
    without: { 'not found': 'it names nothing' },
  }),
  method({
    method: 'users.globalRoles',
    prepare: async () => ({}),
    call: (federation, _args, options) => federation.users.globalRoles(options),
    async done(_world, _args, answer) {
      expect(answer).toEqual(expect.arrayContaining(['platform-admin', regular]));
      expect(answer).not.toContain('authenticated');
    },
    decisive: asked('GET', '/apis/iam.kubesphere.io/v1alpha2/globalroles'),
    invalid: {},
    without: { 'not found': 'it names nothing' },
  }),
  method({
    method: 'users.watch',
    prepare: person,
    async call(federation, _args, options) {
      for await (const event of federation.users.watch(options)) return event;
      options.signal?.throwIfAborted();
      throw new Error('the watch ended before it began');
    },
    async done(_world, { name }, answer) {
      expect(answer).toMatchObject({
        type: 'synced',
        users: expect.arrayContaining([expect.objectContaining({ name })]),
      });
    },
    decisive: asked('GET', usersPath),
    invalid: {},
    without: {
      'not found': 'it names nothing',
      aborted: 'a watch ends quietly with its signal: test/kube/watch.test.ts',
    },
  }),
  method({
    method: 'users.syncStatus',
    prepare: person,
    call: (federation, { name }, options) => federation.users.syncStatus(name, options),
    async done(_world, { name }, answer) {
      expect(answer).toMatchObject({ user: name, synced: true, members: [{ cluster: 'm' }, { cluster: 'n' }] });
    },
    decisive: asked('GET', usersPath),
    whileOtherIsDown: (answer) =>
      expect(answer).toMatchObject({
        synced: false,
        members: [
          { cluster: 'm', synced: true },
          { cluster: 'n', synced: false, reason: 'silent' },
        ],
      }),
    missing: absent((federation, name) => federation.users.syncStatus(name)),
    invalid: badName((federation, name) => federation.users.syncStatus(name)),
  }),
  method({
    method: 'users.waitUntilSynced',
    prepare: async (world) => {
      const name = world.fresh('person');
      await createUser(world.clusters.a.connection, { name });
      return { name };
    },
    call: (federation, { name }, options) => federation.users.waitUntilSynced(name, { clusters: ['m'], ...options }),
    async done({ clusters: { m } }, { name }, answer) {
      expect(answer).toMatchObject({ synced: true, members: [{ cluster: 'm' }] });
      const { metadata, status } = await m.connection.get(kubesphere.users, { name });
      expect(metadata.labels).toHaveProperty([managedLabel], 'true');
      expect(status?.state).toBe('Active');
    },
    decisive: asked('GET', usersPath),
    missing: absent((federation, name) => federation.users.waitUntilSynced(name)),
    invalid: {
      ...badName((federation, name) => federation.users.waitUntilSynced(name)),
      clusters: (federation, { name }) => federation.users.waitUntilSynced(name, { clusters: [] }),
    },
  }),
];
