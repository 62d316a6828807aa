/**
 * Names that KubeSphere 3.x and kubefed write on objects. Sources are KubeSphere v3.3.2 and kubefed v0.8.1, file and
 * line of each in the project's domain reference.
 */

/** Label of a project: its workspace, the single source of truth for membership (pkg/constants/constants.go). */
export const workspaceLabel = 'kubesphere.io/workspace';
/** Label set once on every namespace by the namespace controller: its own name. */
export const namespaceLabel = 'kubesphere.io/namespace';
/** Label of a DevOps project's backing namespace. */
export const devopsLabel = 'kubesphere.io/devopsproject';
/** Label of the host's own namespace behind a multi-cluster project (console v3.3.2 src/actions/federated.js:56). */
export const hostStubLabel = 'kubesphere.io/kubefed-host-namespace';
/** Label of a HelmRelease on a host: the cluster that it is installed on (pkg/models/openpitrix/release.go:194). */
export const releaseClusterLabel = 'kubesphere.io/cluster';
/** `true`: kubefed owns the object; `false`: kubefed must not touch it; absent: plain. */
export const managedLabel = 'kubefed.io/managed';
/** Label of the Cluster object that stands for the host itself. */
export const hostLabel = 'cluster-role.kubesphere.io/host';
/** Label of a Cluster: `public` or `private`; who may choose it for a workspace. It places nothing (domain reference, 4.4). */
export const visibilityLabel = 'cluster.kubesphere.io/visibility';
/** Label of a binding: whose it is. */
export const userLabel = 'iam.kubesphere.io/user-ref';
/** Label of a binding: of which Group it is. */
export const groupLabel = 'iam.kubesphere.io/group-ref';
/** Label of a role that is only a part to build roles of, and is given to nobody. */
export const roleTemplateLabel = 'iam.kubesphere.io/role-template';
/** Label of a user for whom another identity provider answers: no password is needed. */
export const identityProviderLabel = 'iam.kubesphere.io/identify-provider';
/** Annotation of a user: clusters where a binding names them, joined by commas; written by the host's cluster controller. */
export const grantedClustersAnnotation = 'iam.kubesphere.io/granted-clusters';
/** Annotation of a namespace: who created it and becomes its admin at first reconcile. */
export const creatorAnnotation = 'kubesphere.io/creator';
/** Annotations of people's words for a workspace or project: another name, and what it is for. */
export const aliasAnnotation = 'kubesphere.io/alias-name';
export const descriptionAnnotation = 'kubesphere.io/description';
/** kubefed's way to delete members' copies with given DeleteOptions, as JSON. */
export const deleteOptionAnnotation = 'kubefed.io/deleteoption';
/** Ours, on a project: JSON of the workspace and the run that unbound it. */
export const unboundAnnotation = 'kubesphere-federation/unbound-from';
/** Ours, on a Workspace of a host that left, which a shield kept from going with it: the run that takes it off once the shield is down. */
export const stayedAnnotation = 'kubesphere-federation/stayed';
/** Ours, on everything a run creates: the id of that run. */
export const runAnnotation = 'kubesphere-federation/run';
/** Ours, on what a new driver found half done: the epoch of that driver. */
export const epochAnnotation = 'kubesphere-federation/epoch';
/** Ours, the objectSelector of a webhook that was opened: no object bears such a label, so that none is asked about. */
export const openedLabel = 'kubesphere-federation/opened';
/** Ours, on kube-system of a cluster made for tests: shortened timings and memory journals are allowed there only. */
export const sandboxLabel = 'kubesphere-federation/sandbox';
/** Set by Kubernetes itself since 1.21: a namespace's own name. */
export const nameLabel = 'kubernetes.io/metadata.name';

/** Finalizers of KubeSphere 3.x. */
export const finalizers = Object.freeze({
  namespace: 'finalizers.kubesphere.io/namespaces',
  workspace: 'finalizers.tenant.kubesphere.io',
  workspaceTemplate: 'finalizers.workspacetemplate.kubesphere.io',
  /** A flag rather than a finalizer: its template's Workspace is deleted with orphan propagation. */
  orphan: 'orphan.finalizers.kubesphere.io',
  cluster: 'finalizer.cluster.kubesphere.io',
  user: 'finalizers.kubesphere.io/users',
  helmRelease: 'helmrelease.application.kubesphere.io',
  sync: 'kubefed.io/sync-controller',
});

/** Holds the installation on every cluster. */
export const kubesphereNamespace = 'kubesphere-system';
/** Holds kubefed's objects on a host, and a host's ServiceAccount on a member. */
export const kubefedNamespace = 'kube-federation-system';
/** Holds the secrets of notification settings; the installer of every host federates it to its members. */
export const notificationNamespace = 'kubesphere-monitoring-federated';
/** Every cluster has it, nothing moves or deletes it. */
export const systemWorkspace = 'system-workspace';
/** ClusterConfiguration and ConfigMap of an installation. */
export const installation = Object.freeze({
  configuration: 'ks-installer',
  config: 'kubesphere-config',
  secret: 'kubesphere-secret',
  configKey: 'kubesphere.yaml',
});

/** ValidatingWebhookConfiguration of 3.4 that lets a Cluster be updated only while its member answers (domain reference, 2.4). */
export const clusterWebhook = 'cluster.kubesphere.io';

/** ServiceAccount that a host creates on a member: the same for every host that calls it so (domain reference, 8.3). */
export const hostServiceAccount = (cluster: string): string => `${cluster}-kubesphere`;
/** ClusterRole and ClusterRoleBinding of {@link hostServiceAccount}. */
export const hostClusterRole = (cluster: string): string => `kubefed-controller-manager:${hostServiceAccount(cluster)}`;
/** Secret on the host with that account's token. */
export const hostSecret = (cluster: string): string => `${cluster}-secret`;

/** Namespaces that the installer puts into system-workspace: never part of a move unless named. */
export const systemNamespaces: ReadonlySet<string> = new Set([
  'default',
  'kube-public',
  'kube-system',
  'kube-node-lease',
  kubesphereNamespace,
  'kubesphere-controls-system',
  'kubesphere-monitoring-system',
  notificationNamespace,
  'kubesphere-logging-system',
  'kubesphere-devops-system',
  'istio-system',
  kubefedNamespace,
]);
