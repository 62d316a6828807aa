import { expect } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { installation, kubesphereNamespace } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import type { PluggableName } from '../../../src/modules/components/component.ts';
import { until } from '../../../src/testing/index.ts';
import { type AnyMethodSpec, method } from '../kit/method.ts';
import type { ModuleWorld } from '../kit/world.ts';

const at = { namespace: kubesphereNamespace, name: installation.configuration };
const path = `/apis/installer.kubesphere.io/v1alpha1/namespaces/${at.namespace}/clusterconfigurations/${at.name}`;
const preconditions = { uid: expect.any(String), resourceVersion: expect.any(String) };

const ofM = async ({ clusters: { m } }: ModuleWorld) => m.connection.get(kubesphere.clusterConfigurations, at);

/** M with alerting switched as the case wants it, its installer at rest or not. */
async function switched(world: ModuleWorld, enabled: boolean) {
  const body = { spec: { alerting: { enabled } } };
  await world.clusters.m.connection.patch(kubesphere.clusterConfigurations, at, { type: 'merge', body });
  return {};
}

const alertingIs = (enabled: boolean) => async (world: ModuleWorld) =>
  expect((await ofM(world)).spec).toMatchObject({ alerting: { enabled } });

/** What became of the only cluster of a call: the cases ask for one. */
async function only<T>(call: Promise<readonly T[]>): Promise<T | undefined> {
  try {
    const [first] = await call;
    return first;
  } catch (error) {
    if (FederationError.is(error, 'BATCH_FAILED') && FederationError.is(error.cause)) throw error.cause;
    throw error;
  }
}

const onM = { clusters: ['m'] };
const decisive = {
  cluster: 'm' as const,
  matches: (request: { readonly method: string }) => request.method === 'PATCH',
};
const written = (enabled: boolean) => () => [
  {
    cluster: 'm' as const,
    method: 'PATCH' as const,
    path,
    body: { metadata: preconditions, spec: { alerting: { enabled } } },
  },
];

/** Every method of `federation.components`, and the overview of a federation. */
export const methods: readonly AnyMethodSpec[] = [
  method({
    method: 'components.enable',
    prepare: (world) => switched(world, false),
    call: (federation, _args, options) => only(federation.components.enable('alerting', onM, options)),
    done: alertingIs(true),
    untouched: alertingIs(false),
    decisive,
    writes: written(true),
    missing: (federation) => only(federation.components.enable('alerting', { clusters: ['ghost'] })),
    invalid: {
      component: (federation) => federation.components.enable('alarms' as PluggableName, onM),
      clusters: (federation) => federation.components.enable('alerting', { clusters: [] }),
      'clusters[0]': (federation) => federation.components.enable('alerting', { clusters: [''] }),
      setting: (federation) => federation.components.enable('alerting', { ...onM, setting: {} } as never),
      settings: (federation) => federation.components.enable('alerting', { ...onM, settings: [] as object }),
      'settings.thanosruler.replicas': (federation) =>
        federation.components.enable('alerting', { ...onM, settings: { 'thanosruler.replicas': -1 } }),
      'settings.constructor': (federation) =>
        federation.components.enable('alerting', { ...onM, settings: { constructor: 'x' } as object }),
    },
  }),
  method({
    method: 'components.disable',
    prepare: (world) => switched(world, true),
    call: (federation, _args, options) => only(federation.components.disable('alerting', onM, options)),
    async done(world, _args, answer) {
      await alertingIs(false)(world);
      expect(answer).toMatchObject({ outcome: 'changed', result: { leaves: expect.stringContaining('ThanosRuler') } });
    },
    untouched: alertingIs(true),
    decisive,
    writes: written(false),
    missing: (federation) => only(federation.components.disable('alerting', { clusters: ['ghost'] })),
    invalid: {
      component: (federation) => federation.components.disable('alarms' as PluggableName, onM),
      clusters: (federation) => federation.components.disable('alerting', { clusters: ['m', 'm'] }),
      dryRun: (federation) => federation.components.disable('alerting', { ...onM, dryRun: true } as never),
    },
  }),
  method({
    method: 'components.waitUntilReady',
    prepare: (world) => switched(world, true),
    call: (federation, _args, options) => only(federation.components.waitUntilReady('alerting', onM, options)),
    async done(world, _args, answer) {
      expect(answer).toBe('m');
      expect((await ofM(world)).status).toMatchObject({ alerting: { status: 'enabled' } });
    },
    decisive: { cluster: 'm', matches: ({ path: asked }) => asked.includes('clusterconfigurations') },
    missing: (federation) => only(federation.components.waitUntilReady('alerting', { clusters: ['ghost'] })),
    invalid: {
      component: (federation) => federation.components.waitUntilReady('alarms' as PluggableName, onM),
      clusters: (federation) => federation.components.waitUntilReady('alerting', { clusters: [] }),
    },
  }),
  method({
    method: 'components.status',
    async prepare(world) {
      await switched(world, true);
      await until('alerting is there', async () => (await ofM(world)).status?.['alerting'] !== undefined);
      return {};
    },
    call: (federation, _args, options) => federation.components.status(options),
    async done(_world, _args, answer) {
      expect(answer).toHaveLength(3);
      expect(answer).toContainEqual({
        cluster: 'm',
        answered: true,
        components: expect.objectContaining({ alerting: 'ready', devops: 'off', 'app-store': 'off' }),
      });
    },
    decisive: { cluster: 'a', matches: ({ path: asked }) => asked.includes('/clusters') },
    whileOtherIsDown: (answer) => {
      expect(answer).toContainEqual({ cluster: 'm', answered: true, components: expect.anything() });
      expect(answer).toContainEqual({ cluster: 'n', answered: false, why: expect.stringContaining('n') });
    },
    invalid: { clusters: (federation) => federation.components.status({ clusters: ['n', 'n'] }) },
    without: { 'not found': 'one that is not there is named among the clusters, as one that is silent' },
  }),
  method({
    method: 'components.diff',
    prepare: async (world) => ({ other: await world.connect() }),
    call: (federation, { other }, options) => federation.components.diff(other, options),
    done: async (_world, _args, answer) => expect(answer).toEqual({ differences: [], silent: [] }),
    decisive: { cluster: 'a', matches: ({ path: asked }) => asked.includes('/clusters') },
    whileOtherIsDown: (answer) =>
      expect(answer).toMatchObject({
        differences: [],
        silent: [
          { side: 'here', cluster: 'n' },
          { side: 'there', cluster: 'n' },
        ],
      }),
    invalid: {
      other: (federation) => federation.components.diff(undefined as unknown as typeof federation),
    },
    without: { 'not found': 'it names nothing' },
  }),
  method({
    method: 'federation.overview',
    prepare: async () => ({}),
    call: (federation, _args, options) => federation.overview(options),
    async done(_world, _args, answer) {
      expect(answer).toMatchObject({ host: 'a', silent: [] });
      expect(answer).toHaveProperty('clusters.length', 3);
      expect(JSON.parse(JSON.stringify(answer))).toEqual(answer);
    },
    decisive: { cluster: 'a', matches: ({ path: asked }) => asked.includes('/clusters') },
    whileOtherIsDown: (answer) =>
      expect(answer).toMatchObject({
        silent: ['n'],
        clusters: expect.arrayContaining([
          expect.objectContaining({ name: 'n', itself: { answered: false, why: expect.any(String) } }),
          expect.objectContaining({
            name: 'm',
            itself: expect.objectContaining({ answered: true, jwtSecret: 'agrees' }),
          }),
        ]),
      }),
    invalid: {},
    without: { 'not found': 'it names nothing' },
  }),
];
