import { expect } from 'vitest';
import type { Federation } from '../../../../src/federation.ts';
import { core } from '../../../../src/kube/resources.ts';
import { runAnnotation } from '../../../../src/kubesphere/names.ts';
import { shieldId } from '../../../../src/modules/shield.ts';
import { parts } from '../../../../src/modules/shield-forms.ts';
import type { PassingRequest } from '../../kit/fault-proxy.ts';
import { method } from '../../kit/method.ts';
import type { ModuleWorld } from '../../kit/world.ts';
import { projectOnM, strayOnM, workspaceOnM } from './start.ts';

const admission = '/apis/admissionregistration.k8s.io/v1';
const shielded = (names: readonly string[]) => ({ id: shieldId(names), namespaces: names, workspaces: [] });

async function isKept({ clusters: { m } }: ModuleWorld, name: string, kept: boolean): Promise<void> {
  const deleting = m.connection
    .delete(core.namespaces, { name }, { propagationPolicy: 'Background', dryRun: true })
    .then(
      () => 'accepted',
      () => 'refused',
    );
  expect(await deleting).toBe(kept ? 'refused' : 'accepted');
}

async function protectedOnM(world: ModuleWorld) {
  const { name } = await strayOnM(world);
  await world.federation.namespaces.protect({ cluster: 'm', names: [name] });
  return { name };
}

const unprotect = (federation: Federation, names: readonly string[], options = {}) =>
  federation.namespaces.unprotect({ cluster: 'm', names }, options);
const isThere = async ({ clusters: { m } }: ModuleWorld, name: string, there: boolean): Promise<void> => {
  const found = await m.connection.find(core.namespaces, { name });
  expect(found !== undefined && found.metadata.deletionTimestamp === undefined).toBe(there);
};
const badProtection = (
  call: (
    federation: Federation,
    protection: { cluster: string; names: string[]; workspaces?: string[] },
  ) => Promise<unknown>,
) => ({
  cluster: (federation: Federation) => call(federation, { cluster: '', names: ['x'] }),
  names: (federation: Federation) => call(federation, { cluster: 'm', names: [] }),
  'names[0]': (federation: Federation) => call(federation, { cluster: 'm', names: ['X'] }),
  dryRun: (federation: Federation) => call(federation, { cluster: 'm', names: ['x'], dryRun: true } as never),
  workspace: (federation: Federation) => call(federation, { cluster: 'm', names: ['x'], workspace: 'w' } as never),
  workspaces: (federation: Federation) =>
    call(federation, { cluster: 'm', names: ['x'], workspaces: undefined } as never),
  'workspaces[0]': (federation: Federation) => call(federation, { cluster: 'm', names: ['x'], workspaces: [''] }),
});

/** `delete`, `protect`, `unprotect`, `protections`. */
export const keeping = [
  method({
    method: 'namespaces.delete',
    async prepare(world) {
      const workspace = await workspaceOnM(world);
      return projectOnM(world, workspace, 'doomed');
    },
    call: (federation, { cluster, name, uid }, options) =>
      federation.namespaces.delete({ cluster, name, uid }, options),
    async done({ clusters: { m } }, { name }) {
      expect(await m.connection.find(core.namespaces, { name })).toBeUndefined();
    },
    untouched: (world, { name }) => isThere(world, name, true),
    decisive: {
      cluster: 'm',
      matches: ({ method, path, query }) =>
        method === 'DELETE' && path.startsWith('/api/v1/namespaces/') && !query.has('dryRun'),
    },
    writes: ({ name, uid }) => [
      {
        cluster: 'm',
        method: 'DELETE',
        path: `/api/v1/namespaces/${name}`,
        body: {
          kind: 'DeleteOptions',
          apiVersion: 'v1',
          propagationPolicy: 'Background',
          preconditions: { uid, resourceVersion: expect.any(String) },
        },
      },
    ],
    missing: (federation, { uid }, options) =>
      federation.namespaces.delete({ cluster: 'ghost', name: 'x', uid }, options),
    invalid: {
      cluster: (federation) => federation.namespaces.delete({ cluster: '', name: 'x', uid: 'u' }),
      name: (federation) => federation.namespaces.delete({ cluster: 'm', name: 'kube-system', uid: 'u' }),
      uid: (federation) => federation.namespaces.delete({ cluster: 'm', name: 'x' } as never),
      dryRun: (federation) =>
        federation.namespaces.delete({ cluster: 'm', name: 'x', uid: 'u', dryRun: true } as never),
    },
  }),
  method({
    method: 'namespaces.protect',
    prepare: (world) => strayOnM(world),
    call: (federation, { name }, options) => federation.namespaces.protect({ cluster: 'm', names: [name] }, options),
    done: (world, { name }) => isKept(world, name, true),
    untouched: (world, { name }) => isKept(world, name, false),
    decisive: {
      cluster: 'm',
      matches: ({ method, path }: PassingRequest) => method === 'POST' && path.startsWith(admission),
    },
    writes: ({ name }) =>
      parts('policy', shielded([name])).map((part) => ({
        cluster: 'm',
        method: 'POST',
        path: `${admission}/${part.resource.plural}`,
        body: {
          apiVersion: 'admissionregistration.k8s.io/v1',
          kind: part.resource.kind,
          ...part.body,
          metadata: { name: part.name, annotations: { [runAnnotation]: expect.stringMatching(/^call-/) } },
        },
      })),
    missing: (federation, _args, options) => federation.namespaces.protect({ cluster: 'm', names: ['ghost'] }, options),
    invalid: badProtection((federation, protection) => federation.namespaces.protect(protection)),
    without: { conflict: 'nothing is changed that was there before: what is created meets no conflict' },
  }),
  method({
    method: 'namespaces.unprotect',
    prepare: protectedOnM,
    call: (federation, { name }, options) => unprotect(federation, [name], options),
    done: (world, { name }) => isKept(world, name, false),
    untouched: (world, { name }) => isKept(world, name, true),
    decisive: {
      cluster: 'm',
      matches: ({ method, path }: PassingRequest) => method === 'DELETE' && path.startsWith(admission),
    },
    writes: ({ name }) =>
      parts('policy', shielded([name]))
        .reverse()
        .map((part) => ({
          cluster: 'm',
          method: 'DELETE',
          path: `${admission}/${part.resource.plural}/${part.name}`,
          body: {
            kind: 'DeleteOptions',
            apiVersion: 'v1',
            propagationPolicy: 'Background',
            preconditions: { uid: expect.any(String), resourceVersion: expect.any(String) },
          },
        })),
    missing: (federation, { name }, options) =>
      federation.namespaces.unprotect({ cluster: 'ghost', names: [name] }, options),
    invalid: badProtection((federation, protection) => federation.namespaces.unprotect(protection)),
  }),
  method({
    method: 'namespaces.protections',
    prepare: protectedOnM,
    call: (federation, _args, options) => federation.namespaces.protections('m', options),
    done: async (_world, { name }, answer) =>
      expect(answer).toContainEqual({
        id: shieldId([name]),
        form: 'policy',
        namespaces: [name],
        workspaces: [],
        runId: expect.stringMatching(/^call-/),
      }),
    decisive: { cluster: 'm', matches: ({ path }) => path.startsWith(admission) },
    missing: (federation, _args, options) => federation.namespaces.protections('ghost', options),
    invalid: { cluster: (federation) => federation.namespaces.protections('M') },
  }),
];
