import type { KubeObject } from '../kube/objects.ts';
import { core, defineResource, type RoleBinding, type Untyped } from '../kube/resources.ts';

/** One entry of `status.conditions`. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
  readonly lastUpdateTime?: string;
  readonly lastTransitionTime?: string;
}

/**
 * A member (or the host itself), on the host. Has no status subresource in 3.x: only PATCH it.
 * Its controller ignores it until `joinFederation` is true.
 */
export interface Cluster extends KubeObject {
  readonly spec: {
    readonly joinFederation?: boolean;
    readonly enable?: boolean;
    readonly provider?: string;
    readonly connection: {
      readonly type: 'direct' | 'proxy';
      readonly kubesphereAPIEndpoint?: string;
      readonly kubernetesAPIEndpoint?: string;
      /** Base64 of a kubeconfig: a secret. */
      readonly kubeconfig?: string;
      readonly token?: string;
    };
  };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly kubernetesVersion?: string;
    readonly kubeSphereVersion?: string;
    readonly nodeCount?: number;
    readonly configz?: Readonly<Record<string, boolean>>;
    /** UID of the member's kube-system namespace: the identity of the cluster. */
    readonly uid?: string;
  };
}

/** Which clusters a federated object or a workspace lives on. `clusters`, when there, wins over the selector, even empty. */
export interface Placement {
  readonly clusters?: readonly { readonly name: string }[];
  readonly clusterSelector?: { readonly matchLabels?: Readonly<Record<string, string>> };
}

/** What {@link WorkspaceTemplate} and FederatedWorkspace share. */
export interface FederatedSpec {
  readonly template: {
    readonly metadata?: {
      readonly labels?: Readonly<Record<string, string>>;
      readonly annotations?: Readonly<Record<string, string>>;
    };
    readonly spec?: { readonly manager?: string; readonly networkIsolation?: boolean };
  };
  readonly placement?: Placement;
  readonly overrides?: readonly object[];
}

/** The authoritative workspace, on the host; also on any cluster that was standalone or a host once. */
export interface WorkspaceTemplate extends KubeObject {
  readonly spec: FederatedSpec;
}

/** A workspace as it lives on one cluster; owner of its plain projects. */
export interface Workspace extends KubeObject {
  readonly spec?: { readonly manager?: string; readonly networkIsolation?: boolean };
}

/** Any kubefed object: what it propagates and what became of it on each cluster (`''` is well). */
export interface FederatedObject extends KubeObject {
  readonly spec: FederatedSpec | (Readonly<Record<string, unknown>> & { readonly placement?: Placement });
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly clusters?: readonly { readonly name: string; readonly status?: string }[];
  };
}

/** kubefed's view of a joined cluster, on the host in kube-federation-system. */
export interface KubeFedCluster extends KubeObject {
  readonly spec: {
    readonly apiEndpoint: string;
    readonly caBundle?: string;
    readonly secretRef: { readonly name: string };
  };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** A person's account. `password` is a bcrypt hash once its controller has seen it: a secret. */
export interface User extends KubeObject {
  readonly spec: {
    readonly email: string;
    readonly displayName?: string;
    readonly password?: string;
    readonly lang?: string;
    readonly groups?: readonly string[];
  };
  readonly status?: { readonly state?: string };
}

/** Puts users into a Group. */
export interface GroupBinding extends KubeObject {
  readonly groupRef: { readonly apiGroup: string; readonly kind: string; readonly name: string };
  readonly users?: readonly string[];
}

/** The installation of KubeSphere 3.x on one cluster; schemaless. */
export interface ClusterConfiguration extends KubeObject {
  readonly spec: Readonly<Record<string, unknown>> & {
    readonly authentication?: { readonly jwtSecret?: string };
    readonly multicluster?: { readonly clusterRole?: 'none' | 'host' | 'member' };
  };
  readonly status?: Readonly<Record<string, unknown>>;
}

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
  resourceQuotas: defineResource<Untyped>({
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
