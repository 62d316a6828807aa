/** Made by `npm run rights` from the requests of each method; see `requiredRules`. */

/** A method of the modules that {@link requiredRules} knows. */
export type MethodName =
  | 'clusters.agentManifest'
  | 'clusters.alignJwtSecret'
  | 'clusters.authorize'
  | 'clusters.get'
  | 'clusters.import'
  | 'clusters.list'
  | 'clusters.preflight'
  | 'clusters.prepareMember'
  | 'clusters.revoke'
  | 'clusters.setVisibility'
  | 'clusters.unbind'
  | 'clusters.updateKubeconfig'
  | 'clusters.waitUntilReady'
  | 'clusters.watch'
  | 'components.diff'
  | 'components.disable'
  | 'components.enable'
  | 'components.status'
  | 'components.waitUntilReady'
  | 'federation.overview'
  | 'namespaces.bind'
  | 'namespaces.create'
  | 'namespaces.delete'
  | 'namespaces.get'
  | 'namespaces.inviteUser'
  | 'namespaces.limitRanges'
  | 'namespaces.list'
  | 'namespaces.listAcross'
  | 'namespaces.protect'
  | 'namespaces.protections'
  | 'namespaces.quotas'
  | 'namespaces.removeUser'
  | 'namespaces.setLimitRange'
  | 'namespaces.setQuota'
  | 'namespaces.transfer'
  | 'namespaces.unbind'
  | 'namespaces.unprotect'
  | 'namespaces.users'
  | 'namespaces.watch'
  | 'users.create'
  | 'users.delete'
  | 'users.disable'
  | 'users.enable'
  | 'users.get'
  | 'users.globalRoles'
  | 'users.grantCluster'
  | 'users.list'
  | 'users.revokeCluster'
  | 'users.setGlobalRole'
  | 'users.setPassword'
  | 'users.syncStatus'
  | 'users.update'
  | 'users.waitUntilSynced'
  | 'users.watch'
  | 'workspaces.adopt'
  | 'workspaces.create'
  | 'workspaces.delete'
  | 'workspaces.drift'
  | 'workspaces.get'
  | 'workspaces.inviteUser'
  | 'workspaces.list'
  | 'workspaces.placement'
  | 'workspaces.quotas'
  | 'workspaces.removeQuota'
  | 'workspaces.removeUser'
  | 'workspaces.setPlacement'
  | 'workspaces.setQuota'
  | 'workspaces.update'
  | 'workspaces.users'
  | 'workspaces.watch';

/** Rights by the cluster on which they are needed, each as `verb plural.group`. */
export interface Rights {
  readonly host: readonly string[];
  readonly members: readonly string[];
}

export const rights: Readonly<Record<MethodName | 'connect', Rights>> = {
  'clusters.agentManifest': { host: ['get clusters.cluster.kubesphere.io'], members: [] },
  'clusters.alignJwtSecret': {
    host: [],
    members: [
      'get configmaps',
      'list configmaps',
      'patch clusterconfigurations.installer.kubesphere.io',
      'watch configmaps',
    ],
  },
  'clusters.authorize': {
    host: [
      'get clusters.cluster.kubesphere.io',
      'get workspacetemplates.tenant.kubesphere.io',
      'list clusters.cluster.kubesphere.io',
      'list federatedworkspaces.types.kubefed.io',
      'list kubefedclusters.core.kubefed.io',
      'patch workspacetemplates.tenant.kubesphere.io',
    ],
    members: ['list workspaces.tenant.kubesphere.io'],
  },
  'clusters.get': { host: ['get clusters.cluster.kubesphere.io'], members: [] },
  'clusters.import': {
    host: [
      'create clusters.cluster.kubesphere.io',
      'get clusters.cluster.kubesphere.io',
      'list clusters.cluster.kubesphere.io',
      'list kubefedclusters.core.kubefed.io',
      'patch clusters.cluster.kubesphere.io',
      'watch clusters.cluster.kubesphere.io',
      'watch kubefedclusters.core.kubefed.io',
    ],
    members: [],
  },
  'clusters.list': { host: ['list clusters.cluster.kubesphere.io'], members: [] },
  'clusters.preflight': {
    host: [
      'get deployments.apps',
      'get validatingwebhookconfigurations.admissionregistration.k8s.io',
      'list clusters.cluster.kubesphere.io',
      'list federatednamespaces.types.kubefed.io',
      'list kubefedclusters.core.kubefed.io',
      'list users.iam.kubesphere.io',
      'list workspacetemplates.tenant.kubesphere.io',
    ],
    members: [],
  },
  'clusters.prepareMember': {
    host: [],
    members: [
      'get configmaps',
      'list clusters.cluster.kubesphere.io',
      'list configmaps',
      'list kubefedclusters.core.kubefed.io',
      'patch clusterconfigurations.installer.kubesphere.io',
      'watch configmaps',
    ],
  },
  'clusters.revoke': {
    host: [
      'create configmaps',
      'create leases.coordination.k8s.io',
      'delete configmaps',
      'delete leases.coordination.k8s.io',
      'get clusters.cluster.kubesphere.io',
      'get leases.coordination.k8s.io',
      'get workspacetemplates.tenant.kubesphere.io',
      'list clusters.cluster.kubesphere.io',
      'list configmaps',
      'list federatedworkspaces.types.kubefed.io',
      'list helmreleases.application.kubesphere.io',
      'list kubefedclusters.core.kubefed.io',
      'patch leases.coordination.k8s.io',
      'patch workspacetemplates.tenant.kubesphere.io',
    ],
    members: [
      'create namespaces',
      'create validatingadmissionpolicies.admissionregistration.k8s.io',
      'create validatingadmissionpolicybindings.admissionregistration.k8s.io',
      'delete namespaces',
      'delete validatingadmissionpolicies.admissionregistration.k8s.io',
      'delete validatingadmissionpolicybindings.admissionregistration.k8s.io',
      'get validatingadmissionpolicies.admissionregistration.k8s.io',
      'get validatingadmissionpolicybindings.admissionregistration.k8s.io',
      'get workspaces.tenant.kubesphere.io',
      'list *.*',
      'patch namespaces',
      'watch namespaces',
    ],
  },
  'clusters.setVisibility': {
    host: ['get clusters.cluster.kubesphere.io', 'patch clusters.cluster.kubesphere.io'],
    members: [],
  },
  'clusters.unbind': {
    host: [
      'create clusters.cluster.kubesphere.io',
      'create configmaps',
      'create leases.coordination.k8s.io',
      'create secrets',
      'delete clusters.cluster.kubesphere.io',
      'delete configmaps',
      'delete leases.coordination.k8s.io',
      'delete secrets',
      'get clusters.cluster.kubesphere.io',
      'get kubefedclusters.core.kubefed.io',
      'get leases.coordination.k8s.io',
      'get secrets',
      'get validatingwebhookconfigurations.admissionregistration.k8s.io',
      'list *.*',
      'patch leases.coordination.k8s.io',
    ],
    members: [
      'create clusterrolebindings.rbac.authorization.k8s.io',
      'create clusterroles.rbac.authorization.k8s.io',
      'create serviceaccounts',
      'delete clusterrolebindings.rbac.authorization.k8s.io',
      'delete clusterroles.rbac.authorization.k8s.io',
      'delete serviceaccounts',
      'get clusterrolebindings.rbac.authorization.k8s.io',
      'get clusterroles.rbac.authorization.k8s.io',
      'get configmaps',
      'get serviceaccounts',
      'list *.*',
    ],
  },
  'clusters.updateKubeconfig': {
    host: [
      'create configmaps',
      'create leases.coordination.k8s.io',
      'create secrets',
      'delete configmaps',
      'delete leases.coordination.k8s.io',
      'delete secrets',
      'get clusters.cluster.kubesphere.io',
      'get leases.coordination.k8s.io',
      'get secrets',
      'list clusters.cluster.kubesphere.io',
      'list configmaps',
      'list kubefedclusters.core.kubefed.io',
      'patch clusters.cluster.kubesphere.io',
      'patch leases.coordination.k8s.io',
      'watch clusters.cluster.kubesphere.io',
    ],
    members: [],
  },
  'clusters.waitUntilReady': {
    host: [
      'get clusters.cluster.kubesphere.io',
      'list clusters.cluster.kubesphere.io',
      'list federatedworkspaces.types.kubefed.io',
      'list kubefedclusters.core.kubefed.io',
      'watch clusters.cluster.kubesphere.io',
    ],
    members: [],
  },
  'clusters.watch': { host: ['list clusters.cluster.kubesphere.io'], members: [] },
  'components.diff': { host: ['list clusters.cluster.kubesphere.io'], members: ['get configmaps'] },
  'components.disable': { host: [], members: ['patch clusterconfigurations.installer.kubesphere.io'] },
  'components.enable': { host: [], members: ['patch clusterconfigurations.installer.kubesphere.io'] },
  'components.status': { host: ['list clusters.cluster.kubesphere.io'], members: ['get configmaps'] },
  'components.waitUntilReady': {
    host: [],
    members: [
      'list clusterconfigurations.installer.kubesphere.io',
      'watch clusterconfigurations.installer.kubesphere.io',
    ],
  },
  connect: {
    host: ['get clusterconfigurations.installer.kubesphere.io', 'get configmaps', 'get namespaces'],
    members: ['get clusterconfigurations.installer.kubesphere.io', 'get namespaces'],
  },
  'federation.overview': {
    host: [
      'list clusters.cluster.kubesphere.io',
      'list namespaces',
      'list workspaces.tenant.kubesphere.io',
      'list workspacetemplates.tenant.kubesphere.io',
    ],
    members: ['get configmaps', 'list namespaces', 'list workspaces.tenant.kubesphere.io'],
  },
  'namespaces.bind': {
    host: ['list helmreleases.application.kubesphere.io'],
    members: [
      'get workspaces.tenant.kubesphere.io',
      'list helmreleases.application.kubesphere.io',
      'list ippools.network.kubesphere.io',
      'list resourcequotas.quota.kubesphere.io',
      'patch namespaces',
    ],
  },
  'namespaces.create': {
    host: [
      'get federatednamespaces.types.kubefed.io',
      'get workspacetemplates.tenant.kubesphere.io',
      'list clusters.cluster.kubesphere.io',
    ],
    members: [
      'create namespaces',
      'get users.iam.kubesphere.io',
      'get workspaces.tenant.kubesphere.io',
      'list namespaces',
      'list roles.rbac.authorization.k8s.io',
    ],
  },
  'namespaces.delete': {
    host: ['list helmreleases.application.kubesphere.io'],
    members: ['delete namespaces', 'list *.*', 'watch namespaces'],
  },
  'namespaces.get': { host: [], members: [] },
  'namespaces.inviteUser': {
    host: [
      'create configmaps',
      'create leases.coordination.k8s.io',
      'delete configmaps',
      'delete leases.coordination.k8s.io',
      'get leases.coordination.k8s.io',
      'list configmaps',
      'patch leases.coordination.k8s.io',
    ],
    members: [
      'create rolebindings.rbac.authorization.k8s.io',
      'delete rolebindings.rbac.authorization.k8s.io',
      'get rolebindings.rbac.authorization.k8s.io',
      'get users.iam.kubesphere.io',
      'list rolebindings.rbac.authorization.k8s.io',
      'list roles.rbac.authorization.k8s.io',
    ],
  },
  'namespaces.limitRanges': { host: [], members: ['list limitranges'] },
  'namespaces.list': { host: [], members: ['list namespaces'] },
  'namespaces.listAcross': {
    host: ['list clusters.cluster.kubesphere.io', 'list namespaces'],
    members: ['list namespaces'],
  },
  'namespaces.protect': {
    host: [],
    members: [
      'create validatingadmissionpolicies.admissionregistration.k8s.io',
      'create validatingadmissionpolicybindings.admissionregistration.k8s.io',
      'delete namespaces',
      'get validatingadmissionpolicies.admissionregistration.k8s.io',
      'get validatingadmissionpolicybindings.admissionregistration.k8s.io',
      'list namespaces',
    ],
  },
  'namespaces.protections': {
    host: [],
    members: [
      'list validatingadmissionpolicies.admissionregistration.k8s.io',
      'list validatingadmissionpolicybindings.admissionregistration.k8s.io',
      'list validatingwebhookconfigurations.admissionregistration.k8s.io',
    ],
  },
  'namespaces.quotas': { host: [], members: ['list resourcequotas'] },
  'namespaces.removeUser': {
    host: [
      'create configmaps',
      'create leases.coordination.k8s.io',
      'delete configmaps',
      'delete leases.coordination.k8s.io',
      'get leases.coordination.k8s.io',
      'list configmaps',
      'patch leases.coordination.k8s.io',
    ],
    members: [
      'create rolebindings.rbac.authorization.k8s.io',
      'delete rolebindings.rbac.authorization.k8s.io',
      'get rolebindings.rbac.authorization.k8s.io',
      'list rolebindings.rbac.authorization.k8s.io',
    ],
  },
  'namespaces.setLimitRange': { host: [], members: ['get limitranges', 'list limitranges', 'patch limitranges'] },
  'namespaces.setQuota': { host: [], members: ['create resourcequotas', 'get resourcequotas', 'patch resourcequotas'] },
  'namespaces.transfer': {
    host: [
      'create configmaps',
      'create leases.coordination.k8s.io',
      'delete configmaps',
      'delete leases.coordination.k8s.io',
      'get helmreleases.application.kubesphere.io',
      'get leases.coordination.k8s.io',
      'list configmaps',
      'list helmreleases.application.kubesphere.io',
      'patch helmreleases.application.kubesphere.io',
      'patch leases.coordination.k8s.io',
    ],
    members: [
      'get helmreleases.application.kubesphere.io',
      'get workspaces.tenant.kubesphere.io',
      'list helmreleases.application.kubesphere.io',
      'list ippools.network.kubesphere.io',
      'list resourcequotas.quota.kubesphere.io',
      'patch helmreleases.application.kubesphere.io',
      'patch namespaces',
    ],
  },
  'namespaces.unbind': {
    host: ['list helmreleases.application.kubesphere.io'],
    members: [
      'get workspaces.tenant.kubesphere.io',
      'list helmreleases.application.kubesphere.io',
      'list ippools.network.kubesphere.io',
      'list resourcequotas.quota.kubesphere.io',
      'patch namespaces',
    ],
  },
  'namespaces.unprotect': {
    host: [],
    members: [
      'delete namespaces',
      'delete validatingadmissionpolicies.admissionregistration.k8s.io',
      'delete validatingadmissionpolicybindings.admissionregistration.k8s.io',
      'get validatingadmissionpolicies.admissionregistration.k8s.io',
      'get validatingadmissionpolicybindings.admissionregistration.k8s.io',
      'get validatingwebhookconfigurations.admissionregistration.k8s.io',
      'list namespaces',
    ],
  },
  'namespaces.users': { host: [], members: ['list rolebindings.rbac.authorization.k8s.io'] },
  'namespaces.watch': { host: [], members: ['list namespaces'] },
  'users.create': {
    host: [
      'create configmaps',
      'create globalrolebindings.iam.kubesphere.io',
      'create leases.coordination.k8s.io',
      'create users.iam.kubesphere.io',
      'delete configmaps',
      'delete globalrolebindings.iam.kubesphere.io',
      'delete leases.coordination.k8s.io',
      'delete users.iam.kubesphere.io',
      'get globalrolebindings.iam.kubesphere.io',
      'get leases.coordination.k8s.io',
      'get users.iam.kubesphere.io',
      'list configmaps',
      'list federatedusers.types.kubefed.io',
      'list globalrolebindings.iam.kubesphere.io',
      'list globalroles.iam.kubesphere.io',
      'list users.iam.kubesphere.io',
      'patch leases.coordination.k8s.io',
      'patch users.iam.kubesphere.io',
      'watch users.iam.kubesphere.io',
    ],
    members: [],
  },
  'users.delete': {
    host: [
      'delete users.iam.kubesphere.io',
      'get users.iam.kubesphere.io',
      'list *.*',
      'watch users.iam.kubesphere.io',
    ],
    members: ['get users.iam.kubesphere.io'],
  },
  'users.disable': {
    host: [
      'get users.iam.kubesphere.io',
      'list federatedusers.types.kubefed.io',
      'list globalrolebindings.iam.kubesphere.io',
      'patch users.iam.kubesphere.io',
    ],
    members: [],
  },
  'users.enable': {
    host: ['get users.iam.kubesphere.io', 'list federatedusers.types.kubefed.io', 'patch users.iam.kubesphere.io'],
    members: [],
  },
  'users.get': { host: ['get users.iam.kubesphere.io', 'list globalrolebindings.iam.kubesphere.io'], members: [] },
  'users.globalRoles': {
    host: ['list globalrolebindings.iam.kubesphere.io', 'list globalroles.iam.kubesphere.io'],
    members: [],
  },
  'users.grantCluster': {
    host: [
      'create configmaps',
      'create leases.coordination.k8s.io',
      'delete configmaps',
      'delete leases.coordination.k8s.io',
      'get leases.coordination.k8s.io',
      'get users.iam.kubesphere.io',
      'list configmaps',
      'patch leases.coordination.k8s.io',
    ],
    members: [
      'create clusterrolebindings.rbac.authorization.k8s.io',
      'delete clusterrolebindings.rbac.authorization.k8s.io',
      'get clusterrolebindings.rbac.authorization.k8s.io',
      'get users.iam.kubesphere.io',
      'list clusterrolebindings.rbac.authorization.k8s.io',
      'list clusterroles.rbac.authorization.k8s.io',
    ],
  },
  'users.list': { host: ['list users.iam.kubesphere.io'], members: [] },
  'users.revokeCluster': {
    host: [
      'create configmaps',
      'create leases.coordination.k8s.io',
      'delete configmaps',
      'delete leases.coordination.k8s.io',
      'get leases.coordination.k8s.io',
      'list configmaps',
      'patch leases.coordination.k8s.io',
    ],
    members: [
      'create clusterrolebindings.rbac.authorization.k8s.io',
      'delete clusterrolebindings.rbac.authorization.k8s.io',
      'get clusterrolebindings.rbac.authorization.k8s.io',
      'list clusterrolebindings.rbac.authorization.k8s.io',
    ],
  },
  'users.setGlobalRole': {
    host: [
      'create configmaps',
      'create globalrolebindings.iam.kubesphere.io',
      'create leases.coordination.k8s.io',
      'delete configmaps',
      'delete globalrolebindings.iam.kubesphere.io',
      'delete leases.coordination.k8s.io',
      'get globalrolebindings.iam.kubesphere.io',
      'get leases.coordination.k8s.io',
      'get users.iam.kubesphere.io',
      'list configmaps',
      'list globalrolebindings.iam.kubesphere.io',
      'list globalroles.iam.kubesphere.io',
      'patch leases.coordination.k8s.io',
    ],
    members: [],
  },
  'users.setPassword': {
    host: [
      'get users.iam.kubesphere.io',
      'list users.iam.kubesphere.io',
      'patch users.iam.kubesphere.io',
      'watch users.iam.kubesphere.io',
    ],
    members: [],
  },
  'users.syncStatus': {
    host: ['get federatedusers.types.kubefed.io', 'get users.iam.kubesphere.io', 'list clusters.cluster.kubesphere.io'],
    members: ['get users.iam.kubesphere.io'],
  },
  'users.update': {
    host: ['get users.iam.kubesphere.io', 'list federatedusers.types.kubefed.io', 'patch users.iam.kubesphere.io'],
    members: [],
  },
  'users.waitUntilSynced': {
    host: ['get federatedusers.types.kubefed.io', 'get users.iam.kubesphere.io', 'list clusters.cluster.kubesphere.io'],
    members: ['get users.iam.kubesphere.io'],
  },
  'users.watch': { host: ['list users.iam.kubesphere.io'], members: [] },
  'workspaces.adopt': {
    host: [
      'create configmaps',
      'create leases.coordination.k8s.io',
      'create workspacetemplates.tenant.kubesphere.io',
      'delete configmaps',
      'delete leases.coordination.k8s.io',
      'delete workspacetemplates.tenant.kubesphere.io',
      'get leases.coordination.k8s.io',
      'get users.iam.kubesphere.io',
      'get workspacetemplates.tenant.kubesphere.io',
      'list clusters.cluster.kubesphere.io',
      'list configmaps',
      'list federatedworkspaces.types.kubefed.io',
      'list kubefedclusters.core.kubefed.io',
      'patch leases.coordination.k8s.io',
      'patch workspacetemplates.tenant.kubesphere.io',
    ],
    members: [
      'create namespaces',
      'create validatingadmissionpolicies.admissionregistration.k8s.io',
      'create validatingadmissionpolicybindings.admissionregistration.k8s.io',
      'create workspaces.tenant.kubesphere.io',
      'delete namespaces',
      'delete validatingadmissionpolicies.admissionregistration.k8s.io',
      'delete validatingadmissionpolicybindings.admissionregistration.k8s.io',
      'delete workspaces.tenant.kubesphere.io',
      'get validatingadmissionpolicies.admissionregistration.k8s.io',
      'get validatingadmissionpolicybindings.admissionregistration.k8s.io',
      'get workspaces.tenant.kubesphere.io',
      'get workspacetemplates.tenant.kubesphere.io',
      'list helmapplications.application.kubesphere.io',
      'list helmreleases.application.kubesphere.io',
      'list helmrepos.application.kubesphere.io',
      'list namespaces',
      'list workspacerolebindings.iam.kubesphere.io',
      'list workspaceroles.iam.kubesphere.io',
      'list workspaces.tenant.kubesphere.io',
    ],
  },
  'workspaces.create': {
    host: [
      'create configmaps',
      'create leases.coordination.k8s.io',
      'create workspacetemplates.tenant.kubesphere.io',
      'delete configmaps',
      'delete leases.coordination.k8s.io',
      'delete workspacetemplates.tenant.kubesphere.io',
      'get leases.coordination.k8s.io',
      'get users.iam.kubesphere.io',
      'get workspacetemplates.tenant.kubesphere.io',
      'list configmaps',
      'list federatedworkspaces.types.kubefed.io',
      'patch leases.coordination.k8s.io',
      'patch workspacetemplates.tenant.kubesphere.io',
    ],
    members: ['get workspaces.tenant.kubesphere.io', 'list namespaces', 'list workspaces.tenant.kubesphere.io'],
  },
  'workspaces.delete': {
    host: [
      'create configmaps',
      'create leases.coordination.k8s.io',
      'create workspacetemplates.tenant.kubesphere.io',
      'delete configmaps',
      'delete leases.coordination.k8s.io',
      'delete workspacetemplates.tenant.kubesphere.io',
      'get federatedworkspaces.types.kubefed.io',
      'get leases.coordination.k8s.io',
      'get workspaces.tenant.kubesphere.io',
      'get workspacetemplates.tenant.kubesphere.io',
      'list *.*',
      'patch leases.coordination.k8s.io',
      'patch workspacetemplates.tenant.kubesphere.io',
      'watch federatedworkspaces.types.kubefed.io',
    ],
    members: [
      'create namespaces',
      'delete namespaces',
      'get workspaces.tenant.kubesphere.io',
      'get workspacetemplates.tenant.kubesphere.io',
      'list *.*',
      'patch namespaces',
      'watch namespaces',
    ],
  },
  'workspaces.drift': {
    host: ['list clusters.cluster.kubesphere.io', 'list workspacetemplates.tenant.kubesphere.io'],
    members: [
      'list helmapplications.application.kubesphere.io',
      'list helmreleases.application.kubesphere.io',
      'list helmrepos.application.kubesphere.io',
      'list namespaces',
      'list workspaces.tenant.kubesphere.io',
      'list workspacetemplates.tenant.kubesphere.io',
    ],
  },
  'workspaces.get': { host: ['get workspacetemplates.tenant.kubesphere.io'], members: [] },
  'workspaces.inviteUser': {
    host: [
      'create configmaps',
      'create leases.coordination.k8s.io',
      'create workspacerolebindings.iam.kubesphere.io',
      'delete configmaps',
      'delete leases.coordination.k8s.io',
      'delete workspacerolebindings.iam.kubesphere.io',
      'get leases.coordination.k8s.io',
      'get users.iam.kubesphere.io',
      'get workspacerolebindings.iam.kubesphere.io',
      'get workspacetemplates.tenant.kubesphere.io',
      'list clusters.cluster.kubesphere.io',
      'list configmaps',
      'list workspacerolebindings.iam.kubesphere.io',
      'list workspaceroles.iam.kubesphere.io',
      'patch leases.coordination.k8s.io',
    ],
    members: ['list workspacerolebindings.iam.kubesphere.io', 'watch workspacerolebindings.iam.kubesphere.io'],
  },
  'workspaces.list': { host: ['list workspacetemplates.tenant.kubesphere.io'], members: [] },
  'workspaces.placement': {
    host: [
      'get workspacetemplates.tenant.kubesphere.io',
      'list clusters.cluster.kubesphere.io',
      'list kubefedclusters.core.kubefed.io',
    ],
    members: [],
  },
  'workspaces.quotas': {
    host: [
      'get workspacetemplates.tenant.kubesphere.io',
      'list clusters.cluster.kubesphere.io',
      'list resourcequotas.quota.kubesphere.io',
    ],
    members: ['list resourcequotas.quota.kubesphere.io'],
  },
  'workspaces.removeQuota': {
    host: ['get workspacetemplates.tenant.kubesphere.io'],
    members: [
      'delete resourcequotas.quota.kubesphere.io',
      'get resourcequotas.quota.kubesphere.io',
      'list resourcequotas.quota.kubesphere.io',
    ],
  },
  'workspaces.removeUser': {
    host: [
      'create configmaps',
      'create leases.coordination.k8s.io',
      'create workspacerolebindings.iam.kubesphere.io',
      'delete configmaps',
      'delete leases.coordination.k8s.io',
      'delete workspacerolebindings.iam.kubesphere.io',
      'get leases.coordination.k8s.io',
      'get workspacerolebindings.iam.kubesphere.io',
      'get workspacetemplates.tenant.kubesphere.io',
      'list clusters.cluster.kubesphere.io',
      'list configmaps',
      'list workspacerolebindings.iam.kubesphere.io',
      'list workspaceroles.iam.kubesphere.io',
      'patch leases.coordination.k8s.io',
    ],
    members: ['list workspacerolebindings.iam.kubesphere.io'],
  },
  'workspaces.setPlacement': {
    host: [
      'create configmaps',
      'create leases.coordination.k8s.io',
      'delete configmaps',
      'delete leases.coordination.k8s.io',
      'get leases.coordination.k8s.io',
      'get workspacetemplates.tenant.kubesphere.io',
      'list clusters.cluster.kubesphere.io',
      'list configmaps',
      'list federatedworkspaces.types.kubefed.io',
      'list helmreleases.application.kubesphere.io',
      'list kubefedclusters.core.kubefed.io',
      'patch leases.coordination.k8s.io',
      'patch workspacetemplates.tenant.kubesphere.io',
    ],
    members: [
      'create namespaces',
      'create validatingadmissionpolicies.admissionregistration.k8s.io',
      'create validatingadmissionpolicybindings.admissionregistration.k8s.io',
      'delete namespaces',
      'delete validatingadmissionpolicies.admissionregistration.k8s.io',
      'delete validatingadmissionpolicybindings.admissionregistration.k8s.io',
      'get validatingadmissionpolicies.admissionregistration.k8s.io',
      'get validatingadmissionpolicybindings.admissionregistration.k8s.io',
      'get workspaces.tenant.kubesphere.io',
      'list *.*',
      'list workspaces.tenant.kubesphere.io',
      'patch namespaces',
      'watch namespaces',
    ],
  },
  'workspaces.setQuota': {
    host: ['get workspacetemplates.tenant.kubesphere.io'],
    members: [
      'create resourcequotas.quota.kubesphere.io',
      'get resourcequotas.quota.kubesphere.io',
      'get workspaces.tenant.kubesphere.io',
      'list resourcequotas.quota.kubesphere.io',
      'patch resourcequotas.quota.kubesphere.io',
    ],
  },
  'workspaces.update': {
    host: [
      'get users.iam.kubesphere.io',
      'get workspacetemplates.tenant.kubesphere.io',
      'list federatedworkspaces.types.kubefed.io',
      'list workspacerolebindings.iam.kubesphere.io',
      'patch workspacetemplates.tenant.kubesphere.io',
    ],
    members: [],
  },
  'workspaces.users': {
    host: ['get workspacetemplates.tenant.kubesphere.io', 'list workspacerolebindings.iam.kubesphere.io'],
    members: [],
  },
  'workspaces.watch': { host: ['list workspacetemplates.tenant.kubesphere.io'], members: [] },
};
