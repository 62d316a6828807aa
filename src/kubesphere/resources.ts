import { core, defineResource, type RoleBinding, type Untyped } from '../kube/resources.ts';
import type { Cluster, ClusterConfiguration, KubeFedCluster } from './models/cluster.ts';
import type { GroupBinding, User } from './models/iam.ts';
import type { FederatedObject, Workspace, WorkspaceResourceQuota, WorkspaceTemplate } from './models/tenant.ts';

export type { Cluster, ClusterConfiguration, Condition, KubeFedCluster } from './models/cluster.ts';
export type { GroupBinding, User, UserState } from './models/iam.ts';
export type {
  FederatedObject,
  FederatedSpec,
  LabelSelector,
  Placement,
  Workspace,
  WorkspaceResourceQuota,
  WorkspaceTemplate,
} from './models/tenant.ts';

const types = { group: 'types.kubefed.io', version: 'v1beta1' } as const;
const iam = { group: 'iam.kubesphere.io', version: 'v1alpha2' } as const;

/** Resources of KubeSphere 3.x and its kubefed. */
export const kubesphere = Object.freeze({
  clusters: defineResource<Cluster>({
    group: 'cluster.kubesphere.io',
    version: 'v1alpha1',
    kind: 'Cluster',
    plural: 'clusters',
  }),
  workspaceTemplates: defineResource<WorkspaceTemplate>({
    group: 'tenant.kubesphere.io',
    version: 'v1alpha2',
    kind: 'WorkspaceTemplate',
    plural: 'workspacetemplates',
  }),
  workspaces: defineResource<Workspace>({
    group: 'tenant.kubesphere.io',
    version: 'v1alpha1',
    kind: 'Workspace',
    plural: 'workspaces',
  }),
  users: defineResource<User>({ ...iam, kind: 'User', plural: 'users' }),
  globalRoles: defineResource<Untyped>({ ...iam, kind: 'GlobalRole', plural: 'globalroles' }),
  globalRoleBindings: defineResource<RoleBinding>({ ...iam, kind: 'GlobalRoleBinding', plural: 'globalrolebindings' }),
  workspaceRoles: defineResource<Untyped>({ ...iam, kind: 'WorkspaceRole', plural: 'workspaceroles' }),
  workspaceRoleBindings: defineResource<RoleBinding>({
    ...iam,
    kind: 'WorkspaceRoleBinding',
    plural: 'workspacerolebindings',
  }),
  groups: defineResource<Untyped>({ ...iam, kind: 'Group', plural: 'groups' }),
  groupBindings: defineResource<GroupBinding>({ ...iam, kind: 'GroupBinding', plural: 'groupbindings' }),
  roleBases: defineResource<Untyped>({ ...iam, kind: 'RoleBase', plural: 'rolebases' }),
  clusterConfigurations: defineResource<ClusterConfiguration>({
    group: 'installer.kubesphere.io',
    version: 'v1alpha1',
    kind: 'ClusterConfiguration',
    plural: 'clusterconfigurations',
    namespaced: true,
  }),
  helmReleases: defineResource<Untyped>({
    group: 'application.kubesphere.io',
    version: 'v1alpha1',
    kind: 'HelmRelease',
    plural: 'helmreleases',
  }),
  helmRepos: defineResource<Untyped>({
    group: 'application.kubesphere.io',
    version: 'v1alpha1',
    kind: 'HelmRepo',
    plural: 'helmrepos',
  }),
  helmApplications: defineResource<Untyped>({
    group: 'application.kubesphere.io',
    version: 'v1alpha1',
    kind: 'HelmApplication',
    plural: 'helmapplications',
  }),
  resourceQuotas: defineResource<WorkspaceResourceQuota>({
    group: 'quota.kubesphere.io',
    version: 'v1alpha2',
    kind: 'ResourceQuota',
    plural: 'resourcequotas',
  }),
  kubeFedClusters: defineResource<KubeFedCluster>({
    group: 'core.kubefed.io',
    version: 'v1beta1',
    kind: 'KubeFedCluster',
    plural: 'kubefedclusters',
    namespaced: true,
  }),
  federatedWorkspaces: defineResource<FederatedObject>({
    ...types,
    kind: 'FederatedWorkspace',
    plural: 'federatedworkspaces',
  }),
  federatedUsers: defineResource<FederatedObject>({ ...types, kind: 'FederatedUser', plural: 'federatedusers' }),
  federatedGlobalRoles: defineResource<FederatedObject>({
    ...types,
    kind: 'FederatedGlobalRole',
    plural: 'federatedglobalroles',
  }),
  federatedGlobalRoleBindings: defineResource<FederatedObject>({
    ...types,
    kind: 'FederatedGlobalRoleBinding',
    plural: 'federatedglobalrolebindings',
  }),
  federatedWorkspaceRoles: defineResource<FederatedObject>({
    ...types,
    kind: 'FederatedWorkspaceRole',
    plural: 'federatedworkspaceroles',
  }),
  federatedWorkspaceRoleBindings: defineResource<FederatedObject>({
    ...types,
    kind: 'FederatedWorkspaceRoleBinding',
    plural: 'federatedworkspacerolebindings',
  }),
  federatedGroups: defineResource<FederatedObject>({ ...types, kind: 'FederatedGroup', plural: 'federatedgroups' }),
  federatedGroupBindings: defineResource<FederatedObject>({
    ...types,
    kind: 'FederatedGroupBinding',
    plural: 'federatedgroupbindings',
  }),
  federatedNamespaces: defineResource<FederatedObject>({
    ...types,
    kind: 'FederatedNamespace',
    plural: 'federatednamespaces',
    namespaced: true,
  }),
  federatedConfigMaps: defineResource<FederatedObject>({
    ...types,
    kind: 'FederatedConfigMap',
    plural: 'federatedconfigmaps',
    namespaced: true,
  }),
  federatedSecrets: defineResource<FederatedObject>({
    ...types,
    kind: 'FederatedSecret',
    plural: 'federatedsecrets',
    namespaced: true,
  }),
  federatedPersistentVolumeClaims: defineResource<FederatedObject>({
    ...types,
    kind: 'FederatedPersistentVolumeClaim',
    plural: 'federatedpersistentvolumeclaims',
    namespaced: true,
  }),
  federatedDeployments: defineResource<FederatedObject>({
    ...types,
    kind: 'FederatedDeployment',
    plural: 'federateddeployments',
    namespaced: true,
  }),
});

/** Kinds that kubefed propagates and this package works with, each with the kind it makes on members (domain reference, 1.6). */
export const federatedKinds = Object.freeze([
  { federated: kubesphere.federatedWorkspaces, target: kubesphere.workspaces },
  { federated: kubesphere.federatedUsers, target: kubesphere.users },
  { federated: kubesphere.federatedGlobalRoles, target: kubesphere.globalRoles },
  { federated: kubesphere.federatedGlobalRoleBindings, target: kubesphere.globalRoleBindings },
  { federated: kubesphere.federatedWorkspaceRoles, target: kubesphere.workspaceRoles },
  { federated: kubesphere.federatedWorkspaceRoleBindings, target: kubesphere.workspaceRoleBindings },
  { federated: kubesphere.federatedGroups, target: kubesphere.groups },
  { federated: kubesphere.federatedGroupBindings, target: kubesphere.groupBindings },
  { federated: kubesphere.federatedNamespaces, target: core.namespaces },
  { federated: kubesphere.federatedConfigMaps, target: core.configMaps },
  { federated: kubesphere.federatedSecrets, target: core.secrets },
  { federated: kubesphere.federatedPersistentVolumeClaims, target: core.persistentVolumeClaims },
  { federated: kubesphere.federatedDeployments, target: core.deployments },
] as const);
