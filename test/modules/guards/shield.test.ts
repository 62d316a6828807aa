import { describe, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { kubesphereNamespace, runAnnotation } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { lowerFence } from '../../../src/migration/fence.ts';
import { observeChanges, refOf } from '../../../src/modules/changes.ts';
import { protectProjects } from '../../../src/modules/operations/protect-projects.ts';
import { discardParked } from '../../../src/modules/parking.ts';
import { assertSafeToLift, lowerShield, raiseShield, toLower } from '../../../src/modules/shield.ts';
import { parts } from '../../../src/modules/shield-forms.ts';
import { background, cluster, given, ours, ownedBy, refusal, sandbox, there, work } from './kit.ts';

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

describe('an old answer that there is nothing', () => {
  const shielded = { id: 'x', namespaces: ['n1'], workspaces: [], form: 'policy' } as const;
  const policyName = 'kubesphere-federation-x-namespaces';
  const shielding = {
    plural: 'validatingadmissionpolicybindings.admissionregistration.k8s.io',
    resource: core.validatingAdmissionPolicyBindings,
    at: { name: policyName },
    body: { spec: { policyName, validationActions: ['Deny'] } },
    takeAway: () => lowerShield(work, cluster, shielded, 'run-1'),
  };
  const parked = {
    plural: 'secrets',
    resource: core.secrets,
    at: { namespace: kubesphereNamespace, name: 'kubesphere-federation-parked-m' },
    body: {},
    takeAway: () => discardParked(work, cluster, 'm'),
  };
  const fence = {
    plural: 'configmaps',
    resource: core.configMaps,
    at: { namespace: kubesphereNamespace, name: 'kubesphere-federation-fence' },
    body: {},
    takeAway: () => lowerFence(work, cluster),
  };
  const looks = [shielding, parked, fence].flatMap((what) => [1, 2].map((nth) => ({ ...what, nth })));
  test.for(looks)('leaves none of $plural behind: look $nth', async ({ plural, resource, at, body, takeAway, nth }) => {
    await given(resource, { ...at, annotations: ours } as never, body);
    await using _ = await sandbox.faults.add({ verb: 'get', resource: plural, nth, fault: { staleBy: 1 }, ...at });
    await takeAway();
    expect(await cluster.connection.find(resource, at)).toBeUndefined();
  });

  test('hides nothing that a run made from its way back', async () => {
    const { plural, resource, at, body } = shielding;
    await given(resource, { ...at, annotations: ours } as never, body);
    await using _ = await sandbox.faults.add({ verb: 'get', resource: plural, nth: 1, fault: { staleBy: 1 }, ...at });
    const intends = [{ verb: 'create', resource: refOf('c', resource, at), before: null, after: {} }] as const;
    const seen = await observeChanges(async () => cluster, { intends, runId: 'run-1', signal: work.signal });
    expect(seen).toEqual([{}]);
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

test('two shields over one object are proven, whichever of them the server names', { timeout: 60_000 }, async () => {
  await given(core.namespaces, { name: 'n1' });
  for (const id of ['first', 'second']) {
    const shielded = { id, namespaces: ['n1'], workspaces: [] };
    for (const { resource, name, body } of parts('policy', shielded)) await given(resource, { name }, body);
    await raiseShield(cluster, shielded).verify(work, { form: 'policy' }, { form: 'policy' });
    expect(await protectProjects(cluster, shielded).forecast(work)).toMatchObject({ effect: 'none' });
  }
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

  test('is refused while the owner is another one of that name by now, and while nobody serves its kind', async () => {
    const api = 'rbac.authorization.k8s.io/v1';
    const { name } = await given(core.clusterRoles, { name: 'again' }, { rules: [] });
    await given(core.namespaces, { name: 'n1', ...ownedBy('ClusterRole', api, { name, uid: 'former' }) });
    await expect(assertSafeToLift(work, cluster, ['n1'])).rejects.toMatchObject(
      refusal('KEPT_AT_RISK', /ClusterRole "again" \(UID former\).*which is gone/),
    );
    await given(core.namespaces, { name: 'n2', ...ownedBy('Widget', 'example.com/v1', { name: 'w', uid: 'dead' }) });
    await expect(assertSafeToLift(work, cluster, ['n2'])).rejects.toMatchObject(
      refusal('KEPT_AT_RISK', /Widget "w".*which is gone/),
    );
  });

  test('takes the right to look at whatever owns what is kept', async () => {
    const owner = await given(core.clusterRoles, { name: 'owner' }, { rules: [] });
    const { name, uid } = await given(kubesphere.workspaces, { name: 'w' });
    const ownerReferences = [
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'owner', uid: owner.uid },
      { apiVersion: 'tenant.kubesphere.io/v1alpha1', kind: 'Workspace', name, uid },
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'nobody heeds it' },
    ];
    await given(core.namespaces, { name: 'n1', ownerReferences } as never);
    const shielded = { id: 'x', namespaces: ['n1'], workspaces: [] };
    const rights = await toLower(cluster, 'policy', shielded, work.signal);
    const looks = rights.filter(({ verb }) => verb === 'get').map(({ resource }) => resource.plural);
    expect(looks.toSorted()).toEqual([
      'clusterroles',
      'validatingadmissionpolicies',
      'validatingadmissionpolicybindings',
      'workspaces',
    ]);
  });
});
