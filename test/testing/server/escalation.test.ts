import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectCluster } from '../../../src/kube/connect.ts';
import type { Connection } from '../../../src/kube/connection.ts';
import { core, type PolicyRule } from '../../../src/kube/resources.ts';
import { createSandbox, type Sandbox } from '../../../src/testing/index.ts';

const group = 'rbac.authorization.k8s.io';
const anybody = { kind: 'User', apiGroup: group, name: 'ann' };
let sandbox: Sandbox<'c'>;
let admin: Connection;
/** May write roles and bindings, and holds what {@link holds} gives. */
let least: Connection;

beforeAll(async () => {
  sandbox = await createSandbox({ clusters: { c: { role: 'standalone' } } });
  await sandbox.clusters.c.stopControllers();
  admin = sandbox.clusters.c.connection;
  await admin.create(core.clusterRoles, { metadata: { name: 'least' }, rules: [] });
  await admin.create(core.clusterRoleBindings, {
    metadata: { name: 'least' },
    subjects: [{ ...anybody, name: 'least' }],
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'least' },
  });
  const kubeconfig = sandbox.clusters.c.kubeconfigFor({ user: 'least' });
  least = await connectCluster({ kubeconfig, name: 'c' });
}, 60_000);
afterAll(async () => {
  await least[Symbol.asyncDispose]();
  await sandbox.close();
});

const writing: PolicyRule = {
  apiGroups: [group],
  resources: ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'],
  verbs: ['create', 'patch', 'get'],
};
const holds = (...rules: readonly PolicyRule[]): Promise<unknown> =>
  admin.patch(core.clusterRoles, { name: 'least' }, { type: 'merge', body: { rules: [writing, ...rules] } });
let counted = 0;
async function bind(...rules: readonly PolicyRule[]): Promise<unknown> {
  counted += 1;
  const name = `operator-${counted}`;
  await admin.create(core.clusterRoles, { metadata: { name }, rules });
  return least.create(
    core.roleBindings,
    {
      metadata: { name: 'ann-operator', namespace: 'default' },
      subjects: [anybody],
      roleRef: { apiGroup: group, kind: 'ClusterRole', name },
    },
    { dryRun: true },
  );
}

describe('whoever hands rights on', () => {
  it('has to hold them: what is missing is shown as the real server does', async () => {
    await holds();
    await expect(
      bind(
        { apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: ['', 'apps'], resources: ['*'], verbs: ['*'] },
      ),
    ).rejects.toMatchObject({
      code: 'FORBIDDEN',
      // Seen on kube-apiserver 1.34, with more groups.
      message: expect.stringContaining(
        `rolebindings.rbac.authorization.k8s.io "ann-operator" is forbidden: user "least" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:
{APIGroups:[""], Resources:["*"], Verbs:["*"]}
{APIGroups:["*"], Resources:["*"], Verbs:["get" "list" "watch"]}
{APIGroups:["apps"], Resources:["*"], Verbs:["*"]}`,
      ),
    });
  });

  it('may where all of them are held, or the right to bind that role', async () => {
    const pods: PolicyRule = { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list'] };
    await holds({ apiGroups: [''], resources: ['pods'], verbs: ['*'] });
    await expect(bind(pods)).rejects.toMatchObject({
      message: expect.stringContaining('{APIGroups:[""], Resources:["pods/log"], Verbs:["get" "list"]}'),
    });
    await holds({ apiGroups: [''], resources: ['pods', '*/log'], verbs: ['*'] });
    await bind(pods);
    await holds({ apiGroups: [group], resources: ['clusterroles'], verbs: ['bind'] });
    await bind(pods);
    await holds({ apiGroups: [group], resources: ['clusterroles'], resourceNames: ['another'], verbs: ['bind'] });
    await expect(bind(pods)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('needs the right to escalate for a role, but not for what the garbage collector goes by', async () => {
    const rules = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }];
    await holds();
    const made = { metadata: { name: 'made' }, rules };
    await expect(least.create(core.clusterRoles, made)).rejects.toMatchObject({
      message: expect.stringContaining('{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}'),
    });
    await holds({ apiGroups: [group], resources: ['clusterroles'], verbs: ['escalate'] });
    await least.create(core.clusterRoles, made);
    await holds();
    const merge = (body: object) => least.patch(core.clusterRoles, { name: 'made' }, { type: 'merge', body });
    await merge({ metadata: { finalizers: ['example.com/held'] } });
    await expect(merge({ metadata: { labels: { x: 'y' } } })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('is no question to whoever may do everything', async () => {
    const rules = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
    const { metadata } = await admin.create(core.clusterRoles, { metadata: { name: 'all' }, rules });
    const made = await admin.create(core.clusterRoleBindings, {
      metadata: { name: 'all' },
      subjects: [anybody],
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: metadata.name },
    });
    expect(made.roleRef.name).toBe('all');
  });
});
