import { expect } from 'vitest';
import type { NamespaceInfo } from '../../../../src/modules/namespaces/info.ts';
import { method } from '../../kit/method.ts';
import type { ModuleWorld } from '../../kit/world.ts';
import { projectOnM, workspaceOnM } from './start.ts';

async function project(world: ModuleWorld) {
  const workspace = await workspaceOnM(world);
  return { workspace, ...(await projectOnM(world, workspace)) };
}
const expected = ({ name, uid, workspace }: Awaited<ReturnType<typeof project>>): NamespaceInfo => ({
  name,
  uid,
  workspace,
  federated: false,
  terminating: false,
});
const asking = (path: string) =>
  ({ cluster: 'm', matches: (request: { readonly path: string }) => request.path === path }) as const;

/** `list`, `listAcross`, `get`, `watch`. */
export const reads = [
  method({
    method: 'namespaces.list',
    prepare: project,
    call: async (federation, { cluster, workspace }, options) =>
      (await federation.namespaces.list({ cluster, workspace }, options)).toArray(),
    done: async (_world, args, answer) => expect(answer).toEqual([expected(args)]),
    decisive: asking('/api/v1/namespaces'),
    missing: (federation, _args, options) => federation.namespaces.list({ cluster: 'ghost' }, options),
    invalid: {
      cluster: (federation) => federation.namespaces.list({ cluster: 'M' }),
      workspace: (federation) => federation.namespaces.list({ cluster: 'm', workspace: 'a,b' }),
    },
  }),
  method({
    method: 'namespaces.listAcross',
    prepare: project,
    call: (federation, { workspace }, options) => federation.namespaces.listAcross({ workspace }, options).toArray(),
    done: async (_world, args, answer) =>
      expect(answer).toEqual([
        { cluster: 'a', answered: true, value: [] },
        { cluster: 'm', answered: true, value: [expected(args)] },
        { cluster: 'n', answered: true, value: [] },
      ]),
    decisive: { cluster: 'a', matches: ({ path }) => path.endsWith('/clusters') },
    whileOtherIsDown: (answer) =>
      expect(answer).toMatchObject([
        { cluster: 'a', answered: true },
        { cluster: 'm', answered: true },
        { cluster: 'n', answered: false, error: { code: 'UNREACHABLE' } },
      ]),
    invalid: {
      workspace: async (federation) => federation.namespaces.listAcross({ workspace: '' }),
      'clusters[0]': async (federation) => federation.namespaces.listAcross({ clusters: ['M'] }),
    },
    without: { 'not found': 'a cluster that is not there is named with NOT_FOUND: namespaces/across.test.ts' },
  }),
  method({
    method: 'namespaces.get',
    prepare: project,
    call: (federation, { cluster, name }, options) => federation.namespaces.get({ cluster, name }, options),
    done: async (_world, args, answer) => expect(answer).toEqual(expected(args)),
    decisive: { cluster: 'm', matches: ({ path }) => path.startsWith('/api/v1/namespaces/') },
    missing: (federation, _args, options) => federation.namespaces.get({ cluster: 'm', name: 'ghost' }, options),
    invalid: {
      cluster: (federation) => federation.namespaces.get({ cluster: '', name: 'x' }),
      name: (federation) => federation.namespaces.get({ cluster: 'm', name: 'X' }),
    },
  }),
  method({
    method: 'namespaces.watch',
    prepare: project,
    async call(federation, { cluster, workspace }, options) {
      for await (const event of federation.namespaces.watch({ cluster, workspace }, options)) return event;
      options.signal?.throwIfAborted();
      return undefined;
    },
    done: async (_world, args, answer) => expect(answer).toEqual({ type: 'synced', namespaces: [expected(args)] }),
    decisive: asking('/api/v1/namespaces'),
    missing: async (federation) => {
      for await (const _event of federation.namespaces.watch({ cluster: 'ghost' })) break;
    },
    invalid: {
      cluster: async (federation) => {
        for await (const _event of federation.namespaces.watch({ cluster: 'M' })) break;
      },
      workspace: async (federation) => {
        for await (const _event of federation.namespaces.watch({ cluster: 'm', workspace: 'W' })) break;
      },
    },
    without: { aborted: 'a watch ends quietly with its signal: namespaces/across.test.ts' },
  }),
];
