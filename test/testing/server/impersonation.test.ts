import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Body, type Client, startClient } from './client.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1';
let client: Client;
beforeAll(async () => {
  client = await startClient();
  await client.created(`${rbac}/clusterroles`, {
    metadata: { name: 'deputy' },
    rules: [
      { verbs: ['impersonate'], apiGroups: [''], resources: ['users'], resourceNames: ['jane'] },
      { verbs: ['impersonate'], apiGroups: [''], resources: ['groups'], resourceNames: ['people'] },
    ],
  });
  await client.created(`${rbac}/clusterrolebindings`, {
    metadata: { name: 'deputy' },
    subjects: [{ kind: 'User', name: 'deputy' }],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'deputy' },
  });
  await client.created(`${rbac}/clusterrolebindings`, {
    metadata: { name: 'people' },
    subjects: [{ kind: 'Group', name: 'people' }],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  });
});
afterAll(() => client[Symbol.asyncDispose]());

async function as(headers: Record<string, string | string[]>, kubeconfig?: string) {
  const config: Body = parse(kubeconfig ?? client.server.kubeconfigFor({ user: 'deputy' }));
  const answer = await request(`${client.server.url}/api/v1/namespaces`, {
    method: 'POST',
    dispatcher: client.dispatcher,
    headers: {
      authorization: `Bearer ${config.users[0].user.token}`,
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify({ metadata: { generateName: 'made-' } }),
  });
  return { code: answer.statusCode, body: (await answer.body.json()) as Body };
}

describe('requests on behalf of somebody else', () => {
  it('are made with the rights of that user and those groups, and recorded under that name', async () => {
    const alone = await as({ 'impersonate-user': 'jane' });
    expect([alone.code, alone.body.message]).toEqual([403, expect.stringContaining('User "jane" cannot create')]);
    const made = await as({ 'impersonate-user': 'jane', 'impersonate-group': 'people' });
    expect(made.code).toBe(201);
    const records = client.server.history(({ name }) => name === made.body.metadata.name);
    expect(records[0]?.user).toBe('jane');
  });

  it('need the right to impersonate the user, the service account, each group, the UID and each extra', async () => {
    const cases: [Record<string, string | string[]>, string][] = [
      [{ 'impersonate-user': 'joe' }, 'users "joe" is forbidden: User "deputy" cannot impersonate resource "users"'],
      [
        { 'impersonate-user': 'system:serviceaccount:default:default' },
        'cannot impersonate resource "serviceaccounts" in API group "" in the namespace "default"',
      ],
      [{ 'impersonate-user': 'jane', 'impersonate-group': ['people', 'system:masters'] }, 'groups "system:masters"'],
      [{ 'impersonate-user': 'jane', 'impersonate-uid': '1' }, 'resource "uids" in API group "authentication.k8s.io"'],
      [{ 'impersonate-user': 'jane', 'impersonate-extra-scopes': 'all' }, 'resource "userextras/scopes"'],
    ];
    for (const [headers, message] of cases) {
      const { code, body } = await as(headers);
      expect([code, body.message]).toEqual([403, expect.stringContaining(message)]);
    }
  });

  it('must name a user', async () => {
    const { code, body } = await as({ 'impersonate-group': 'people' });
    expect([code, body.message]).toEqual([500, expect.stringContaining('without impersonating a user')]);
  });

  it('give a service account its groups', async () => {
    const bound = {
      metadata: { name: 'accounts' },
      subjects: [{ kind: 'Group', name: 'system:serviceaccounts:default' }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    };
    const name = 'system:serviceaccount:default:default';
    expect((await as({ 'impersonate-user': name }, client.server.kubeconfig)).code).toBe(403);
    await client.created(`${rbac}/clusterrolebindings`, bound);
    expect((await as({ 'impersonate-user': name }, client.server.kubeconfig)).code).toBe(201);
  });
});
