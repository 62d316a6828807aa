import type { MethodName, Rights } from './names.ts';

/** Made by `npm run rights` from the requests of each method; see `requiredRules`. */
export const workspaces: Readonly<Record<Extract<MethodName, `workspaces.${string}`>, Rights>> = {
  'workspaces.adopt': {
    host: 'create configmaps, create leases.coordination.k8s.io, create workspacetemplates.tenant.kubesphere.io, delete workspacetemplates.tenant.kubesphere.io, get clusters.cluster.kubesphere.io, get federatedworkspaces.types.kubefed.io, get kubefedclusters.core.kubefed.io, get leases.coordination.k8s.io, get users.iam.kubesphere.io, get workspaces.tenant.kubesphere.io, get workspacetemplates.tenant.kubesphere.io, list *.*, list clusters.cluster.kubesphere.io, list configmaps, list federatedworkspacerolebindings.types.kubefed.io, list federatedworkspaceroles.types.kubefed.io, list federatedworkspaces.types.kubefed.io, list kubefedclusters.core.kubefed.io, list workspacetemplates.tenant.kubesphere.io, patch leases.coordination.k8s.io, patch workspacetemplates.tenant.kubesphere.io, watch federatedworkspacerolebindings.types.kubefed.io, watch federatedworkspaceroles.types.kubefed.io, watch federatedworkspaces.types.kubefed.io, watch workspacetemplates.tenant.kubesphere.io',
    members:
      'delete namespaces, delete workspaces.tenant.kubesphere.io, delete workspacetemplates.tenant.kubesphere.io, get clusterconfigurations.installer.kubesphere.io, get namespaces, get workspacerolebindings.iam.kubesphere.io, get workspaceroles.iam.kubesphere.io, get workspaces.tenant.kubesphere.io, get workspacetemplates.tenant.kubesphere.io, list *.*, list helmapplications.application.kubesphere.io, list helmreleases.application.kubesphere.io, list helmrepos.application.kubesphere.io, list namespaces, list workspacerolebindings.iam.kubesphere.io, list workspaceroles.iam.kubesphere.io, list workspaces.tenant.kubesphere.io, list workspacetemplates.tenant.kubesphere.io, patch workspacerolebindings.iam.kubesphere.io, patch workspaceroles.iam.kubesphere.io, patch workspaces.tenant.kubesphere.io, patch workspacetemplates.tenant.kubesphere.io, watch workspaces.tenant.kubesphere.io, watch workspacetemplates.tenant.kubesphere.io',
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
  'workspaces.create': {
    host: 'create configmaps, create leases.coordination.k8s.io, create workspacetemplates.tenant.kubesphere.io, delete workspacetemplates.tenant.kubesphere.io, get clusters.cluster.kubesphere.io, get kubefedclusters.core.kubefed.io, get leases.coordination.k8s.io, get users.iam.kubesphere.io, get workspaces.tenant.kubesphere.io, get workspacetemplates.tenant.kubesphere.io, list *.*, list clusters.cluster.kubesphere.io, list configmaps, list federatedworkspaces.types.kubefed.io, list workspacetemplates.tenant.kubesphere.io, patch leases.coordination.k8s.io, patch workspacetemplates.tenant.kubesphere.io, watch federatedworkspaces.types.kubefed.io, watch workspacetemplates.tenant.kubesphere.io',
    members:
      'get clusterconfigurations.installer.kubesphere.io, get namespaces, get workspaces.tenant.kubesphere.io, list *.*, list namespaces, list workspaces.tenant.kubesphere.io, watch workspaces.tenant.kubesphere.io',
  },
  'workspaces.delete': {
    host: 'create configmaps, create leases.coordination.k8s.io, delete workspacetemplates.tenant.kubesphere.io, get clusters.cluster.kubesphere.io, get federatedconfigmaps.types.kubefed.io, get federateddeployments.types.kubefed.io, get federatednamespaces.types.kubefed.io, get federatedpersistentvolumeclaims.types.kubefed.io, get federatedsecrets.types.kubefed.io, get federatedworkspaces.types.kubefed.io, get kubefedclusters.core.kubefed.io, get leases.coordination.k8s.io, get workspaces.tenant.kubesphere.io, get workspacetemplates.tenant.kubesphere.io, list *.*, list applications.app.k8s.io, list clusterconfigurations.installer.kubesphere.io, list clusters.cluster.kubesphere.io, list configmaps, list cronjobs.batch, list daemonsets.apps, list deployments.apps, list devopsprojects.devops.kubesphere.io, list events, list federatednamespaces.types.kubefed.io, list federatedworkspaces.types.kubefed.io, list gateways.gateway.kubesphere.io, list helmapplications.application.kubesphere.io, list helmreleases.application.kubesphere.io, list helmrepos.application.kubesphere.io, list ingresses.networking.k8s.io, list jobs.batch, list kubefedclusters.core.kubefed.io, list kubefedconfigs.core.kubefed.io, list leases.coordination.k8s.io, list limitranges, list namespacenetworkpolicies.network.kubesphere.io, list namespaces, list networkpolicies.networking.k8s.io, list persistentvolumeclaims, list pods, list replicasets.apps, list resourcequotas, list resourcequotas.quota.kubesphere.io, list rolebindings.rbac.authorization.k8s.io, list roles.rbac.authorization.k8s.io, list secrets, list serviceaccounts, list services, list statefulsets.apps, list workspacerolebindings.iam.kubesphere.io, list workspaceroles.iam.kubesphere.io, list workspacetemplates.tenant.kubesphere.io, patch leases.coordination.k8s.io, patch namespaces, patch workspacetemplates.tenant.kubesphere.io, watch federatedworkspaces.types.kubefed.io, watch namespaces, watch workspacetemplates.tenant.kubesphere.io',
    members:
      'delete namespaces, get clusterconfigurations.installer.kubesphere.io, get configmaps, get deployments.apps, get namespaces, get persistentvolumeclaims, get secrets, get workspaces.tenant.kubesphere.io, get workspacetemplates.tenant.kubesphere.io, list *.*, list applications.app.k8s.io, list clusterconfigurations.installer.kubesphere.io, list configmaps, list cronjobs.batch, list daemonsets.apps, list deployments.apps, list devopsprojects.devops.kubesphere.io, list events, list gateways.gateway.kubesphere.io, list ingresses.networking.k8s.io, list jobs.batch, list leases.coordination.k8s.io, list limitranges, list namespacenetworkpolicies.network.kubesphere.io, list namespaces, list networkpolicies.networking.k8s.io, list persistentvolumeclaims, list pods, list replicasets.apps, list resourcequotas, list resourcequotas.quota.kubesphere.io, list rolebindings.rbac.authorization.k8s.io, list roles.rbac.authorization.k8s.io, list secrets, list serviceaccounts, list services, list statefulsets.apps, list workspaces.tenant.kubesphere.io, patch configmaps, patch deployments.apps, patch namespaces, patch persistentvolumeclaims, patch secrets, watch namespaces, watch workspaces.tenant.kubesphere.io',
  },
  'workspaces.drift': {
    host: 'get clusters.cluster.kubesphere.io, list clusters.cluster.kubesphere.io, list federatedworkspaces.types.kubefed.io, list kubefedclusters.core.kubefed.io, list workspacetemplates.tenant.kubesphere.io',
    members:
      'get clusterconfigurations.installer.kubesphere.io, get namespaces, list helmapplications.application.kubesphere.io, list helmreleases.application.kubesphere.io, list helmrepos.application.kubesphere.io, list namespaces, list workspacerolebindings.iam.kubesphere.io, list workspaceroles.iam.kubesphere.io, list workspaces.tenant.kubesphere.io, list workspacetemplates.tenant.kubesphere.io',
  },
  'workspaces.get': { host: 'get workspacetemplates.tenant.kubesphere.io', members: '' },
  'workspaces.inviteUser': {
    host: 'create configmaps, create leases.coordination.k8s.io, create workspacerolebindings.iam.kubesphere.io, delete workspacerolebindings.iam.kubesphere.io, get clusters.cluster.kubesphere.io, get leases.coordination.k8s.io, get users.iam.kubesphere.io, get workspacerolebindings.iam.kubesphere.io, get workspacetemplates.tenant.kubesphere.io, list clusters.cluster.kubesphere.io, list configmaps, list federatedworkspacerolebindings.types.kubefed.io, list workspacerolebindings.iam.kubesphere.io, list workspaceroles.iam.kubesphere.io, patch leases.coordination.k8s.io, patch workspacerolebindings.iam.kubesphere.io, watch federatedworkspacerolebindings.types.kubefed.io, watch workspacerolebindings.iam.kubesphere.io',
    members:
      'get clusterconfigurations.installer.kubesphere.io, get namespaces, list workspacerolebindings.iam.kubesphere.io, watch workspacerolebindings.iam.kubesphere.io',
  },
  'workspaces.list': { host: 'list workspacetemplates.tenant.kubesphere.io', members: '' },
  'workspaces.placement': {
    host: 'get workspacetemplates.tenant.kubesphere.io, list clusters.cluster.kubesphere.io, list kubefedclusters.core.kubefed.io',
    members: '',
  },
  'workspaces.quotas': {
    host: 'get clusters.cluster.kubesphere.io, get workspacetemplates.tenant.kubesphere.io, list clusters.cluster.kubesphere.io, list resourcequotas.quota.kubesphere.io',
    members:
      'get clusterconfigurations.installer.kubesphere.io, get namespaces, list resourcequotas.quota.kubesphere.io',
  },
  'workspaces.removeQuota': {
    host: 'get clusters.cluster.kubesphere.io, get workspacetemplates.tenant.kubesphere.io',
    members:
      'delete resourcequotas.quota.kubesphere.io, get clusterconfigurations.installer.kubesphere.io, get namespaces, get resourcequotas.quota.kubesphere.io, list resourcequotas.quota.kubesphere.io, watch resourcequotas.quota.kubesphere.io',
  },
  'workspaces.removeUser': {
    host: 'create configmaps, create leases.coordination.k8s.io, create workspacerolebindings.iam.kubesphere.io, delete workspacerolebindings.iam.kubesphere.io, get clusters.cluster.kubesphere.io, get leases.coordination.k8s.io, get workspacerolebindings.iam.kubesphere.io, get workspacetemplates.tenant.kubesphere.io, list clusters.cluster.kubesphere.io, list configmaps, list federatedworkspacerolebindings.types.kubefed.io, list workspacerolebindings.iam.kubesphere.io, list workspaceroles.iam.kubesphere.io, patch leases.coordination.k8s.io, patch workspacerolebindings.iam.kubesphere.io, watch federatedworkspacerolebindings.types.kubefed.io, watch workspacerolebindings.iam.kubesphere.io',
    members:
      'get clusterconfigurations.installer.kubesphere.io, get namespaces, list workspacerolebindings.iam.kubesphere.io, watch workspacerolebindings.iam.kubesphere.io',
  },
  'workspaces.setPlacement': {
    host: 'create configmaps, create leases.coordination.k8s.io, get clusters.cluster.kubesphere.io, get federatedworkspaces.types.kubefed.io, get kubefedclusters.core.kubefed.io, get leases.coordination.k8s.io, get workspaces.tenant.kubesphere.io, get workspacetemplates.tenant.kubesphere.io, list clusters.cluster.kubesphere.io, list configmaps, list federatedworkspaces.types.kubefed.io, list helmreleases.application.kubesphere.io, list kubefedclusters.core.kubefed.io, patch leases.coordination.k8s.io, patch workspacetemplates.tenant.kubesphere.io, watch federatedworkspaces.types.kubefed.io',
    members:
      'delete namespaces, get clusterconfigurations.installer.kubesphere.io, get namespaces, get workspaces.tenant.kubesphere.io, list *.*, list namespaces, list workspaces.tenant.kubesphere.io, patch namespaces, watch namespaces, watch workspaces.tenant.kubesphere.io',
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
  'workspaces.setQuota': {
    host: 'get clusters.cluster.kubesphere.io, get workspacetemplates.tenant.kubesphere.io',
    members:
      'create resourcequotas.quota.kubesphere.io, get clusterconfigurations.installer.kubesphere.io, get namespaces, get resourcequotas.quota.kubesphere.io, get workspaces.tenant.kubesphere.io, list resourcequotas.quota.kubesphere.io, patch resourcequotas.quota.kubesphere.io, watch resourcequotas.quota.kubesphere.io',
  },
  'workspaces.update': {
    host: 'get users.iam.kubesphere.io, get workspacetemplates.tenant.kubesphere.io, list federatedworkspaces.types.kubefed.io, list workspacerolebindings.iam.kubesphere.io, patch workspacetemplates.tenant.kubesphere.io, watch federatedworkspaces.types.kubefed.io, watch workspacerolebindings.iam.kubesphere.io',
    members: '',
  },
  'workspaces.users': {
    host: 'get workspacetemplates.tenant.kubesphere.io, list workspacerolebindings.iam.kubesphere.io',
    members: '',
  },
  'workspaces.watch': {
    host: 'list workspacetemplates.tenant.kubesphere.io, watch workspacetemplates.tenant.kubesphere.io',
    members: '',
  },
};
