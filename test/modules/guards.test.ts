import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import { redact } from '../../src/internal/redact.ts';
import type { Resource } from '../../src/kube/objects.ts';
import { core } from '../../src/kube/resources.ts';
import { type KubeSphereCluster, openCluster } from '../../src/kubesphere/cluster.ts';
import {
  kubefedNamespace,
  kubesphereNamespace,
  managedLabel,
  runAnnotation,
  workspaceLabel,
} from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { observeChanges } from '../../src/modules/changes.ts';
import { bindProject, unbindProject } from '../../src/modules/operations/bind-project.ts';
import { detachCluster } from '../../src/modules/operations/detach-cluster.ts';
import { shutOut } from '../../src/modules/operations/host-access.ts';
import { expectCopies } from '../../src/modules/operations/host-copies.ts';
import { importCluster } from '../../src/modules/operations/import-cluster.ts';
import { placeWorkspace } from '../../src/modules/operations/place-workspace.ts';
import { removeWorkspace, retireTemplate } from '../../src/modules/operations/remove-workspace.ts';
import { setLabel } from '../../src/modules/operations/set-label.ts';
import { createWorkspace } from '../../src/modules/operations/workspace-template.ts';
import { discardParked } from '../../src/modules/parking.ts';
import { assertSafeToLift, lowerShield, raiseShield } from '../../src/modules/shield.ts';
import { create, edit, remove, type Work } from '../../src/modules/work.ts';
import { createSandbox, type Sandbox } from '../../src/testing/index.ts';

/**
 * Each guard of each deletion, alone: no controller of KubeSphere runs, so nothing but the guard stands between the
 * operation and the loss.
 */
let sandbox: Sandbox<'c'>;
let cluster: KubeSphereCluster;
beforeAll(async () => {
  sandbox = await createSandbox({ clusters: { c: { role: 'host' } }, speed: 100 });
  const { connection, stopControllers } = sandbox.clusters.c;
  await stopControllers();
  // Their webhook would refuse every user now.
  await connection.delete(core.validatingWebhookConfigurations, { name: 'users.iam.kubesphere.io' }, background);
  cluster = await openCluster(sandbox.clusters.c.connection);
}, 60_000);
afterAll(() => sandbox.close());

let confirmed = 0;
const work: Work = {
  signal: new AbortController().signal,
  log: { debug() {}, info() {}, warn() {}, error() {} },
  runId: 'run-1',
  confirmDriver: async () => {
    confirmed += 1;
  },
};
const ours = { [runAnnotation]: 'run-1' };
const background = { propagationPolicy: 'Background' } as const;

const made: [Resource, { readonly name: string; readonly namespace?: string }][] = [];
afterEach(async () => {
  for (const [resource, at] of made.splice(0).reverse()) {
    const found = await cluster.connection.find(resource, at);
    if (found === undefined) continue;
    if (found.metadata.finalizers !== undefined)
      await cluster.connection.patch(resource, at, { type: 'merge', body: { metadata: { finalizers: null } } });
    // A policy that was deleted just now counts for a moment yet.
    const gone = async () => {
      await cluster.connection.delete(resource, at, background).catch(() => undefined);
      return cluster.connection.find(resource, at);
    };
    await expect.poll(gone, { timeout: 10_000 }).toBeUndefined();
  }
});

/** Creates an object that is gone after the test. */
async function given(
  resource: Resource,
  metadata: { readonly name: string; readonly namespace?: string } & object,
  rest: object = {},
) {
  const object = await cluster.connection.create(resource, { metadata, ...rest } as never);
  made.push([
    resource,
    { name: metadata.name, ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }) },
  ]);
  return object.metadata;
}
const ownedBy = (kind: string, apiVersion: string, { name, uid }: { readonly name: string; readonly uid: string }) => ({
  ownerReferences: [{ apiVersion, kind, name, uid }],
});
const there = async (resource: Resource, name: string, namespace?: string) =>
  (await cluster.connection.find(resource, { name, ...(namespace === undefined ? {} : { namespace }) })) !== undefined;
const template = { spec: { template: { spec: { manager: 'alice' } }, placement: { clusters: [] } } };
const refusal = (code: string, message: RegExp) => ({ code, message: expect.stringMatching(message) });

describe('remove', () => {
  const target = (uid: string) => ({ cluster, resource: core.namespaces, name: { name: 'n' }, uid, ...background });

  test('leaves another object of the same name alone', async () => {
    await given(core.namespaces, { name: 'n' });
    await remove(work, target('other'));
    expect((await cluster.connection.get(core.namespaces, { name: 'n' })).metadata.deletionTimestamp).toBeUndefined();
  });

  test('deletes only the state it judged: one that changes in between is judged again, by who still drives', async () => {
    const { uid } = await given(core.namespaces, { name: 'n' });
    confirmed = 0;
    let looked = 0;
    const touching = remove(work, {
      ...target(uid),
      still: () => {
        looked += 1;
        if (looked > 1) throw new FederationError('WORLD_MOVED', 'not any more');
        void changing;
      },
    });
    const changing = cluster.connection.patch(
      core.namespaces,
      { name: 'n' },
      { type: 'merge', body: { metadata: { labels: { a: 'b' } } } },
    );
    const lift = sandbox.clusters.c.intercept(({ verb, name }) =>
      verb === 'delete' && name === 'n' ? { delayMs: 200 } : undefined,
    );
    await expect(touching).rejects.toMatchObject({ code: 'WORLD_MOVED' });
    lift();
    expect(confirmed).toBe(1);
    expect((await cluster.connection.get(core.namespaces, { name: 'n' })).metadata.deletionTimestamp).toBeUndefined();
  });
});

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

describe('shutting a host out', () => {
  const name = 'kubefed-controller-manager:m-kubesphere';
  const rbac = 'rbac.authorization.k8s.io/v1';
  const out = () => shutOut(cluster, 'm').run(work, { account: null, role: null, binding: null });

  test('is refused while what goes owns a namespace, or anything in a project', async () => {
    const role = await given(core.clusterRoles, { name }, { rules: [] });
    await given(core.namespaces, { name: 'n1', ...ownedBy('ClusterRole', rbac, role) });
    await expect(out()).rejects.toMatchObject(refusal('KEPT_AT_RISK', /namespace\(s\) with it: n1/));
    await cluster.connection.patch(
      core.namespaces,
      { name: 'n1' },
      { type: 'merge', body: { metadata: { ownerReferences: null } } },
    );
    await given(core.configMaps, { namespace: 'n1', name: 'settings', ...ownedBy('ClusterRole', rbac, role) });
    await expect(out()).rejects.toMatchObject(
      refusal('KEPT_AT_RISK', /1 object\(s\) in projects with it: ConfigMap n1\/settings/),
    );
    expect(await there(core.clusterRoles, name)).toBe(true);
  });
});

describe('what a host had copied', () => {
  test('goes where it arrived, stays without the mark where it was before, and not if it owns a namespace', async () => {
    const user = (name: string) => ({ name, labels: { [managedLabel]: 'true' } }) as never;
    const spec = { spec: { email: 'x@example.com' } };
    await given(kubesphere.users, user('before'), spec);
    const copies = expectCopies(cluster, 'm');
    const before = await copies.capture(work);
    const arrived = await given(kubesphere.users, user('arrived'), { spec: { email: 'y@example.com' } });
    await given(core.namespaces, { name: 'n1', ...ownedBy('User', 'iam.kubesphere.io/v1alpha2', arrived) });
    await expect(copies.compensate(work, before, undefined)).rejects.toMatchObject(refusal('KEPT_AT_RISK', /n1/));
    expect(await there(kubesphere.users, 'arrived')).toBe(true);
    await cluster.connection.patch(
      core.namespaces,
      { name: 'n1' },
      { type: 'merge', body: { metadata: { ownerReferences: null } } },
    );
    await given(kubesphere.users, { name: 'own' }, { spec: { email: 'z@example.com' } });
    await copies.compensate(work, before, undefined);
    expect([await there(kubesphere.users, 'arrived'), await there(kubesphere.users, 'own')]).toEqual([false, true]);
    expect(
      (await cluster.connection.get(kubesphere.users, { name: 'before' })).metadata.labels ?? {},
    ).not.toHaveProperty([managedLabel]);
  });
});

describe('detaching a cluster', () => {
  const connection = { type: 'direct' } as const;
  const secrets = async () => ({ kubeconfig: 'k' });
  const before = { labels: {}, annotations: {}, spec: { joinFederation: true, connection } };

  test('is refused where the object stands for another cluster by now, and while its kubeconfig is not parked', async () => {
    await given(kubesphere.clusters, { name: 'm' }, { spec: { connection }, status: { uid: 'other' } });
    await expect(detachCluster(cluster, 'm', 'mine', { secrets }).run(work, before)).rejects.toMatchObject(
      refusal('WORLD_MOVED', /stands for another cluster \(UID other\)/),
    );
    const none = async () => Promise.reject(new FederationError('WORLD_MOVED', 'not parked'));
    await expect(detachCluster(cluster, 'm', 'other', { secrets: none }).run(work, before)).rejects.toMatchObject(
      refusal('WORLD_MOVED', /not parked/),
    );
    expect(await there(kubesphere.clusters, 'm')).toBe(true);
  });

  test('is not undone while the other host holds it by as much as its KubeFedCluster', async () => {
    await given(
      kubesphere.kubeFedClusters,
      { namespace: kubefedNamespace, name: 'm' },
      { spec: { apiEndpoint: 'https://x', secretRef: { name: 's' } } },
    );
    const undoing = detachCluster(cluster, 'm', 'uid', { secrets, unlessHeldBy: cluster }).compensate(
      work,
      before,
      undefined,
    );
    await expect(undoing).rejects.toMatchObject(
      refusal('KEPT_AT_RISK', /c holds cluster "m".*Delete the Cluster on c/),
    );
    expect(await there(kubesphere.clusters, 'm')).toBe(false);
  });
});

describe('importing a cluster', () => {
  const settings = () => ({ name: 'm', member: cluster, kubeconfig: async () => 'k', proof: [] });

  test('is refused while the former host holds it', async () => {
    await given(
      kubesphere.kubeFedClusters,
      { namespace: kubefedNamespace, name: 'm' },
      { spec: { apiEndpoint: 'https://x', secretRef: { name: 's' } } },
    );
    const importing = importCluster(cluster, { ...settings(), unlessHeldBy: cluster }).run(work, null);
    await expect(importing).rejects.toMatchObject(refusal('KEPT_AT_RISK', /c holds cluster "m"/));
    expect(await there(kubesphere.clusters, 'm')).toBe(false);
  });

  test("neither takes another's Cluster object for its own, nor deletes it to undo", async () => {
    await given(kubesphere.clusters, { name: 'm' }, { spec: { connection: { type: 'direct' } } });
    await expect(importCluster(cluster, settings()).run(work, null)).rejects.toMatchObject(
      refusal('ALREADY_EXISTS', /did not make/),
    );
    await importCluster(cluster, settings()).compensate(work, null, undefined);
    expect(await there(kubesphere.clusters, 'm')).toBe(true);
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

  test('is refused while it has apps, which its controller would uninstall wherever they run', async () => {
    await mine(template.spec);
    await given(kubesphere.helmRepos, { name: 'charts', labels: { [workspaceLabel]: 'w' } } as never, { spec: {} });
    await expect(undo()).rejects.toMatchObject(refusal('KEPT_AT_RISK', /it has apps: charts/));
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

describe('a project that somebody put into another workspace meanwhile', () => {
  test('is left there, by binding and by both ways back', async () => {
    const { uid } = await given(core.namespaces, { name: 'n1', labels: { [workspaceLabel]: 'theirs' } } as never);
    await given(kubesphere.workspaces, { name: 'w' });
    const project = { name: 'n1', uid };
    const refused = refusal('WORLD_MOVED', /"n1" is in workspace "theirs" by now/);
    await expect(bindProject(cluster, project, 'w').run(work, { note: null })).rejects.toMatchObject(refused);
    await expect(bindProject(cluster, project, 'w').compensate(work, { note: null }, undefined)).rejects.toMatchObject(
      refused,
    );
    await expect(unbindProject(cluster, project).compensate(work, { workspace: 'w' }, undefined)).rejects.toMatchObject(
      refused,
    );
    expect((await cluster.connection.get(core.namespaces, { name: 'n1' })).metadata.labels?.[workspaceLabel]).toBe(
      'theirs',
    );
  });
});

describe('a driver that no longer holds what it writes to', () => {
  const lost = { ...work, assertHeld: async () => Promise.reject(new FederationError('DRIVER_LOST', 'overtaken')) };

  test('writes nothing: neither an edit, nor a create, nor a delete', async () => {
    const { uid } = await given(core.namespaces, { name: 'n1' });
    const target = { cluster, resource: core.namespaces, name: { name: 'n1' }, uid };
    const overtaken = { code: 'DRIVER_LOST' };
    await expect(
      edit(lost, target, () => ({ type: 'merge', body: { metadata: { labels: { x: 'y' } } } })),
    ).rejects.toMatchObject(overtaken);
    await expect(remove(lost, { ...target, propagationPolicy: 'Orphan' })).rejects.toMatchObject(overtaken);
    await expect(create(lost, cluster, core.namespaces, { metadata: { name: 'n2' } })).rejects.toMatchObject(overtaken);
    const { metadata } = await cluster.connection.get(core.namespaces, { name: 'n1' });
    expect([metadata.labels?.['x'], metadata.deletionTimestamp, await there(core.namespaces, 'n2')]).toEqual([
      undefined,
      undefined,
      false,
    ]);
  });
});

describe('what is remembered of an object for the journal', () => {
  test('is without the copy that kubectl apply keeps in it, which holds its secrets', async () => {
    const applied = JSON.stringify({ spec: { connection: { kubeconfig: 'a'.repeat(60) } } });
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': applied, note: 'kept' };
    await given(
      kubesphere.clusters,
      { name: 'm', annotations } as never,
      { spec: { joinFederation: false, connection: { type: 'direct', kubeconfig: 'YQ==' } } } as never,
    );
    const before = await detachCluster(cluster, 'm', 'uid', { secrets: async () => ({ kubeconfig: '' }) }).capture(
      work,
    );
    expect(before.annotations).toEqual({ note: 'kept' });
    expect(JSON.stringify(before)).not.toMatch(/aaaa|YQ==/);
    expect(redact(applied)).not.toContain('aaaa');
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

describe('what another run put up', () => {
  test('stays: shield and parked secrets', async () => {
    const shielded = { id: 'x', namespaces: ['n1'], workspaces: [], form: 'policy' } as const;
    const name = 'kubesphere-federation-x-namespaces';
    await given(core.validatingAdmissionPolicyBindings, { name, annotations: { [runAnnotation]: 'run-2' } } as never, {
      spec: { policyName: name, validationActions: ['Deny'] },
    });
    await lowerShield(work, cluster, shielded, 'run-1');
    expect(await there(core.validatingAdmissionPolicyBindings, name)).toBe(true);
    await lowerShield(work, cluster, shielded, 'run-2');
    expect(await there(core.validatingAdmissionPolicyBindings, name)).toBe(false);

    const parked = 'kubesphere-federation-parked-m';
    await given(core.secrets, {
      namespace: kubesphereNamespace,
      name: parked,
      annotations: { [runAnnotation]: 'run-2' },
    } as never);
    await discardParked(work, cluster, 'm');
    expect(await there(core.secrets, parked, kubesphereNamespace)).toBe(true);
  });
});

describe('proving a shield', () => {
  test('takes no refusal of a stranger for its own', async () => {
    await given(core.namespaces, { name: 'n1' });
    const policy = {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['*'], operations: ['DELETE'], resources: ['namespaces'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'n1' } },
      },
      validations: [{ expression: 'false', message: 'not today' }],
    };
    await given(core.validatingAdmissionPolicies, { name: 'stranger' }, { spec: policy });
    const binding = { spec: { policyName: 'stranger', validationActions: ['Deny'] } };
    await given(core.validatingAdmissionPolicyBindings, { name: 'stranger' }, binding);
    const dryRun = () => cluster.connection.delete(core.namespaces, { name: 'n1' }, { ...background, dryRun: true });
    await expect
      .poll(() =>
        dryRun().then(
          () => 'accepted',
          () => 'refused',
        ),
      )
      .toBe('refused');
    const shielded = { id: 'ours', namespaces: ['n1'], workspaces: [] };
    const soon = { ...work, signal: AbortSignal.timeout(1_000) };
    const raised = { form: 'policy' } as const;
    await expect(raiseShield(cluster, shielded).verify(soon, raised, raised)).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });
});

describe('lifting a shield', () => {
  test('is refused while an owner is gone or going; one in a namespace is none that the garbage collector heeds', async () => {
    const workspace = await given(kubesphere.workspaces, { name: 'w', finalizers: ['example.com/stay'] } as never);
    await given(core.namespaces, { name: 'n1', ...ownedBy('Workspace', 'tenant.kubesphere.io/v1alpha1', workspace) });
    await assertSafeToLift(work, cluster, ['n1']);
    await cluster.connection.delete(kubesphere.workspaces, { name: 'w' }, { propagationPolicy: 'Background' });
    await cluster.connection.patch(
      core.namespaces,
      { name: 'n1' },
      { type: 'merge', body: { metadata: ownedBy('Workspace', 'tenant.kubesphere.io/v1alpha1', workspace) } },
    );
    await expect(assertSafeToLift(work, cluster, ['n1'])).rejects.toMatchObject(
      refusal('KEPT_AT_RISK', /Workspace "w".*which is going/),
    );
    await cluster.connection.patch(
      core.namespaces,
      { name: 'n1' },
      { type: 'merge', body: { metadata: ownedBy('ConfigMap', 'v1', { name: 'x', uid: 'dead' }) } },
    );
    await assertSafeToLift(work, cluster, ['n1']);
  });
});

describe('binding and unbinding', () => {
  test('touch the very project only, and only out of the workspace it was counted in', async () => {
    const { uid } = await given(core.namespaces, { name: 'n1', labels: { [workspaceLabel]: 'w2' } } as never);
    const other = { name: 'n1', uid: 'other' };
    for (const operation of [unbindProject(cluster, other), bindProject(cluster, other, 'w')])
      await expect(operation.forecast(work)).rejects.toMatchObject(
        refusal('KEPT_AT_RISK', /another one under the same name/),
      );
    await expect(unbindProject(cluster, other).run(work, { workspace: 'w2' })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    await expect(unbindProject(cluster, { name: 'n1', uid }).run(work, { workspace: 'w1' })).rejects.toMatchObject(
      refusal('WORLD_MOVED', /was in workspace "w1" and is in "w2" now/),
    );
    expect((await cluster.connection.get(core.namespaces, { name: 'n1' })).metadata.labels).toHaveProperty(
      [workspaceLabel],
      'w2',
    );
  });
});

describe('taking a label off', () => {
  test('is nothing where the object is gone, and is put back on the very object only', async () => {
    const object = { name: 'ghost', uid: 'u' };
    const dropping = setLabel(cluster, kubesphere.users, object, { label: managedLabel, to: null, heirs: true });
    await dropping.run(work, { value: 'true' });
    await given(kubesphere.users, { name: 'ghost' }, { spec: { email: 'g@example.com' } });
    await dropping.compensate(work, { value: 'true' }, undefined);
    expect(
      (await cluster.connection.get(kubesphere.users, { name: 'ghost' })).metadata.labels ?? {},
    ).not.toHaveProperty([managedLabel]);
  });
});

describe('what the engine is told of an object', () => {
  const look = async (verb: 'create' | 'update' | 'delete', resource: object) =>
    (
      await observeChanges(async () => cluster, {
        intends: [
          {
            verb,
            resource: { cluster: 'c', apiVersion: 'v1', kind: 'Namespace', name: 'n1', ...resource },
            before: verb === 'create' ? null : {},
            after: verb === 'delete' ? null : {},
          },
        ],
        runId: 'run-1',
        signal: work.signal,
      })
    )[0];

  test("another's under the name of one to create is none of ours; one made again in the place of a deleted one is what it was", async () => {
    expect(await look('create', {})).toBeNull();
    const { uid } = await given(core.namespaces, { name: 'n1' });
    expect(await look('create', {})).toBeNull();
    expect(await look('delete', { uid })).toEqual({});
    // Whoever made it again: what it was is there.
    expect(await look('delete', { uid: 'former' })).toEqual({});
    expect(await look('update', { uid: 'former' })).toEqual({ uid });
    await cluster.connection.patch(
      core.namespaces,
      { name: 'n1' },
      { type: 'merge', body: { metadata: { annotations: ours } } },
    );
    expect(await look('create', {})).toEqual({});
    expect(await look('delete', { uid: 'former' })).toEqual({});
  });
});
