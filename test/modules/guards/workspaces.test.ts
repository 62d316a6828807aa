import { describe, expect, test } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { core } from '../../../src/kube/resources.ts';
import { kubefedNamespace, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { placeWorkspace } from '../../../src/modules/operations/place-workspace.ts';
import { removeWorkspace, retireTemplate } from '../../../src/modules/operations/remove-workspace.ts';
import { createWorkspace } from '../../../src/modules/operations/workspace-template.ts';
import {
  background,
  cluster,
  given,
  onceAnswered,
  ours,
  ownedBy,
  refusal,
  sandbox,
  template,
  there,
  work,
} from './kit.ts';

describe('removing a workspace from a member', () => {
  const removing = () => removeWorkspace(cluster, 'w').run(work, { template: null, workspace: null });
  const api = 'tenant.kubesphere.io/v1alpha1';

  test('is refused while it owns a namespace, its template does, or a namespace bears its label alone', async () => {
    const workspace = await given(kubesphere.workspaces, { name: 'w' });
    const own = await given(kubesphere.workspaceTemplates, { name: 'w' }, template);
    await given(core.namespaces, { name: 'n1', ...ownedBy('Workspace', api, workspace) });
    await expect(removing()).rejects.toMatchObject(
      refusal('KEPT_AT_RISK', /would delete 1 namespace\(s\) with it: n1/),
    );
    await cluster.connection.patch(
      core.namespaces,
      { name: 'n1' },
      { type: 'merge', body: { metadata: ownedBy('WorkspaceTemplate', 'tenant.kubesphere.io/v1alpha2', own) } },
    );
    await expect(removing()).rejects.toMatchObject(refusal('KEPT_AT_RISK', /n1/));
    const body = { metadata: { ownerReferences: null, labels: { [workspaceLabel]: 'w' } } };
    await cluster.connection.patch(core.namespaces, { name: 'n1' }, { type: 'merge', body });
    await expect(removing()).rejects.toMatchObject(
      refusal('KEPT_AT_RISK', /"w" has 1 project\(s\) there by now \(n1\)/),
    );
    expect([await there(kubesphere.workspaces, 'w'), await there(kubesphere.workspaceTemplates, 'w')]).toEqual([
      true,
      true,
    ]);
  });

  test('is refused while an app bears its label', async () => {
    await given(kubesphere.workspaceTemplates, { name: 'w' }, template);
    await given(kubesphere.helmReleases, { name: 'shop', labels: { [workspaceLabel]: 'w' } } as never, { spec: {} });
    await expect(removing()).rejects.toMatchObject(
      refusal('KEPT_AT_RISK', /would uninstall 1 app\(s\): HelmRelease shop/),
    );
    expect(await there(kubesphere.workspaceTemplates, 'w')).toBe(true);
  });

  test('is refused where the order to keep projects does not stay on the template', async () => {
    const { uid } = await given(kubesphere.workspaceTemplates, { name: 'w' }, template);
    const unchanged = await cluster.connection.get(kubesphere.workspaceTemplates, { name: 'w' });
    const lift = sandbox.clusters.c.intercept(({ verb, resource }) =>
      verb === 'patch' && resource.startsWith('workspacetemplates') ? { status: 200, body: unchanged } : undefined,
    );
    await expect(removing().finally(lift)).rejects.toMatchObject(
      refusal('NOT_OBSERVED', /did not stay on its template.*not deleted/),
    );
    expect((await cluster.connection.get(kubesphere.workspaceTemplates, { name: 'w' })).metadata.uid).toBe(uid);
  });
});

describe("retiring a member's own template", () => {
  const retiring = (prove = async () => {}) => retireTemplate(cluster, 'w', 'uid', prove).run(work, null);

  test('is refused while the shield is not seen to hold, while an app bears the label, while the template owns a namespace', async () => {
    const own = await given(kubesphere.workspaceTemplates, { name: 'w' }, template);
    const down = async () => Promise.reject(new FederationError('KEPT_AT_RISK', 'no shield'));
    await expect(retiring(down)).rejects.toMatchObject(refusal('KEPT_AT_RISK', /no shield/));
    await given(kubesphere.helmReleases, { name: 'shop', labels: { [workspaceLabel]: 'w' } } as never, { spec: {} });
    await expect(retiring()).rejects.toMatchObject(refusal('KEPT_AT_RISK', /shop/));
    await cluster.connection.delete(kubesphere.helmReleases, { name: 'shop' }, background);
    await given(core.namespaces, { name: 'n1', ...ownedBy('WorkspaceTemplate', 'tenant.kubesphere.io/v1alpha2', own) });
    await expect(retiring()).rejects.toMatchObject(refusal('KEPT_AT_RISK', /n1/));
    expect(await there(kubesphere.workspaceTemplates, 'w')).toBe(true);
  });

  test('takes off its two finalizers and no other', async () => {
    await given(
      kubesphere.workspaceTemplates,
      { name: 'w', finalizers: ['finalizers.workspacetemplate.kubesphere.io', 'example.com/mine'] } as never,
      template,
    );
    const going = retiring();
    await expect
      .poll(
        async () => (await cluster.connection.get(kubesphere.workspaceTemplates, { name: 'w' })).metadata.finalizers,
      )
      .toEqual(['example.com/mine']);
    await cluster.connection.patch(
      kubesphere.workspaceTemplates,
      { name: 'w' },
      { type: 'merge', body: { metadata: { finalizers: null } } },
    );
    await going;
  });
});

describe('taking a workspace back from a host', () => {
  const undo = () => createWorkspace(cluster, { name: 'w', manager: 'alice' }).compensate(work, null, undefined);

  test("is not done to another's, nor while a namespace bears its label, nor while something goes with it", async () => {
    await given(kubesphere.workspaceTemplates, { name: 'w' }, template);
    await undo();
    expect(await there(kubesphere.workspaceTemplates, 'w')).toBe(true);
    await cluster.connection.patch(
      kubesphere.workspaceTemplates,
      { name: 'w' },
      { type: 'merge', body: { metadata: { annotations: ours } } },
    );
    await given(core.namespaces, { name: 'n1', labels: { [workspaceLabel]: 'w' } } as never);
    await expect(undo()).rejects.toMatchObject(refusal('KEPT_AT_RISK', /"w" has 1 project\(s\) there by now \(n1\)/));
    const workspace = await given(kubesphere.workspaces, { name: 'w' });
    const body = {
      metadata: {
        labels: { [workspaceLabel]: null },
        ...ownedBy('Workspace', 'tenant.kubesphere.io/v1alpha1', workspace),
      },
    };
    await cluster.connection.patch(core.namespaces, { name: 'n1' }, { type: 'merge', body });
    await expect(undo()).rejects.toMatchObject(refusal('KEPT_AT_RISK', /namespace\(s\) with it: n1/));
    expect(await there(kubesphere.workspaceTemplates, 'w')).toBe(true);
  });
});

describe('taking back a workspace that others have begun to use', () => {
  const undo = () => createWorkspace(cluster, { name: 'w', manager: 'alice' }).compensate(work, null, undefined);
  const mine = (spec: object) =>
    given(kubesphere.workspaceTemplates, { name: 'w', annotations: ours } as never, { spec });
  const still = () => there(kubesphere.workspaceTemplates, 'w');

  test('is refused while it is placed on a cluster, by name or by a selector', async () => {
    await mine({ ...template.spec, placement: { clusters: [{ name: 'm2' }] } });
    await expect(undo()).rejects.toMatchObject(refusal('KEPT_AT_RISK', /in use by now \(it is placed on m2\)/));
    const placement = { clusters: null, clusterSelector: {} };
    await cluster.connection.patch(
      kubesphere.workspaceTemplates,
      { name: 'w' },
      { type: 'merge', body: { spec: { placement } } },
    );
    await expect(undo()).rejects.toMatchObject(refusal('KEPT_AT_RISK', /placed by a selector/));
    expect(await still()).toBe(true);
  });

  test('is refused where it is placed while everything else is looked at', async () => {
    await mine(template.spec);
    const body = { spec: { placement: { clusters: [{ name: 'm2' }] } } };
    const place = () => cluster.connection.patch(kubesphere.workspaceTemplates, { name: 'w' }, { type: 'merge', body });
    const placed = onceAnswered('resources', () => true, place);
    await expect(
      createWorkspace(placed, { name: 'w', manager: 'alice' }).compensate(work, null, undefined),
    ).rejects.toMatchObject(refusal('KEPT_AT_RISK', /in use by now \(it is placed on m2\)/));
    expect(await still()).toBe(true);
  });

  test('is refused while it has apps, which its controller would uninstall wherever they run', async () => {
    await mine(template.spec);
    await given(kubesphere.helmRepos, { name: 'charts', labels: { [workspaceLabel]: 'w' } } as never, { spec: {} });
    await expect(undo()).rejects.toMatchObject(refusal('KEPT_AT_RISK', /would uninstall 1 app\(s\): HelmRepo charts/));
    expect(await still()).toBe(true);
  });

  test('is refused while people besides its manager were invited', async () => {
    await mine(template.spec);
    const labels = { [workspaceLabel]: 'w', 'iam.kubesphere.io/user-ref': 'bob' };
    const roleRef = { apiGroup: 'iam.kubesphere.io', kind: 'WorkspaceRole', name: 'w-regular' };
    await given(kubesphere.workspaceRoleBindings, { name: 'bob-w-regular', labels } as never, { roleRef });
    await expect(undo()).rejects.toMatchObject(refusal('KEPT_AT_RISK', /people were invited: bob/));
    expect(await still()).toBe(true);
  });
});

describe('placing a workspace', () => {
  test('leaves one alone that is placed by a selector by now: naming a cluster would take it off all others', async () => {
    await given(kubesphere.workspaceTemplates, { name: 'w' }, {
      spec: { ...template.spec, placement: { clusterSelector: {} } },
    } as never);
    await expect(placeWorkspace(cluster, 'w', 'm').run(work, { clusters: [] })).rejects.toMatchObject(
      refusal('WORLD_MOVED', /placed by a selector by now/),
    );
    const { spec } = await cluster.connection.get(kubesphere.workspaceTemplates, { name: 'w' });
    expect(spec.placement).toEqual({ clusterSelector: {} });
  });
});

describe('taking a cluster out of a placement', () => {
  const placed = { spec: { ...template.spec, placement: { clusters: [{ name: 'm' }] } } };
  const clusters = async () =>
    (await cluster.connection.get(kubesphere.workspaceTemplates, { name: 'w' })).spec.placement?.clusters;

  test('is refused while kubefed has that cluster', async () => {
    await given(kubesphere.workspaceTemplates, { name: 'w' }, placed);
    await given(
      kubesphere.kubeFedClusters,
      { namespace: kubefedNamespace, name: 'm' },
      { spec: { apiEndpoint: 'https://x', secretRef: { name: 's' } } },
    );
    await expect(placeWorkspace(cluster, 'w', 'm').compensate(work, { clusters: [] }, undefined)).rejects.toMatchObject(
      refusal('KEPT_AT_RISK', /"m" is still joined.*Remove the Cluster first/),
    );
    expect(await clusters()).toEqual([{ name: 'm' }]);
  });

  test('is refused while a project bears its label there and is not owned yet', async () => {
    await given(kubesphere.workspaceTemplates, { name: 'w' }, placed);
    await given(core.namespaces, { name: 'n1', labels: { [workspaceLabel]: 'w' } } as never);
    await expect(
      placeWorkspace(cluster, 'w', 'm', cluster).compensate(work, { clusters: [] }, undefined),
    ).rejects.toMatchObject(refusal('KEPT_AT_RISK', /"w" has 1 project\(s\) there by now \(n1\)/));
    expect(await clusters()).toEqual([{ name: 'm' }]);
  });

  test('is refused while kubefed does not reach that cluster', async () => {
    await given(kubesphere.workspaceTemplates, { name: 'w' }, placed);
    await given(
      kubesphere.kubeFedClusters,
      { namespace: kubefedNamespace, name: 'm' },
      { spec: { apiEndpoint: 'https://x', secretRef: { name: 's' } } },
    );
    await expect(
      placeWorkspace(cluster, 'w', 'm', cluster).compensate(work, { clusters: [] }, undefined),
    ).rejects.toMatchObject({ ...refusal('UNREACHABLE', /does not reach cluster "m"/), retryable: true });
    expect(await clusters()).toEqual([{ name: 'm' }]);
  });

  test('is refused for a project that comes while all kinds are looked through', async () => {
    await given(kubesphere.workspaceTemplates, { name: 'w' }, placed);
    await given(kubesphere.workspaces, { name: 'w' });
    let coming: Promise<unknown> | undefined;
    const lift = sandbox.clusters.c.intercept(({ verb, resource }) => {
      if (verb !== 'list' || resource !== 'deployments.apps') return undefined;
      coming ??= given(core.namespaces, { name: 'n1', labels: { [workspaceLabel]: 'w' } } as never);
      return { delayMs: 30_000 };
    });
    await expect(
      placeWorkspace(cluster, 'w', 'm', cluster).compensate(work, { clusters: [] }, undefined),
    ).rejects.toMatchObject(refusal('KEPT_AT_RISK', /"w" has 1 project\(s\) there by now \(n1\)/));
    lift();
    await coming;
    expect(coming).toBeDefined();
    expect(await clusters()).toEqual([{ name: 'm' }]);
  });

  test('is refused while a project is bound to the Workspace there', async () => {
    await given(kubesphere.workspaceTemplates, { name: 'w' }, placed);
    const workspace = await given(kubesphere.workspaces, { name: 'w' });
    await given(core.namespaces, { name: 'n1', ...ownedBy('Workspace', 'tenant.kubesphere.io/v1alpha1', workspace) });
    await expect(
      placeWorkspace(cluster, 'w', 'm', cluster).compensate(work, { clusters: [] }, undefined),
    ).rejects.toMatchObject(refusal('KEPT_AT_RISK', /namespace\(s\) with it: n1/));
    expect(await clusters()).toEqual([{ name: 'm' }]);
  });
});
