import { describe, expect, test } from 'vitest';
import type { ObjectName, Resource } from '../../../src/kube/objects.ts';
import { core } from '../../../src/kube/resources.ts';
import { managedLabel, userLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere, type Placement } from '../../../src/kubesphere/resources.ts';
import { createUser, createWorkspace } from '../../../src/testing/index.ts';
import { type Conditions, describeFound, down, host, look, member, shown } from './preflight-kit.ts';

const tier = { tier: 'prod' };
const select = (resource: Resource, at: ObjectName): Promise<unknown> =>
  host().patch(resource, at, {
    type: 'merge',
    body: { spec: { placement: { clusters: null, clusterSelector: { matchLabels: tier } } } },
  });
/** A multi-cluster project of the host, and a namespace of its name on the member. */
async function federatedProject(placement: Placement, labels: Readonly<Record<string, string>> = {}): Promise<void> {
  await down('a', 'kubefed');
  await member().create(core.namespaces, { metadata: { name: 'shop', labels } });
  await host().create(core.namespaces, { metadata: { name: 'shop' } });
  const metadata = { namespace: 'shop', name: 'shop' };
  await host().create(kubesphere.federatedNamespaces, { metadata, spec: { template: {}, placement } });
}

/** Of what both have under one name. */
const conditions: Conditions = {
  'leftovers of a host': [
    'LEFTOVERS warns c',
    async () => {
      const labels = { [managedLabel]: 'true' };
      await member().create(core.namespaces, { metadata: { name: 'left', labels } });
      return undefined;
    },
  ],
  'leftovers that the host would delete': [
    'LEFTOVERS_LOST blocks c',
    async () => {
      await down('a', 'kubefed');
      const labels = { [managedLabel]: 'true' };
      await member().create(core.namespaces, { metadata: { name: 'left', labels } });
      await host().create(core.namespaces, { metadata: { name: 'left' } });
      await host().create(kubesphere.federatedNamespaces, {
        metadata: { namespace: 'left', name: 'left' },
        spec: { template: {}, placement: { clusters: [{ name: 'elsewhere' }] } },
      });
      return undefined;
    },
  ],
  'a workspace of a name that the host places there': [
    'WORKSPACE_NAME blocks c',
    async () => {
      await createWorkspace(host(), { name: 'team', manager: 'admin', clusters: ['c'] });
      await createWorkspace(member(), { name: 'team', manager: 'admin' });
      return undefined;
    },
  ],
  'a workspace of a name that the host has elsewhere': [
    'WORKSPACE_NAME blocks c',
    async () => {
      await createWorkspace(host(), { name: 'team', manager: 'admin', clusters: ['elsewhere'] });
      await createWorkspace(member(), { name: 'team', manager: 'admin' });
      return undefined;
    },
  ],
  'a workspace of a name that the host places wherever a label is': [
    'WORKSPACE_NAME blocks c',
    async () => {
      await createWorkspace(host(), { name: 'team', manager: 'admin' });
      await select(kubesphere.workspaceTemplates, { name: 'team' });
      await createWorkspace(member(), { name: 'team', manager: 'admin' });
      return { labels: tier };
    },
  ],
  'a namespace of the name of a multi-cluster project': [
    'PROJECT_NAME blocks c',
    async () => {
      await federatedProject({ clusters: [{ name: 'c' }] });
      return undefined;
    },
  ],
  'a namespace of the name of a multi-cluster project that goes wherever a label is': [
    'PROJECT_NAME blocks c',
    async () => {
      await federatedProject({ clusterSelector: { matchLabels: tier } });
      return { labels: tier };
    },
  ],
  'a workspace left from a host, for which the join is refused': [
    'WORKSPACE_CONFLICT blocks c',
    async () => {
      await createWorkspace(host(), { name: 'team', manager: 'admin', clusters: ['elsewhere'] });
      await member().create(kubesphere.workspaces, {
        metadata: { name: 'team', labels: { [managedLabel]: 'true' } },
        spec: { manager: 'admin' },
      });
      return undefined;
    },
  ],
  'another person of the same name': [
    'SAME_USER_NAME blocks c',
    async () => {
      await createUser(host(), { name: 'ann', email: 'ann@one.example' });
      await createUser(member(), { name: 'ann', email: 'ann@two.example' });
      return undefined;
    },
  ],
  'the same address under another name': [
    'SAME_EMAIL blocks c',
    async () => {
      await createUser(host(), { name: 'ann', email: 'ann@one.example' });
      await createUser(member(), { name: 'anna', email: 'ann@one.example' });
      return undefined;
    },
  ],
  'users of a former host': [
    'USERS_KEEP warns c',
    async () => {
      const labels = { [managedLabel]: 'false' };
      await member().patch(kubesphere.users, { name: 'admin' }, { type: 'merge', body: { metadata: { labels } } });
      return undefined;
    },
  ],
  'rights that wait for a user of the host': [
    'STALE_RIGHTS warns c',
    async () => {
      await createUser(host(), { name: 'ann' });
      await member().create(core.clusterRoleBindings, {
        metadata: { name: 'ann-cluster-admin', labels: { [userLabel]: 'ann' } },
        subjects: [{ kind: 'User', name: 'ann', apiGroup: 'rbac.authorization.k8s.io' }],
        roleRef: { kind: 'ClusterRole', name: 'cluster-admin', apiGroup: 'rbac.authorization.k8s.io' },
      });
      return undefined;
    },
  ],
  'placements left from an earlier cluster of that name': [
    'INHERITED_PLACEMENT warns a',
    () => createWorkspace(host(), { name: 'team', manager: 'admin', clusters: ['c'] }).then(() => undefined),
  ],
};

describeFound(conditions);

describe('a namespace of the name of a multi-cluster project is left alone', { timeout: 60_000 }, () => {
  test.each<[string, Placement, Readonly<Record<string, string>>]>([
    ['that is placed elsewhere', { clusters: [{ name: 'elsewhere' }] }, {}],
    ['whose selector does not mean the cluster', { clusterSelector: { matchLabels: { tier: 'test' } } }, {}],
    ['that was released', { clusters: [{ name: 'c' }] }, { [managedLabel]: 'false' }],
  ])('%s', async (_what, placement, labels) => {
    await federatedProject(placement, labels);
    expect(shown(await look({ labels: tier })).filter((one) => one.startsWith('PROJECT_NAME'))).toEqual([]);
  });
});
