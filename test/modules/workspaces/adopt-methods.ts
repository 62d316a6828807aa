import { expect } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { finalizers, managedLabel, runAnnotation } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import type { ClusterAnswer } from '../../../src/modules/across.ts';
import type { DriftedWorkspace } from '../../../src/modules/workspaces/drift.ts';
import { createProjects, createWorkspace, until } from '../../../src/testing/index.ts';
import { deleting, shieldedBy } from '../kit/exact-writes.ts';
import { type ExpectedWrite, method, type WriteSpec } from '../kit/method.ts';
import type { ModuleWorld } from '../kit/world.ts';

/** A workspace of M alone. */
interface Drifted {
  readonly name: string;
  readonly uid: string;
  readonly project: string;
  readonly projectUid: string;
  readonly version: string;
}

/** A Workspace on M that no host knows, with a project; one of that name that is there gets the project. */
async function drifted(world: ModuleWorld, existing?: string): Promise<Drifted> {
  const name = existing ?? world.fresh('own');
  const { connection } = world.clusters.m;
  if (existing === undefined)
    await connection.create(kubesphere.workspaces, { metadata: { name }, spec: { manager: 'ann' } });
  const project = `${name}-web`;
  await createProjects(connection, { workspace: name, names: [project], creator: 'ann' });
  const { uid } = (await connection.get(kubesphere.workspaces, { name })).metadata;
  const { uid: projectUid, resourceVersion } = (await connection.get(core.namespaces, { name: project })).metadata;
  return { name, uid, project, projectUid, version: resourceVersion };
}

/** Every project is the very one, unwritten, and owned by the very Workspace. */
async function unwritten({ clusters: { m } }: ModuleWorld, { uid, project, projectUid, version }: Drifted) {
  const { metadata } = await m.connection.get(core.namespaces, { name: project });
  expect([metadata.uid, metadata.resourceVersion]).toEqual([projectUid, version]);
  expect(metadata.ownerReferences?.map((owner) => owner.uid)).toEqual([uid]);
}

const found = (answer: unknown, cluster: string) =>
  (answer as readonly ClusterAnswer<readonly DriftedWorkspace[]>[]).find((one) => one.cluster === cluster);

const templates = '/apis/tenant.kubesphere.io/v1alpha2/workspacetemplates';
const kept = (name: string, project: string) => [{ namespaces: [project] }, { workspaces: [name] }];
const asRead = { uid: expect.any(String), resourceVersion: expect.any(String) };
const byRun = { [runAnnotation]: expect.stringMatching(/^run-/) };
/** The workspace on the host: placed nowhere at first. */
const underHost = (name: string, annotations: Readonly<Record<string, string>> = {}): readonly ExpectedWrite[] => [
  {
    cluster: 'a',
    method: 'POST',
    path: templates,
    body: {
      apiVersion: 'tenant.kubesphere.io/v1alpha2',
      kind: 'WorkspaceTemplate',
      metadata: { name, annotations: { ...annotations, ...byRun } },
      spec: { template: { spec: { manager: 'ann' } }, placement: { clusters: [] } },
    },
  },
  {
    cluster: 'a',
    method: 'PATCH',
    path: `${templates}/${name}`,
    body: { metadata: asRead, spec: { placement: { clusters: [{ name: 'm' }] } } },
  },
];
const withoutOurs = (left: readonly string[]): boolean =>
  !left.includes(finalizers.workspaceTemplate) && !left.includes(finalizers.orphan);
/** A change of the finalizers of M's own template. */
const finalized = (name: string, metadata: object): ExpectedWrite => ({
  cluster: 'm',
  method: 'PATCH',
  path: `${templates}/${name}`,
  body: { metadata: { ...asRead, ...metadata } },
});

/** {@link Workspaces.adopt} of a Workspace that nothing made but itself. */
const adopting: WriteSpec<Drifted> = {
  method: 'workspaces.adopt',
  prepare: (world) => drifted(world),
  call: (federation, { name }, options) => federation.workspaces.adopt({ cluster: 'm', name }, options),
  async done(world, args) {
    const { a, m } = world.clusters;
    const { metadata } = await m.connection.get(kubesphere.workspaces, { name: args.name });
    expect([metadata.uid, metadata.labels?.[managedLabel]]).toEqual([args.uid, 'true']);
    const template = await a.connection.get(kubesphere.workspaceTemplates, { name: args.name });
    expect(template.spec.placement).toEqual({ clusters: [{ name: 'm' }] });
    expect(template.spec.template.spec?.manager).toBe('ann');
    await unwritten(world, args);
  },
  async untouched(world, args) {
    const { a, m } = world.clusters;
    expect(await a.connection.find(kubesphere.workspaceTemplates, { name: args.name })).toBeUndefined();
    const { metadata } = await m.connection.get(kubesphere.workspaces, { name: args.name });
    expect([metadata.uid, metadata.labels?.[managedLabel]]).toEqual([args.uid, undefined]);
    await unwritten(world, args);
  },
  decisive: {
    cluster: 'a',
    matches: ({ method, path }) => method === 'PATCH' && path.includes('/workspacetemplates/'),
  },
  // By cluster: on M the shield is up from before the template is made until it has taken the Workspace over.
  writes: ({ name, project }) => [...underHost(name), ...shieldedBy('m', kept(name, project))],
  missing: (federation, _args, options) => federation.workspaces.adopt({ cluster: 'm', name: 'ghost' }, options),
  invalid: {
    name: (federation) => federation.workspaces.adopt({ cluster: 'm', name: 'system-workspace' }),
    cluster: (federation) => federation.workspaces.adopt({ cluster: 'a', name: 'team' }),
    dryRun: (federation) => federation.workspaces.adopt({ cluster: 'm', name: 'team', dryRun: true } as never),
    manager: (federation) => federation.workspaces.adopt({ cluster: 'm', name: 'team', manager: '' }),
    existing: (federation) => federation.workspaces.adopt({ cluster: 'm', name: 'team', existing: 'take' as never }),
  },
};

/** What a standalone cluster brings: the Workspace of a template there, with its roles. */
async function withTemplate(world: ModuleWorld): Promise<Drifted> {
  const name = world.fresh('own');
  const { connection } = world.clusters.m;
  await createWorkspace(connection, { name, manager: 'ann' });
  const role = { name: `${name}-admin` };
  await until('its roles are there', () => connection.find(kubesphere.workspaceRoleBindings, role));
  return drifted(world, name);
}
const ownTemplate = ({ clusters: { m } }: ModuleWorld, { name }: Drifted) =>
  m.connection.find(kubesphere.workspaceTemplates, { name });

/** {@link Workspaces.drift} and {@link Workspaces.adopt}. */
export const adoptSpecs = [
  method<Drifted>({
    method: 'workspaces.drift',
    prepare: (world) => drifted(world),
    call: (federation, _args, options) => federation.workspaces.drift(options),
    async done(_world, { name, uid, project, projectUid }, answer) {
      expect((answer as readonly { readonly cluster: string }[]).map(({ cluster }) => cluster).sort()).toEqual([
        'm',
        'n',
      ]);
      expect(found(answer, 'm')).toMatchObject({
        answered: true,
        value: expect.arrayContaining([
          {
            ...{ name, uid, manager: 'ann', managed: undefined, sameNameOnHost: false, ownTemplate: false, apps: [] },
            ...{ people: [], roles: [] },
            projects: [{ name: project, uid: projectUid }],
          },
        ]),
      });
      expect(found(answer, 'n')).toEqual({ cluster: 'n', answered: true, value: [] });
    },
    decisive: { cluster: 'a', matches: ({ path }) => path.endsWith('/workspacetemplates') },
    whileOtherIsDown: (answer) => {
      expect(found(answer, 'n')).toMatchObject({ answered: false, error: { code: 'UNREACHABLE' } });
      expect(found(answer, 'm')).toMatchObject({ answered: true });
    },
    invalid: {},
    without: { 'not found': 'it names nothing' },
  }),
  method<Drifted>(adopting),
  method<Drifted>({
    ...adopting,
    method: 'workspaces.adopt with a template of its own',
    prepare: withTemplate,
    writes: ({ name, project }) => [
      ...underHost(name, { 'kubesphere.io/creator': 'ann' }),
      ...shieldedBy(
        'm',
        kept(name, project),
        finalized(name, {
          annotations: byRun,
          finalizers: [finalizers.workspaceTemplate, finalizers.orphan],
        }),
        deleting('m', `${templates}/${name}`, 'Orphan'),
        // Unless the controller of the template takes its finalizer off first.
        { ...finalized(name, { finalizers: expect.toSatisfy(withoutOurs) }), raced: true },
      ),
    ],
    async done(world, args, answer) {
      await adopting.done(world, args, answer);
      expect(await ownTemplate(world, args)).toBeUndefined();
    },
    async untouched(world, args) {
      await adopting.untouched(world, args);
      expect((await ownTemplate(world, args))?.metadata.deletionTimestamp).toBeUndefined();
      expect(await ownTemplate(world, args)).toBeDefined();
    },
  }),
];
