import type { MethodName, Rights } from './names.ts';

/** Made by `npm run rights` from the requests of each method; see `requiredRules`. */
export const clusters: Readonly<Record<Extract<MethodName, `clusters.${string}`>, Rights>> = {
  'clusters.agentManifest': { host: 'get clusters.cluster.kubesphere.io', members: '' },
  'clusters.alignJwtSecret': {
    host: 'get clusters.cluster.kubesphere.io, get secrets, list clusters.cluster.kubesphere.io',
    members:
      'get clusterconfigurations.installer.kubesphere.io, get configmaps, get namespaces, list configmaps, patch clusterconfigurations.installer.kubesphere.io, watch configmaps',
  },
  'clusters.authorize': {
    host: 'get clusters.cluster.kubesphere.io, get workspacetemplates.tenant.kubesphere.io, list clusters.cluster.kubesphere.io, list federatedworkspaces.types.kubefed.io, list kubefedclusters.core.kubefed.io, patch workspacetemplates.tenant.kubesphere.io, watch federatedworkspaces.types.kubefed.io',
    members:
      'get clusterconfigurations.installer.kubesphere.io, get namespaces, get workspaces.tenant.kubesphere.io, list namespaces, list workspaces.tenant.kubesphere.io, watch workspaces.tenant.kubesphere.io',
  },
  'clusters.get': { host: 'get clusters.cluster.kubesphere.io', members: '' },
  'clusters.import': {
    host: 'create clusters.cluster.kubesphere.io, create configmaps, create leases.coordination.k8s.io, create secrets, delete clusters.cluster.kubesphere.io, delete secrets, get clusters.cluster.kubesphere.io, get deployments.apps, get kubefedclusters.core.kubefed.io, get leases.coordination.k8s.io, get secrets, get validatingwebhookconfigurations.admissionregistration.k8s.io, list *.*, list clusters.cluster.kubesphere.io, list configmaps, list federatedglobalrolebindings.types.kubefed.io, list federatedglobalroles.types.kubefed.io, list federatednamespaces.types.kubefed.io, list federatedusers.types.kubefed.io, list federatedworkspacerolebindings.types.kubefed.io, list federatedworkspaceroles.types.kubefed.io, list federatedworkspaces.types.kubefed.io, list kubefedclusters.core.kubefed.io, list secrets, list users.iam.kubesphere.io, list workspacetemplates.tenant.kubesphere.io, patch clusters.cluster.kubesphere.io, patch leases.coordination.k8s.io, patch secrets, watch clusters.cluster.kubesphere.io, watch kubefedclusters.core.kubefed.io, watch secrets',
    members: '',
  },
  'clusters.list': { host: 'list clusters.cluster.kubesphere.io', members: '' },
  'clusters.preflight': {
    host: 'get deployments.apps, get secrets, get validatingwebhookconfigurations.admissionregistration.k8s.io, list clusters.cluster.kubesphere.io, list federatednamespaces.types.kubefed.io, list kubefedclusters.core.kubefed.io, list users.iam.kubesphere.io, list workspacetemplates.tenant.kubesphere.io',
    members: '',
  },
  'clusters.prepareMember': {
    host: 'get clusters.cluster.kubesphere.io, get secrets',
    members:
      'get clusterconfigurations.installer.kubesphere.io, get configmaps, get namespaces, list clusters.cluster.kubesphere.io, list configmaps, list kubefedclusters.core.kubefed.io, patch clusterconfigurations.installer.kubesphere.io, watch configmaps',
  },
  'clusters.revoke': {
    host: 'create configmaps, create leases.coordination.k8s.io, get clusters.cluster.kubesphere.io, get federatedworkspaces.types.kubefed.io, get kubefedclusters.core.kubefed.io, get leases.coordination.k8s.io, get workspacetemplates.tenant.kubesphere.io, list clusters.cluster.kubesphere.io, list configmaps, list federatedworkspaces.types.kubefed.io, list helmreleases.application.kubesphere.io, list kubefedclusters.core.kubefed.io, patch leases.coordination.k8s.io, patch workspacetemplates.tenant.kubesphere.io, watch federatedworkspaces.types.kubefed.io',
    members:
      'delete namespaces, get clusterconfigurations.installer.kubesphere.io, get namespaces, get workspaces.tenant.kubesphere.io, list *.*, patch namespaces, watch namespaces, watch workspaces.tenant.kubesphere.io',
    policy: {
      host: '',
      members:
        'create validatingadmissionpolicies.admissionregistration.k8s.io, create validatingadmissionpolicybindings.admissionregistration.k8s.io, delete validatingadmissionpolicies.admissionregistration.k8s.io, delete validatingadmissionpolicybindings.admissionregistration.k8s.io, get validatingadmissionpolicies.admissionregistration.k8s.io, get validatingadmissionpolicybindings.admissionregistration.k8s.io, patch validatingadmissionpolicies.admissionregistration.k8s.io, patch validatingadmissionpolicybindings.admissionregistration.k8s.io',
    },
    webhook: {
      host: '',
      members:
        'create validatingwebhookconfigurations.admissionregistration.k8s.io, delete validatingwebhookconfigurations.admissionregistration.k8s.io, get validatingwebhookconfigurations.admissionregistration.k8s.io, patch validatingwebhookconfigurations.admissionregistration.k8s.io',
    },
  },
  'clusters.rotateJwtSecret': {
    host: 'create configmaps, create leases.coordination.k8s.io, create secrets, delete secrets, get clusters.cluster.kubesphere.io, get leases.coordination.k8s.io, get secrets, list clusters.cluster.kubesphere.io, list configmaps, patch clusterconfigurations.installer.kubesphere.io, patch leases.coordination.k8s.io, patch secrets, watch configmaps',
    members:
      'get clusterconfigurations.installer.kubesphere.io, get configmaps, get namespaces, list configmaps, patch clusterconfigurations.installer.kubesphere.io, watch configmaps',
  },
  'clusters.setVisibility': {
    host: 'get clusters.cluster.kubesphere.io, list clusters.cluster.kubesphere.io, list federatedapplications.types.kubefed.io, list federatedclusterrolebindings.types.kubefed.io, list federatedclusterroles.types.kubefed.io, list federatedconfigmaps.types.kubefed.io, list federateddeployments.types.kubefed.io, list federatedglobalrolebindings.types.kubefed.io, list federatedglobalroles.types.kubefed.io, list federatedgroupbindings.types.kubefed.io, list federatedgroups.types.kubefed.io, list federatedingresses.types.kubefed.io, list federatedjobs.types.kubefed.io, list federatedlimitranges.types.kubefed.io, list federatednamespaces.types.kubefed.io, list federatednotificationconfigs.types.kubefed.io, list federatednotificationreceivers.types.kubefed.io, list federatedpersistentvolumeclaims.types.kubefed.io, list federatedreplicasets.types.kubefed.io, list federatedsecrets.types.kubefed.io, list federatedserviceaccounts.types.kubefed.io, list federatedservices.types.kubefed.io, list federatedstatefulsets.types.kubefed.io, list federatedusers.types.kubefed.io, list federatedworkspacerolebindings.types.kubefed.io, list federatedworkspaceroles.types.kubefed.io, list federatedworkspaces.types.kubefed.io, list kubefedclusters.core.kubefed.io, list workspacetemplates.tenant.kubesphere.io, patch clusters.cluster.kubesphere.io',
    members: '',
  },
  'clusters.unbind': {
    host: 'create clusters.cluster.kubesphere.io, create configmaps, create leases.coordination.k8s.io, create secrets, delete clusters.cluster.kubesphere.io, delete secrets, get clusters.cluster.kubesphere.io, get federatedworkspaces.types.kubefed.io, get kubefedclusters.core.kubefed.io, get leases.coordination.k8s.io, get secrets, get validatingwebhookconfigurations.admissionregistration.k8s.io, get workspacetemplates.tenant.kubesphere.io, list *.*, patch clusters.cluster.kubesphere.io, patch leases.coordination.k8s.io, patch secrets, watch clusters.cluster.kubesphere.io, watch kubefedclusters.core.kubefed.io, watch secrets',
    members:
      'bind clusterroles.rbac.authorization.k8s.io, create clusterrolebindings.rbac.authorization.k8s.io, create clusterroles.rbac.authorization.k8s.io, create serviceaccounts, delete clusterrolebindings.rbac.authorization.k8s.io, delete clusterroles.rbac.authorization.k8s.io, delete serviceaccounts, escalate clusterroles.rbac.authorization.k8s.io, get clusterconfigurations.installer.kubesphere.io, get clusterrolebindings.rbac.authorization.k8s.io, get clusterroles.rbac.authorization.k8s.io, get configmaps, get namespaces, get serviceaccounts, list *.*, patch clusterrolebindings.rbac.authorization.k8s.io, patch clusterroles.rbac.authorization.k8s.io, patch serviceaccounts, watch clusterrolebindings.rbac.authorization.k8s.io, watch clusterroles.rbac.authorization.k8s.io, watch secrets, watch serviceaccounts',
  },
  'clusters.updateKubeconfig': {
    host: 'create configmaps, create leases.coordination.k8s.io, create secrets, delete secrets, get clusters.cluster.kubesphere.io, get leases.coordination.k8s.io, get secrets, list clusters.cluster.kubesphere.io, list configmaps, list kubefedclusters.core.kubefed.io, patch clusters.cluster.kubesphere.io, patch leases.coordination.k8s.io, patch secrets, watch clusters.cluster.kubesphere.io, watch kubefedclusters.core.kubefed.io',
    members: '',
  },
  'clusters.waitUntilReady': {
    host: 'get clusters.cluster.kubesphere.io, list clusters.cluster.kubesphere.io, list federatedworkspaces.types.kubefed.io, list kubefedclusters.core.kubefed.io, watch clusters.cluster.kubesphere.io, watch federatedworkspaces.types.kubefed.io, watch kubefedclusters.core.kubefed.io',
    members: '',
  },
  'clusters.watch': { host: 'list clusters.cluster.kubesphere.io, watch clusters.cluster.kubesphere.io', members: '' },
};
