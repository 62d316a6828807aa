import type { MethodName, Rights } from './names.ts';

/** Made by `npm run rights` from the requests of each method; see `requiredRules`. */
export const namespaces: Readonly<Record<Extract<MethodName, `namespaces.${string}`>, Rights>> = {
  'namespaces.bind': {
    host: 'create configmaps, create leases.coordination.k8s.io, get clusters.cluster.kubesphere.io, get federatedworkspaces.types.kubefed.io, get helmreleases.application.kubesphere.io, get kubefedclusters.core.kubefed.io, get leases.coordination.k8s.io, get workspacetemplates.tenant.kubesphere.io, list configmaps, list helmreleases.application.kubesphere.io, patch helmreleases.application.kubesphere.io, patch leases.coordination.k8s.io',
    members:
      'get clusterconfigurations.installer.kubesphere.io, get helmreleases.application.kubesphere.io, get namespaces, get workspaces.tenant.kubesphere.io, list helmreleases.application.kubesphere.io, list ippools.network.kubesphere.io, list namespaces, list resourcequotas.quota.kubesphere.io, patch helmreleases.application.kubesphere.io, patch namespaces, watch namespaces',
  },
  'namespaces.create': {
    host: 'get clusters.cluster.kubesphere.io, get federatednamespaces.types.kubefed.io, get federatedworkspaces.types.kubefed.io, get kubefedclusters.core.kubefed.io, get workspacetemplates.tenant.kubesphere.io, list clusters.cluster.kubesphere.io',
    members:
      'create namespaces, get clusterconfigurations.installer.kubesphere.io, get namespaces, get users.iam.kubesphere.io, get workspaces.tenant.kubesphere.io, list namespaces, list roles.rbac.authorization.k8s.io, watch namespaces, watch roles.rbac.authorization.k8s.io',
  },
  'namespaces.createFederated': {
    host: 'create configmaps, create federatednamespaces.types.kubefed.io, create leases.coordination.k8s.io, create namespaces, delete federatednamespaces.types.kubefed.io, delete namespaces, get clusters.cluster.kubesphere.io, get federatednamespaces.types.kubefed.io, get leases.coordination.k8s.io, get workspacetemplates.tenant.kubesphere.io, list *.*, list clusters.cluster.kubesphere.io, list configmaps, list federatednamespaces.types.kubefed.io, list kubefedclusters.core.kubefed.io, list namespaces, patch federatednamespaces.types.kubefed.io, patch leases.coordination.k8s.io, patch namespaces, watch federatednamespaces.types.kubefed.io, watch namespaces',
    members: 'get clusterconfigurations.installer.kubesphere.io, get namespaces, list namespaces, watch namespaces',
  },
  'namespaces.delete': {
    host: 'get clusters.cluster.kubesphere.io, get federatednamespaces.types.kubefed.io, list helmreleases.application.kubesphere.io',
    members:
      'delete namespaces, get clusterconfigurations.installer.kubesphere.io, get namespaces, list *.*, watch namespaces',
  },
  'namespaces.deleteFederated': {
    host: 'create configmaps, create leases.coordination.k8s.io, delete federatednamespaces.types.kubefed.io, delete namespaces, get clusters.cluster.kubesphere.io, get federatedconfigmaps.types.kubefed.io, get federateddeployments.types.kubefed.io, get federatednamespaces.types.kubefed.io, get federatedpersistentvolumeclaims.types.kubefed.io, get federatedsecrets.types.kubefed.io, get leases.coordination.k8s.io, list *.*, patch leases.coordination.k8s.io, patch namespaces, watch federatednamespaces.types.kubefed.io, watch namespaces',
    members:
      'delete namespaces, get clusterconfigurations.installer.kubesphere.io, get configmaps, get deployments.apps, get namespaces, get persistentvolumeclaims, get secrets, list *.*, list applications.app.k8s.io, list clusterconfigurations.installer.kubesphere.io, list configmaps, list cronjobs.batch, list daemonsets.apps, list deployments.apps, list events, list gateways.gateway.kubesphere.io, list ingresses.networking.k8s.io, list jobs.batch, list leases.coordination.k8s.io, list limitranges, list namespacenetworkpolicies.network.kubesphere.io, list namespaces, list networkpolicies.networking.k8s.io, list persistentvolumeclaims, list pods, list replicasets.apps, list resourcequotas, list rolebindings.rbac.authorization.k8s.io, list roles.rbac.authorization.k8s.io, list secrets, list serviceaccounts, list services, list statefulsets.apps, patch configmaps, patch deployments.apps, patch namespaces, patch persistentvolumeclaims, patch secrets, watch namespaces',
    policy: {
      host: 'create validatingadmissionpolicies.admissionregistration.k8s.io, create validatingadmissionpolicybindings.admissionregistration.k8s.io, delete validatingadmissionpolicies.admissionregistration.k8s.io, delete validatingadmissionpolicybindings.admissionregistration.k8s.io, get validatingadmissionpolicies.admissionregistration.k8s.io, get validatingadmissionpolicybindings.admissionregistration.k8s.io, patch validatingadmissionpolicies.admissionregistration.k8s.io, patch validatingadmissionpolicybindings.admissionregistration.k8s.io',
      members:
        'create validatingadmissionpolicies.admissionregistration.k8s.io, create validatingadmissionpolicybindings.admissionregistration.k8s.io, delete validatingadmissionpolicies.admissionregistration.k8s.io, delete validatingadmissionpolicybindings.admissionregistration.k8s.io, get validatingadmissionpolicies.admissionregistration.k8s.io, get validatingadmissionpolicybindings.admissionregistration.k8s.io, patch validatingadmissionpolicies.admissionregistration.k8s.io, patch validatingadmissionpolicybindings.admissionregistration.k8s.io',
    },
    webhook: {
      host: 'create validatingwebhookconfigurations.admissionregistration.k8s.io, delete validatingwebhookconfigurations.admissionregistration.k8s.io, get validatingwebhookconfigurations.admissionregistration.k8s.io, patch validatingwebhookconfigurations.admissionregistration.k8s.io',
      members:
        'create validatingwebhookconfigurations.admissionregistration.k8s.io, delete validatingwebhookconfigurations.admissionregistration.k8s.io, get validatingwebhookconfigurations.admissionregistration.k8s.io, patch validatingwebhookconfigurations.admissionregistration.k8s.io',
    },
  },
  'namespaces.get': {
    host: 'get clusters.cluster.kubesphere.io',
    members: 'get clusterconfigurations.installer.kubesphere.io, get namespaces',
  },
  'namespaces.inviteUser': {
    host: 'create configmaps, create leases.coordination.k8s.io, get clusters.cluster.kubesphere.io, get leases.coordination.k8s.io, list configmaps, patch leases.coordination.k8s.io',
    members:
      'bind roles.rbac.authorization.k8s.io, create rolebindings.rbac.authorization.k8s.io, delete rolebindings.rbac.authorization.k8s.io, get clusterconfigurations.installer.kubesphere.io, get namespaces, get rolebindings.rbac.authorization.k8s.io, get users.iam.kubesphere.io, list rolebindings.rbac.authorization.k8s.io, list roles.rbac.authorization.k8s.io, patch rolebindings.rbac.authorization.k8s.io',
  },
  'namespaces.limitRanges': {
    host: 'get clusters.cluster.kubesphere.io',
    members: 'get clusterconfigurations.installer.kubesphere.io, get namespaces, list limitranges',
  },
  'namespaces.list': {
    host: 'get clusters.cluster.kubesphere.io',
    members: 'get clusterconfigurations.installer.kubesphere.io, get namespaces, list namespaces',
  },
  'namespaces.listAcross': {
    host: 'get clusters.cluster.kubesphere.io, list clusters.cluster.kubesphere.io, list namespaces',
    members: 'get clusterconfigurations.installer.kubesphere.io, get namespaces, list namespaces',
  },
  'namespaces.protect': {
    host: 'get clusters.cluster.kubesphere.io',
    members: 'delete namespaces, get clusterconfigurations.installer.kubesphere.io, get namespaces, list namespaces',
    policy: {
      host: '',
      members:
        'create validatingadmissionpolicies.admissionregistration.k8s.io, create validatingadmissionpolicybindings.admissionregistration.k8s.io, get validatingadmissionpolicies.admissionregistration.k8s.io, get validatingadmissionpolicybindings.admissionregistration.k8s.io',
    },
    webhook: {
      host: '',
      members:
        'create validatingwebhookconfigurations.admissionregistration.k8s.io, get validatingwebhookconfigurations.admissionregistration.k8s.io',
    },
  },
  'namespaces.protections': {
    host: 'get clusters.cluster.kubesphere.io',
    members:
      'get clusterconfigurations.installer.kubesphere.io, get namespaces, list validatingadmissionpolicies.admissionregistration.k8s.io, list validatingadmissionpolicybindings.admissionregistration.k8s.io, list validatingwebhookconfigurations.admissionregistration.k8s.io',
  },
  'namespaces.quotas': {
    host: 'get clusters.cluster.kubesphere.io',
    members: 'get clusterconfigurations.installer.kubesphere.io, get namespaces, list resourcequotas',
  },
  'namespaces.removeUser': {
    host: 'create configmaps, create leases.coordination.k8s.io, get clusters.cluster.kubesphere.io, get leases.coordination.k8s.io, list configmaps, patch leases.coordination.k8s.io',
    members:
      'bind roles.rbac.authorization.k8s.io, create rolebindings.rbac.authorization.k8s.io, delete rolebindings.rbac.authorization.k8s.io, get clusterconfigurations.installer.kubesphere.io, get namespaces, get rolebindings.rbac.authorization.k8s.io, list rolebindings.rbac.authorization.k8s.io, patch rolebindings.rbac.authorization.k8s.io',
  },
  'namespaces.setFederatedPlacement': {
    host: 'create configmaps, create leases.coordination.k8s.io, get clusters.cluster.kubesphere.io, get federatedconfigmaps.types.kubefed.io, get federateddeployments.types.kubefed.io, get federatednamespaces.types.kubefed.io, get federatedpersistentvolumeclaims.types.kubefed.io, get federatedsecrets.types.kubefed.io, get leases.coordination.k8s.io, get workspacetemplates.tenant.kubesphere.io, list clusters.cluster.kubesphere.io, list configmaps, list federatednamespaces.types.kubefed.io, list helmreleases.application.kubesphere.io, list kubefedclusters.core.kubefed.io, patch federatednamespaces.types.kubefed.io, patch leases.coordination.k8s.io, watch federatednamespaces.types.kubefed.io',
    members:
      'delete namespaces, get clusterconfigurations.installer.kubesphere.io, get configmaps, get deployments.apps, get namespaces, get persistentvolumeclaims, get secrets, list *.*, list applications.app.k8s.io, list clusterconfigurations.installer.kubesphere.io, list configmaps, list cronjobs.batch, list daemonsets.apps, list deployments.apps, list events, list gateways.gateway.kubesphere.io, list ingresses.networking.k8s.io, list jobs.batch, list leases.coordination.k8s.io, list limitranges, list namespacenetworkpolicies.network.kubesphere.io, list namespaces, list networkpolicies.networking.k8s.io, list persistentvolumeclaims, list pods, list replicasets.apps, list resourcequotas, list rolebindings.rbac.authorization.k8s.io, list roles.rbac.authorization.k8s.io, list secrets, list serviceaccounts, list services, list statefulsets.apps, patch configmaps, patch deployments.apps, patch namespaces, patch persistentvolumeclaims, patch secrets, watch namespaces',
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
  'namespaces.setLimitRange': {
    host: 'get clusters.cluster.kubesphere.io',
    members:
      'get clusterconfigurations.installer.kubesphere.io, get limitranges, get namespaces, list limitranges, patch limitranges',
  },
  'namespaces.setQuota': {
    host: 'get clusters.cluster.kubesphere.io',
    members:
      'create resourcequotas, get clusterconfigurations.installer.kubesphere.io, get namespaces, get resourcequotas, patch resourcequotas',
  },
  'namespaces.transfer': {
    host: 'create configmaps, create leases.coordination.k8s.io, get clusters.cluster.kubesphere.io, get federatedworkspaces.types.kubefed.io, get helmreleases.application.kubesphere.io, get kubefedclusters.core.kubefed.io, get leases.coordination.k8s.io, get workspacetemplates.tenant.kubesphere.io, list configmaps, list helmreleases.application.kubesphere.io, patch helmreleases.application.kubesphere.io, patch leases.coordination.k8s.io',
    members:
      'get clusterconfigurations.installer.kubesphere.io, get helmreleases.application.kubesphere.io, get namespaces, get workspaces.tenant.kubesphere.io, list helmreleases.application.kubesphere.io, list ippools.network.kubesphere.io, list namespaces, list resourcequotas.quota.kubesphere.io, patch helmreleases.application.kubesphere.io, patch namespaces, watch namespaces',
  },
  'namespaces.unbind': {
    host: 'create configmaps, create leases.coordination.k8s.io, get clusters.cluster.kubesphere.io, get federatedworkspaces.types.kubefed.io, get helmreleases.application.kubesphere.io, get kubefedclusters.core.kubefed.io, get leases.coordination.k8s.io, get workspacetemplates.tenant.kubesphere.io, list configmaps, list helmreleases.application.kubesphere.io, patch helmreleases.application.kubesphere.io, patch leases.coordination.k8s.io',
    members:
      'get clusterconfigurations.installer.kubesphere.io, get helmreleases.application.kubesphere.io, get namespaces, get workspaces.tenant.kubesphere.io, list helmreleases.application.kubesphere.io, list ippools.network.kubesphere.io, list namespaces, list resourcequotas.quota.kubesphere.io, patch helmreleases.application.kubesphere.io, patch namespaces, watch namespaces',
  },
  'namespaces.unprotect': {
    host: 'get clusters.cluster.kubesphere.io',
    members:
      'delete namespaces, get clusterconfigurations.installer.kubesphere.io, get namespaces, get validatingadmissionpolicies.admissionregistration.k8s.io, get validatingadmissionpolicybindings.admissionregistration.k8s.io, get validatingwebhookconfigurations.admissionregistration.k8s.io, list namespaces',
    policy: {
      host: '',
      members:
        'delete validatingadmissionpolicies.admissionregistration.k8s.io, delete validatingadmissionpolicybindings.admissionregistration.k8s.io',
    },
    webhook: { host: '', members: 'delete validatingwebhookconfigurations.admissionregistration.k8s.io' },
  },
  'namespaces.users': {
    host: 'get clusters.cluster.kubesphere.io',
    members:
      'get clusterconfigurations.installer.kubesphere.io, get namespaces, list rolebindings.rbac.authorization.k8s.io',
  },
  'namespaces.watch': {
    host: 'get clusters.cluster.kubesphere.io',
    members: 'get clusterconfigurations.installer.kubesphere.io, get namespaces, list namespaces, watch namespaces',
  },
};
