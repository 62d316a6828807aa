import type { KubeObject, Resource } from '../kube/objects.ts';
import { core, defineResource, type Untyped } from '../kube/resources.ts';
import { type FederatedObject, federatedKinds, kubesphere } from '../kubesphere/resources.ts';
import type { SandboxVersion } from './attach.ts';

/** A kind that a host's kubefed propagates, and the kind that it makes of it. */
export interface FederatedKind<T extends KubeObject = KubeObject> {
  readonly federated: Resource<FederatedObject>;
  readonly target: Resource<T>;
}

const application = { group: 'application.kubesphere.io', version: 'v1alpha1' } as const;

/** Kinds of an installation that nothing but the sandbox works with, or nobody at all. */
export const extra = Object.freeze({
  applications: defineResource<Untyped>({
    group: 'app.k8s.io',
    version: 'v1beta1',
    kind: 'Application',
    plural: 'applications',
    namespaced: true,
  }),
  devopsProjects: defineResource<Untyped>({
    group: 'devops.kubesphere.io',
    version: 'v1alpha3',
    kind: 'DevOpsProject',
    plural: 'devopsprojects',
  }),
  gateways: defineResource<Untyped>({
    group: 'gateway.kubesphere.io',
    version: 'v1alpha1',
    kind: 'Gateway',
    plural: 'gateways',
    namespaced: true,
  }),
  helmApplicationVersions: defineResource<Untyped>({
    ...application,
    kind: 'HelmApplicationVersion',
    plural: 'helmapplicationversions',
  }),
  helmCategories: defineResource<Untyped>({ ...application, kind: 'HelmCategory', plural: 'helmcategories' }),
  ipPools: defineResource<Untyped>({
    group: 'network.kubesphere.io',
    version: 'v1alpha1',
    kind: 'IPPool',
    plural: 'ippools',
  }),
  loginRecords: defineResource<Untyped>({
    group: 'iam.kubesphere.io',
    version: 'v1alpha2',
    kind: 'LoginRecord',
    plural: 'loginrecords',
  }),
  namespaceNetworkPolicies: defineResource<Untyped>({
    group: 'network.kubesphere.io',
    version: 'v1alpha1',
    kind: 'NamespaceNetworkPolicy',
    plural: 'namespacenetworkpolicies',
    namespaced: true,
  }),
});

/** Settings of kubefed: a plain object here, its controllers have those that KubeSphere gives it. */
const kubeFedConfigs = defineResource<Untyped>({
  group: kubesphere.kubeFedClusters.group,
  version: kubesphere.kubeFedClusters.version,
  kind: 'KubeFedConfig',
  plural: 'kubefedconfigs',
  namespaced: true,
});

const namespaced = (group: string, kind: string, plural: string): Resource<Untyped> =>
  defineResource({ group, version: 'v1', kind, plural, namespaced: true });

/** Kubernetes' own kinds that are propagated besides those of {@link federatedKinds} (domain reference, 1.6). */
const propagated: readonly Resource[] = [
  core.clusterRoles,
  core.clusterRoleBindings,
  core.serviceAccounts,
  extra.applications,
  namespaced('networking.k8s.io', 'Ingress', 'ingresses'),
  namespaced('batch', 'Job', 'jobs'),
  namespaced('', 'LimitRange', 'limitranges'),
  namespaced('apps', 'ReplicaSet', 'replicasets'),
  namespaced('', 'Service', 'services'),
  namespaced('apps', 'StatefulSet', 'statefulsets'),
];

function federatedOf(target: Resource, prefix: string, version: string): FederatedKind {
  const federated = defineResource<FederatedObject>({
    group: kubesphere.federatedUsers.group,
    version,
    kind: `Federated${prefix}${target.kind}`,
    plural: `federated${prefix.toLowerCase()}${target.plural}`,
    namespaced: target.namespaced,
  });
  return { federated, target };
}

/** Kinds of the notification settings, which a host copies to all its members. */
export function notificationKinds(version: SandboxVersion): readonly FederatedKind<Untyped>[] {
  const kinds = [
    ['Config', 'configs'],
    ['Receiver', 'receivers'],
    ...(version === '3.3'
      ? []
      : ([
          ['NotificationManager', 'notificationmanagers'],
          ['Router', 'routers'],
          ['Silence', 'silences'],
        ] as const)),
  ] as const;
  const [target, federated] = version === '3.3' ? ['v2beta1', 'v1beta1'] : ['v2beta2', 'v1beta2'];
  return kinds.map(([kind, plural]) => {
    const resource = defineResource<Untyped>({ group: 'notification.kubesphere.io', version: target, kind, plural });
    const { federated: wrapped } =
      kind === 'NotificationManager'
        ? federatedOf(resource, '', federated)
        : federatedOf(resource, 'Notification', federated);
    return { federated: wrapped, target: resource };
  });
}

/** Every kind that the kubefed of a version propagates (ks-installer, roles/ks-multicluster/files/kubefed/federatedcrds). */
export function propagatedKinds(version: SandboxVersion): readonly FederatedKind[] {
  const known = federatedKinds.map(({ federated, target }): FederatedKind => {
    const resource: Resource = target;
    return { federated, target: resource };
  });
  return [...known, ...propagated.map((target) => federatedOf(target, '', 'v1beta1')), ...notificationKinds(version)];
}

const ofKubefed = ({ group }: Resource): boolean => group.endsWith('kubefed.io');

/** Kinds that every installation serves. */
export function installedKinds(version: SandboxVersion): readonly Resource[] {
  return [
    ...Object.values<Resource>(kubesphere).filter((resource) => !ofKubefed(resource)),
    ...Object.values<Resource>(extra),
    ...notificationKinds(version).map(({ target }): Resource => target),
  ];
}

/** Kinds that come with kubefed, so that only a host, or what was one once, serves them. */
export function kubefedKinds(version: SandboxVersion): readonly Resource[] {
  return [
    kubesphere.kubeFedClusters,
    kubeFedConfigs,
    ...propagatedKinds(version).map(({ federated }): Resource => federated),
  ];
}
