import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Resource } from '../../../src/kube/objects.ts';
import { core } from '../../../src/kube/resources.ts';
import { type KubeSphereCluster, openCluster } from '../../../src/kubesphere/cluster.ts';
import { hostLabel, kubefedNamespace, managedLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { adoptWorkspace, holdAdopted, waitForgotten } from '../../../src/modules/operations/adopt-workspace.ts';
import { deleteWorkspace } from '../../../src/modules/operations/delete-workspace.ts';
import { createHostNamespace } from '../../../src/modules/operations/federated-namespace.ts';
import { leaveWorkspace } from '../../../src/modules/operations/leave-workspace.ts';
import { letGo } from '../../../src/modules/operations/let-go.ts';
import type { Work } from '../../../src/modules/work.ts';
import { obstacles } from '../../../src/modules/workspaces/delete-plan.ts';
import { notReady } from '../../../src/modules/workspaces/ready.ts';
import type { FoundProject, WorkspaceSurvey } from '../../../src/modules/workspaces/survey.ts';
import { createSandbox, type Sandbox, until } from '../../../src/testing/index.ts';
import { overriding } from '../kit/overriding.ts';

/** No controller runs: nothing but the guard stands between an operation and the loss. */
let sandbox: Sandbox<'c'>;
let cluster: KubeSphereCluster;
beforeAll(async () => {
  sandbox = await createSandbox({ clusters: { c: { role: 'host' } }, speed: 100 });
  const { connection, stopControllers } = sandbox.clusters.c;
  const itself = { namespace: kubefedNamespace, name: 'host' };
  await until('kubefed has the host', async () => {
    const { conditions = [] } = (await connection.find(kubesphere.kubeFedClusters, itself))?.status ?? {};
    return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
  });
  await stopControllers();
  cluster = await openCluster(connection);
}, 60_000);
afterAll(() => sandbox.close());

const work: Work = {
  signal: new AbortController().signal,
  log: { debug() {}, info() {}, warn() {}, error() {} },
  runId: 'run-1',
  confirmDriver: async () => {},
};
const background = { propagationPolicy: 'Background' } as const;
const made: [Resource, { readonly name: string; readonly namespace?: string }][] = [];
afterEach(async () => {
  for (const [resource, at] of made.splice(0).reverse()) {
    const found = await cluster.connection.find(resource, at);
    if (found?.metadata.finalizers !== undefined)
      await cluster.connection.patch(resource, at, { type: 'merge', body: { metadata: { finalizers: null } } });
    await cluster.connection.delete(resource, at, background).catch(() => undefined);
    await expect.poll(() => cluster.connection.find(resource, at), { timeout: 10_000 }).toBeUndefined();
  }
});
async function given(
  resource: Resource,
  metadata: { readonly name: string; readonly namespace?: string } & object,
  rest: object = {},
) {
  const object = await cluster.connection.create(resource, { metadata, ...rest } as never);
  const { name, namespace } = metadata;
  made.push([resource, { name, ...(namespace === undefined ? {} : { namespace }) }]);
  return object.metadata;
}
const refusal = (code: string, message: RegExp) => ({ code, message: expect.stringMatching(message) });
const spec = { template: { spec: { manager: 'ann' } }, placement: { clusters: [] } };

describe('a member that is not ready', () => {
  const ready = (status: string) => ({ status: { conditions: [{ type: 'Ready', status }] } });
  const member = (name: string, status: string) =>
    given(kubesphere.clusters, { name }, { spec: { connection: { type: 'direct' } }, ...ready(status) });
  const federated = async (name: string, status: string) => {
    const at = { name, namespace: kubefedNamespace };
    await given(kubesphere.kubeFedClusters, at, { spec: { apiEndpoint: 'https://x', secretRef: { name: 'x' } } });
    await cluster.connection.patch(
      kubesphere.kubeFedClusters,
      at,
      { type: 'merge', body: ready(status) },
      { subresource: 'status' },
    );
  };

  test('is one that either of the two says so of, or that kubefed does not have; the host is none', async () => {
    await member('well', 'True');
    await federated('well', 'True');
    await member('hosts-no', 'False');
    await federated('hosts-no', 'True');
    await member('kubefeds-no', 'True');
    await federated('kubefeds-no', 'False');
    await member('never-joined', 'True');
    await federated('left-behind', 'False');
    await given(kubesphere.clusters, { name: 'itself', labels: { [hostLabel]: '' } } as never, {
      spec: { connection: { type: 'direct' } },
    });
    const env = { host: cluster, member: async () => cluster };
    expect((await notReady(env, {})).toSorted()).toEqual(['hosts-no', 'kubefeds-no', 'left-behind', 'never-joined']);
  });
});

describe('what is in the way of a deletion', () => {
  const nothing: WorkspaceSurvey = {
    ...{
      template: 't',
      federated: 'f',
      workspaces: [],
      foreign: [],
      foreignRoles: [],
      ownTemplates: [],
      projects: [],
      contents: [],
    },
    ...{ apps: [], quotas: [], roles: [], devops: [], notReady: [] },
  };
  const keep = { name: 'w', projects: 'keep', apps: 'keep' } as const;
  const project = (one: Partial<FoundProject> = {}): FoundProject => ({
    ...{ cluster: 'm', name: 'p', uid: 'u', kind: 'plain', labelled: true, devops: false },
    ...one,
  });
  const why = (input: Parameters<typeof obstacles>[0], found: Partial<WorkspaceSurvey>) =>
    obstacles(input, { ...nothing, ...found }).map((one) => one.why);

  test('is nothing where nothing is', () => {
    expect(why(keep, { projects: [project()] })).toEqual([]);
    const at = { cluster: 'm', name: 'p', uid: 'u' };
    expect(why({ ...keep, projects: { delete: [at] } }, { projects: [project()] })).toEqual([]);
  });

  test.each<[string, Partial<WorkspaceSurvey>, RegExp]>([
    ['a member that is not ready', { notReady: ['n'] }, /n is not ready/],
    ['a federated workspace without its template', { template: null }, /without its WorkspaceTemplate/],
    ['a template of the member’s own', { ownTemplates: ['m'] }, /m has a WorkspaceTemplate "w" of its own/],
    ['a DevOps project', { devops: ['m: d'] }, /DevOps projects \(m: d\)/],
    ['the namespace of one', { projects: [project({ devops: true })] }, /DevOps projects \(m: p\)/],
    ['a namespace of the installation', { projects: [project({ name: 'kube-system' })] }, /kube-system/],
  ])('is %s', (_what, found, message) => {
    expect(why(keep, found)).toEqual([expect.stringMatching(message)]);
  });

  test('is a copy whose namespace on the host stays: its kubefed would make it again', () => {
    const copy = project({ kind: 'copy' });
    const named = { ...keep, projects: { delete: [{ cluster: 'm', name: 'p', uid: 'u' }] } };
    expect(why(named, { projects: [copy] })).toEqual([expect.stringMatching(/would make them again/)]);
  });

  test.each([
    ['another UID', [{ cluster: 'm', name: 'p', uid: 'other' }]],
    ['another cluster', [{ cluster: 'n', name: 'p', uid: 'u' }]],
    ['nothing', []],
    [
      'one more',
      [
        { cluster: 'm', name: 'p', uid: 'u' },
        { cluster: 'm', name: 'q', uid: 'v' },
      ],
    ],
  ])('is a list that names %s', (_what, named) => {
    expect(why({ ...keep, projects: { delete: named } }, { projects: [project()] })).toEqual([
      expect.stringMatching(/not exactly what would go/),
    ]);
  });
});

describe('deleting a workspace', () => {
  const objects = (template: string, workspace?: string) => ({
    ...{ name: 'w', template, federated: null, roles: [], apps: [] },
    workspaces: workspace === undefined ? [] : [{ cluster: 'c', uid: workspace }],
  });
  const clusterOf = async () => cluster;
  const alive = async () =>
    (await cluster.connection.get(kubesphere.workspaceTemplates, { name: 'w' })).metadata.deletionTimestamp ===
    undefined;

  test('looks once more right before, and heeds it', async () => {
    const { uid } = await given(kubesphere.workspaceTemplates, { name: 'w' }, { spec });
    const deleting = deleteWorkspace(cluster, clusterOf, objects(uid), async () => {
      throw new Error('not any more');
    });
    await expect(deleting.run(work, null)).rejects.toThrow('not any more');
    expect(await alive()).toBe(true);
  });

  test('is refused while the garbage collector would find a project behind the Workspace', async () => {
    const { uid } = await given(kubesphere.workspaceTemplates, { name: 'w' }, { spec });
    const workspace = await given(kubesphere.workspaces, { name: 'w' });
    const owner = { apiVersion: 'tenant.kubesphere.io/v1alpha1', kind: 'Workspace', name: 'w', uid: workspace.uid };
    await given(core.namespaces, { name: 'p', ownerReferences: [owner] } as never);
    const deleting = deleteWorkspace(cluster, clusterOf, objects(uid, workspace.uid), async () => {});
    await expect(deleting.run(work, null)).rejects.toMatchObject(
      refusal('KEPT_AT_RISK', /1 namespace\(s\) with it: p/),
    );
    expect(await alive()).toBe(true);
  });

  test('is refused while the template itself owns something in a project', async () => {
    const { uid } = await given(kubesphere.workspaceTemplates, { name: 'w' }, { spec });
    const owner = { apiVersion: 'tenant.kubesphere.io/v1alpha2', kind: 'WorkspaceTemplate', name: 'w', uid };
    await given(core.namespaces, { name: 'p' });
    await given(core.configMaps, { name: 'x', namespace: 'p', ownerReferences: [owner] } as never, { data: {} });
    const deleting = deleteWorkspace(cluster, clusterOf, objects(uid), async () => {});
    await expect(deleting.run(work, null)).rejects.toMatchObject(refusal('KEPT_AT_RISK', /ConfigMap p\/x/));
    expect(await alive()).toBe(true);
  });

  test('leaves another workspace of that name alone', async () => {
    await given(kubesphere.workspaceTemplates, { name: 'w' }, { spec });
    const deleting = deleteWorkspace(cluster, clusterOf, objects('former'), async () => {});
    await expect(deleting.run(work, null)).rejects.toMatchObject(refusal('WORLD_MOVED', /another one by now/));
    expect(await alive()).toBe(true);
  });

  test('is not done while a Workspace of that name is there again', async () => {
    const { uid } = await given(kubesphere.workspaces, { name: 'w' });
    const deleting = deleteWorkspace(cluster, clusterOf, objects('gone', 'former'), async () => {});
    await expect(deleting.verify(work, null, undefined)).rejects.toMatchObject(
      refusal('NOT_OBSERVED', new RegExp(`is back, as another one \\(UID ${uid}\\)`)),
    );
  });
});

describe('taking a project out of kubefed and its workspace', () => {
  const gladly = async () => {};
  const managed = { [managedLabel]: 'true', [workspaceLabel]: 'w' };
  const labels = async () => (await cluster.connection.get(core.namespaces, { name: 'p' })).metadata.labels;

  test('is one patch, for the very one and out of the workspace it was counted in', async () => {
    const { uid } = await given(core.namespaces, { name: 'p', labels: managed } as never);
    const releasing = letGo(cluster, core.namespaces, { name: 'p', uid }, gladly);
    const other = letGo(cluster, core.namespaces, { name: 'p', uid: 'former' }, gladly);
    await expect(other.run(work, { managed: 'true', workspace: 'w' })).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(releasing.run(work, { managed: 'true', workspace: 'elsewhere' })).rejects.toMatchObject(
      refusal('WORLD_MOVED', /was in workspace "elsewhere" and is in "w" now/),
    );
    expect(await labels()).toMatchObject(managed);
    await releasing.run(work, { managed: 'true', workspace: 'w' });
    expect(await labels()).toMatchObject({ [managedLabel]: 'false' });
    expect(await labels()).not.toHaveProperty([workspaceLabel]);
    await releasing.verify(work, { managed: 'true', workspace: 'w' });
    await releasing.compensate(work, { managed: 'true', workspace: 'w' }, undefined);
    expect(await labels()).toMatchObject(managed);
    await expect(releasing.verify(work, { managed: 'true', workspace: 'w' })).rejects.toMatchObject({
      code: 'NOT_OBSERVED',
    });
  });

  test('is not taken back where kubefed would delete it', async () => {
    const { uid } = await given(core.namespaces, { name: 'p', labels: { [managedLabel]: 'false' } } as never);
    const refused = Promise.reject(new Error('placed elsewhere'));
    refused.catch(() => {});
    const held = letGo(cluster, core.namespaces, { name: 'p', uid }, () => refused);
    await expect(held.compensate(work, { managed: 'true', workspace: 'w' }, undefined)).rejects.toThrow(
      'placed elsewhere',
    );
    expect(await labels()).toMatchObject({ [managedLabel]: 'false' });
  });

  test('is not taken back from another workspace', async () => {
    const { uid } = await given(core.namespaces, { name: 'p', labels: { [workspaceLabel]: 'other' } } as never);
    await expect(
      letGo(cluster, core.namespaces, { name: 'p', uid }, gladly).compensate(
        work,
        { managed: 'true', workspace: 'w' },
        undefined,
      ),
    ).rejects.toMatchObject({ code: 'WORLD_MOVED' });
    await leaveWorkspace(cluster, { name: 'p', uid }).compensate(work, { workspace: 'w' }, undefined);
    expect(await labels()).toMatchObject({ [workspaceLabel]: 'other' });
  });
});

describe('adopting a workspace', () => {
  test('is refused where the Workspace is another one, and none is placed', async () => {
    await given(kubesphere.workspaceTemplates, { name: 'w' }, { spec });
    await given(kubesphere.workspaces, { name: 'w' });
    const adopting = adoptWorkspace(cluster, cluster, 'w', 'former');
    await expect(
      adopting.run(work, { clusters: [], spec: { manager: null, networkIsolation: null } }),
    ).rejects.toMatchObject(refusal('KEPT_AT_RISK', /another one by now/));
    const { placement } = (await cluster.connection.get(kubesphere.workspaceTemplates, { name: 'w' })).spec;
    expect(placement).toEqual({ clusters: [] });
  });

  test('is taken back by making kubefed let go first: the mark is false before the placement shrinks', async () => {
    await given(
      kubesphere.workspaceTemplates,
      { name: 'w' },
      {
        spec: { ...spec, placement: { clusters: [{ name: 'c' }] } },
      },
    );
    const { uid } = await given(kubesphere.workspaces, { name: 'w', labels: { [managedLabel]: 'true' } } as never);
    let markWhenShrunk: string | undefined = 'never shrunk';
    const watching = overriding(cluster, {
      async patch(resource, ...args) {
        if (resource.kind === 'WorkspaceTemplate')
          markWhenShrunk = (await cluster.connection.get(kubesphere.workspaces, { name: 'w' })).metadata.labels?.[
            managedLabel
          ];
        return cluster.connection.patch(resource, ...args);
      },
    });
    const soon = { ...work, signal: AbortSignal.timeout(3_000) };
    // Without its controllers the federated workspace never follows: it waits for that, in vain.
    await given(
      kubesphere.federatedWorkspaces,
      { name: 'w' },
      { spec: { ...spec, placement: { clusters: [{ name: 'c' }] } } },
    );
    await expect(
      adoptWorkspace(watching, cluster, 'w', uid).compensate(
        soon,
        { clusters: [], spec: { manager: null, networkIsolation: null } },
        undefined,
      ),
    ).rejects.toBeDefined();
    expect(markWhenShrunk).toBe('false');
  });

  test('holds what kubefed did not take over yet, for it may be about to', async () => {
    const { uid } = await given(kubesphere.workspaceRoles, { name: 'w-y' });
    await holdAdopted(work, cluster, [{ resource: kubesphere.workspaceRoles, name: 'w-y', uid }]);
    const { labels } = (await cluster.connection.get(kubesphere.workspaceRoles, { name: 'w-y' })).metadata;
    expect(labels).toEqual({ [managedLabel]: 'false' });
  });

  test('lets go of the mark only once the host has nothing of that name to copy, however it is placed', async () => {
    const { uid } = await given(kubesphere.workspaceRoles, { name: 'w-z' });
    const everywhere = { spec: { template: {}, placement: { clusterSelector: {} } } };
    const copied = await given(kubesphere.federatedWorkspaceRoles, { name: 'w-z' }, everywhere);
    const role = { resource: kubesphere.workspaceRoles, name: 'w-z', uid };
    let waited = false;
    const waiting = waitForgotten(work, cluster, 'w', [role]).then(() => {
      waited = true;
    });
    await expect(waitForgotten(work, cluster, 'w', [{ ...role, name: 'other' }])).resolves.toBeUndefined();
    expect(waited).toBe(false);
    await cluster.connection.delete(
      kubesphere.federatedWorkspaceRoles,
      { name: 'w-z' },
      { ...background, uid: copied.uid },
    );
    await waiting;
  });

  test('holds the very objects only', async () => {
    await given(kubesphere.workspaceRoles, { name: 'w-x', labels: { [managedLabel]: 'true' } } as never);
    await holdAdopted(work, cluster, [{ resource: kubesphere.workspaceRoles, name: 'w-x', uid: 'former' }]);
    const { labels } = (await cluster.connection.get(kubesphere.workspaceRoles, { name: 'w-x' })).metadata;
    expect(labels).toMatchObject({ [managedLabel]: 'true' });
  });
});

describe('the way back of a multi-cluster project’s own namespace', () => {
  const metadata = { name: 'mine', namespace: 'fresh' };
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'viewer' };
  test.each([
    ['a role binding', core.roleBindings, { metadata, roleRef }],
    ['an account', core.serviceAccounts, { metadata }],
    ['a secret that is called like a token', core.secrets, { metadata: { ...metadata, name: 'gitlab-token-prod' } }],
  ] as const)('deletes it while it is empty, not once somebody put %s into it', async (_what, resource, object) => {
    const making = createHostNamespace(cluster, { name: 'fresh', workspace: 'w' });
    await making.run(work, null);
    made.push([core.namespaces, { name: 'fresh' }]);
    await cluster.connection.create(resource as Resource, object as never);
    await expect(making.compensate(work, null, undefined)).rejects.toMatchObject(
      refusal('KEPT_AT_RISK', /namespace "fresh" is not empty any more/),
    );
    const at = { namespace: 'fresh', name: object.metadata.name };
    await cluster.connection.delete(resource as Resource, at, background);
    await making.compensate(work, null, undefined);
    expect(await cluster.connection.find(core.namespaces, { name: 'fresh' })).toBeUndefined();
  });
});
