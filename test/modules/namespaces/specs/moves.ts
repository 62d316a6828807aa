import { expect } from 'vitest';
import { unboundAnnotation, workspaceLabel } from '../../../../src/kubesphere/names.ts';
import { method } from '../../kit/method.ts';
import {
  appOf,
  expectIn,
  namespacePatch,
  patching,
  projectOnM,
  strayOnM,
  workspaceOfApp,
  workspaceOnM,
} from './start.ts';

const boundTo = (workspace: string) => ({
  labels: { [workspaceLabel]: workspace },
  annotations: { [unboundAnnotation]: null },
});
const outOf = (workspace: string | undefined) => ({
  labels: { [workspaceLabel]: null },
  annotations: { [unboundAnnotation]: expect.stringContaining(`"workspace":"${workspace}"`) },
});

/** Moves a project whose apps are in its workspace, or in another one than it goes to: each of them goes along. */
function withApps(verb: 'bind' | 'unbind' | 'transfer') {
  return method({
    method: `namespaces.${verb} with apps`,
    async prepare(world) {
      const [from, into] = [await workspaceOnM(world), await workspaceOnM(world)];
      const [inside, to] = [verb === 'bind' ? undefined : from, verb === 'unbind' ? undefined : into];
      const project = inside === undefined ? await strayOnM(world) : await projectOnM(world, inside);
      const [onHost, onMember] = [world.fresh('rls'), world.fresh('rls')];
      await appOf(world, 'a', onHost, { workspace: from, project: project.name, cluster: 'm' });
      await appOf(world, 'm', onMember, { workspace: from, project: project.name });
      return { from, inside, into, to, onHost, onMember, ...project };
    },
    call: ({ namespaces }, { cluster, name, into: workspace }, options) =>
      namespaces[verb]({ cluster, name, workspace }, { apps: 'follow', ...options }),
    async done(world, { name, to, onHost, onMember }) {
      await expectIn(world, name, to);
      expect([await workspaceOfApp(world, 'a', onHost), await workspaceOfApp(world, 'm', onMember)]).toEqual([to, to]);
    },
    async untouched(world, { name, from, inside, onHost, onMember }) {
      await expectIn(world, name, inside);
      expect([await workspaceOfApp(world, 'a', onHost), await workspaceOfApp(world, 'm', onMember)]).toEqual([
        from,
        from,
      ]);
    },
    decisive: namespacePatch,
    writes: ({ name, uid, inside, to, onHost, onMember }) => {
      const app = (cluster: 'a' | 'm', release: string) =>
        ({
          cluster,
          method: 'PATCH',
          path: `/apis/application.kubesphere.io/v1alpha1/helmreleases/${release}`,
          body: {
            metadata: {
              uid: expect.any(String),
              resourceVersion: expect.any(String),
              labels: { [workspaceLabel]: to ?? null },
            },
          },
        }) as const;
      const project = patching(name, {
        uid,
        ...(to === undefined ? outOf(inside) : boundTo(to)),
        ...(inside !== undefined && { ownerReferences: [] }),
      });
      return [app('a', onHost), app('m', onMember), project];
    },
    missing: ({ namespaces }, { into: workspace }, options) =>
      namespaces[verb]({ cluster: 'm', name: 'ghost', workspace }, { apps: 'follow', ...options }),
    invalid: {},
  });
}

/** `bind`, `unbind`, `transfer`: of one project, of several, and with its apps. */
export const moves = [
  method({
    method: 'namespaces.bind',
    prepare: async (world) => ({ workspace: await workspaceOnM(world), ...(await strayOnM(world)) }),
    call: (federation, { cluster, name, workspace }, options) =>
      federation.namespaces.bind({ cluster, name, workspace }, options),
    done: (world, { name, workspace }) => expectIn(world, name, workspace),
    untouched: (world, { name }) => expectIn(world, name, undefined),
    decisive: namespacePatch,
    writes: ({ name, workspace, uid }) => [patching(name, { uid, ...boundTo(workspace) })],
    missing: (federation, { workspace }, options) =>
      federation.namespaces.bind({ cluster: 'm', name: 'ghost', workspace }, options),
    invalid: {
      cluster: (federation) => federation.namespaces.bind({ cluster: 'M', name: 'x', workspace: 'w' }),
      name: (federation) => federation.namespaces.bind({ cluster: 'm', name: 'kube-system', workspace: 'w' }),
      workspace: (federation) => federation.namespaces.bind({ cluster: 'm', name: 'x', workspace: 'system-workspace' }),
      uid: (federation) =>
        federation.namespaces.bind({ cluster: 'm', name: 'x', workspace: 'w', uid: undefined } as never),
      names: (federation) =>
        federation.namespaces.bind({ cluster: 'm', name: 'x', names: ['y'], workspace: 'w' } as never),
      from: (federation) => federation.namespaces.bind({ cluster: 'm', name: 'x', workspace: 'w', from: 'v' } as never),
      dryRun: (federation) =>
        federation.namespaces.bind({ cluster: 'm', name: 'x', workspace: 'w', dryRun: true } as never),
      options: (federation) => federation.namespaces.bind({ cluster: 'm', name: 'x', workspace: 'w' }, null as never),
      apps: (federation) =>
        federation.namespaces.bind({ cluster: 'm', name: 'x', workspace: 'w' }, { apps: 'some' as never }),
      devops: (federation) =>
        federation.namespaces.bind({ cluster: 'm', name: 'x', workspace: 'w' }, { devops: 'x' as never }),
    },
  }),
  method({
    method: 'namespaces.bind several',
    prepare: async (world) => {
      const workspace = await workspaceOnM(world);
      return { workspace, names: [(await strayOnM(world)).name, (await strayOnM(world)).name] };
    },
    async call(federation, { workspace, names }, options) {
      const outcomes = await federation.namespaces.bind(
        { cluster: 'm', names, workspace },
        { concurrency: 1, ...options },
      );
      expect(outcomes.map(({ item }) => item)).toEqual(names.map((name) => ({ cluster: 'm', workspace, name })));
      expect(new Set(outcomes.map(({ outcome }) => outcome)).size).toBe(1);
      const forecasts = outcomes.flatMap((one) => (one.outcome === 'dry-run' ? one.forecast : []));
      const changes = forecasts.flatMap((one) => (one.effect === 'change' ? one.changes : []));
      return options.dryRun === true ? { outcome: 'dry-run', forecast: { effect: 'change', changes } } : outcomes[0];
    },
    done: async (world, { names, workspace }) => {
      for (const name of names) await expectIn(world, name, workspace);
    },
    untouched: async (world, { names }) => {
      for (const name of names) await expectIn(world, name, undefined);
    },
    decisive: namespacePatch,
    writes: ({ names, workspace }) =>
      names.map((name) => ({
        ...patching(name, { uid: expect.any(String), ...boundTo(workspace) }),
        abreast: true as const,
      })),
    invalid: {
      '[0]': (federation) => federation.namespaces.bind([null] as never),
      '[0].Dry_Run': (federation) =>
        federation.namespaces.bind([{ cluster: 'm', name: 'x', workspace: 'w', Dry_Run: true }] as never),
      devops: (federation) =>
        federation.namespaces.bind({ cluster: 'm', names: ['x'], workspace: 'w', devops: ['x'] } as never),
      concurrency: (federation) =>
        federation.namespaces.bind({ cluster: 'm', names: ['x'], workspace: 'w' }, { concurrency: -1 }),
      '[0].cluster': (federation) => federation.namespaces.bind({ cluster: '', names: ['x'], workspace: 'w' }),
      '[1].name': (federation) => federation.namespaces.bind({ cluster: 'm', names: ['x', 'x'], workspace: 'w' }),
      '[0].workspace': (federation) => federation.namespaces.bind([{ cluster: 'm', name: 'x', workspace: 'W' }]),
      names: (federation) => federation.namespaces.bind({ cluster: 'm', names: 'x', workspace: 'w' } as never),
    },
    missing: ({ namespaces }, { workspace }, options) =>
      namespaces.bind({ cluster: 'm', names: ['ghost', 'shade'], workspace }, options),
  }),
  method({
    method: 'namespaces.unbind',
    async prepare(world) {
      const workspace = await workspaceOnM(world);
      return { workspace, ...(await projectOnM(world, workspace)) };
    },
    call: (federation, { cluster, name }, options) => federation.namespaces.unbind({ cluster, name }, options),
    done: (world, { name }) => expectIn(world, name, undefined),
    untouched: (world, { name, workspace }) => expectIn(world, name, workspace),
    decisive: namespacePatch,
    writes: ({ name, uid, workspace }) => [
      patching(name, {
        uid,
        ...outOf(workspace),
        ownerReferences: [],
      }),
    ],
    missing: (federation, _args, options) => federation.namespaces.unbind({ cluster: 'm', name: 'ghost' }, options),
    invalid: {
      cluster: (federation) => federation.namespaces.unbind({ cluster: '', name: 'x' }),
      name: (federation) => federation.namespaces.unbind({ cluster: 'm', name: 'default' }),
      apps: (federation) => federation.namespaces.unbind({ cluster: 'm', name: 'x', apps: 'follow' } as never),
      to: (federation) => federation.namespaces.unbind({ cluster: 'm', name: 'x', to: 'w' } as never),
    },
  }),
  method({
    method: 'namespaces.transfer',
    async prepare(world) {
      const [from, to] = [await workspaceOnM(world), await workspaceOnM(world)];
      return { from, to, ...(await projectOnM(world, from)) };
    },
    call: (federation, { cluster, name, to }, options) =>
      federation.namespaces.transfer({ cluster, name, workspace: to }, options),
    done: (world, { name, to }) => expectIn(world, name, to),
    untouched: (world, { name, from }) => expectIn(world, name, from),
    decisive: namespacePatch,
    writes: ({ name, uid, to }) => [patching(name, { uid, ...boundTo(to), ownerReferences: [] })],
    missing: (federation, { to }, options) =>
      federation.namespaces.transfer({ cluster: 'm', name: 'ghost', workspace: to }, options),
    invalid: {
      cluster: (federation) => federation.namespaces.transfer({ cluster: 'a b', name: 'x', workspace: 'w' }),
      name: (federation) => federation.namespaces.transfer({ cluster: 'm', name: '', workspace: 'w' }),
      workspace: (federation) => federation.namespaces.transfer({ cluster: 'm', name: 'x', workspace: '' }),
      to: (federation) => federation.namespaces.transfer({ cluster: 'm', name: 'x', workspace: 'w', to: 'v' } as never),
    },
  }),
  withApps('bind'),
  withApps('unbind'),
  withApps('transfer'),
];
