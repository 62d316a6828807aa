import type { Ground } from './call.ts';
import { InternalClient } from './internal-client.ts';

const rbac = 'rbac.authorization.k8s.io';

const roles: readonly {
  readonly name: string;
  readonly rules: readonly object[];
  readonly groups: readonly string[];
}[] = [
  {
    name: 'cluster-admin',
    rules: [
      { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
      { nonResourceURLs: ['*'], verbs: ['*'] },
    ],
    groups: ['system:masters'],
  },
  {
    name: 'system:discovery',
    rules: [
      {
        nonResourceURLs: [
          '/api',
          '/api/*',
          '/apis',
          '/apis/*',
          '/healthz',
          '/livez',
          '/openapi',
          '/openapi/*',
          '/readyz',
          '/version',
          '/version/',
        ],
        verbs: ['get'],
      },
    ],
    groups: ['system:authenticated'],
  },
  {
    name: 'system:basic-user',
    rules: [
      {
        apiGroups: ['authorization.k8s.io'],
        resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
        verbs: ['create'],
      },
      { apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
    ],
    groups: ['system:authenticated'],
  },
  {
    name: 'system:service-account-issuer-discovery',
    rules: [
      {
        nonResourceURLs: [
          '/.well-known/openid-configuration',
          '/.well-known/openid-configuration/',
          '/openid/v1/jwks',
          '/openid/v1/jwks/',
        ],
        verbs: ['get'],
      },
    ],
    groups: ['system:serviceaccounts'],
  },
  {
    name: 'system:public-info-viewer',
    rules: [{ nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version', '/version/'], verbs: ['get'] }],
    groups: ['system:authenticated', 'system:unauthenticated'],
  },
];

/** Creates what every cluster has from the start: four namespaces and the roles everybody relies on. */
export async function createDefaults(ground: Ground): Promise<void> {
  const client = new InternalClient(ground, 'bootstrap', 'kube-apiserver');
  const { registry } = ground;
  for (const name of ['kube-system', 'default', 'kube-public', 'kube-node-lease']) {
    const labels = name === 'kube-system' ? { 'kubesphere-federation/sandbox': 'true' } : {};
    await client.create(registry.builtin('', 'namespaces'), { metadata: { name, labels } });
  }
  for (const { name, rules, groups } of roles) {
    await client.create(registry.builtin(rbac, 'clusterroles'), { metadata: { name }, rules });
    await client.create(registry.builtin(rbac, 'clusterrolebindings'), {
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
      subjects: groups.map((group) => ({ apiGroup: rbac, kind: 'Group', name: group })),
    });
  }
}
