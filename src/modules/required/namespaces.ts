import type { MethodName, Rights } from './names.ts';

/** Made by `npm run rights` from the requests of each method; see `requiredRules`. */
export const namespaces: Readonly<Record<Extract<MethodName, `namespaces.${string}`>, Rights>> = {
  'namespaces.bind': {
    host: 'list helmreleases.application.kubesphere.io',
    members:
      'get workspaces.tenant.kubesphere.io, list helmreleases.application.kubesphere.io, list ippools.network.kubesphere.io, list resourcequotas.quota.kubesphere.io, patch namespaces',
  },
  'namespaces.create': {
    host: 'get federatednamespaces.types.kubefed.io, get workspacetemplates.tenant.kubesphere.io, list clusters.cluster.kubesphere.io',
    members:
      'create namespaces, get users.iam.kubesphere.io, get workspaces.tenant.kubesphere.io, list namespaces, list roles.rbac.authorization.k8s.io',
  },
  'namespaces.delete': {
    host: 'list helmreleases.application.kubesphere.io',
    members: 'delete namespaces, list *.*, watch namespaces',
  },
  'namespaces.get': { host: '', members: '' },
  'namespaces.inviteUser': {
    host: 'create configmaps, create leases.coordination.k8s.io, delete configmaps, delete leases.coordination.k8s.io, get leases.coordination.k8s.io, list configmaps, patch leases.coordination.k8s.io',
    members:
      'create rolebindings.rbac.authorization.k8s.io, delete rolebindings.rbac.authorization.k8s.io, get rolebindings.rbac.authorization.k8s.io, get users.iam.kubesphere.io, list rolebindings.rbac.authorization.k8s.io, list roles.rbac.authorization.k8s.io',
  },
  'namespaces.limitRanges': { host: '', members: 'list limitranges' },
  'namespaces.list': { host: '', members: 'list namespaces' },
  'namespaces.listAcross': { host: 'list clusters.cluster.kubesphere.io, list namespaces', members: 'list namespaces' },
  'namespaces.protect': {
    host: '',
    members:
      'create validatingadmissionpolicies.admissionregistration.k8s.io, create validatingadmissionpolicybindings.admissionregistration.k8s.io, delete namespaces, get validatingadmissionpolicies.admissionregistration.k8s.io, get validatingadmissionpolicybindings.admissionregistration.k8s.io, list namespaces',
  },
  'namespaces.protections': {
    host: '',
    members:
      'list validatingadmissionpolicies.admissionregistration.k8s.io, list validatingadmissionpolicybindings.admissionregistration.k8s.io, list validatingwebhookconfigurations.admissionregistration.k8s.io',
  },
  'namespaces.quotas': { host: '', members: 'list resourcequotas' },
  'namespaces.removeUser': {
    host: 'create configmaps, create leases.coordination.k8s.io, delete configmaps, delete leases.coordination.k8s.io, get leases.coordination.k8s.io, list configmaps, patch leases.coordination.k8s.io',
    members:
      'create rolebindings.rbac.authorization.k8s.io, delete rolebindings.rbac.authorization.k8s.io, get rolebindings.rbac.authorization.k8s.io, list rolebindings.rbac.authorization.k8s.io',
  },
  'namespaces.setLimitRange': { host: '', members: 'get limitranges, list limitranges, patch limitranges' },
  'namespaces.setQuota': { host: '', members: 'create resourcequotas, get resourcequotas, patch resourcequotas' },
  'namespaces.transfer': {
    host: 'create configmaps, create leases.coordination.k8s.io, delete configmaps, delete leases.coordination.k8s.io, get helmreleases.application.kubesphere.io, get leases.coordination.k8s.io, list configmaps, list helmreleases.application.kubesphere.io, patch helmreleases.application.kubesphere.io, patch leases.coordination.k8s.io',
    members:
      'get helmreleases.application.kubesphere.io, get workspaces.tenant.kubesphere.io, list helmreleases.application.kubesphere.io, list ippools.network.kubesphere.io, list resourcequotas.quota.kubesphere.io, patch helmreleases.application.kubesphere.io, patch namespaces',
  },
  'namespaces.unbind': {
    host: 'list helmreleases.application.kubesphere.io',
    members:
      'get workspaces.tenant.kubesphere.io, list helmreleases.application.kubesphere.io, list ippools.network.kubesphere.io, list resourcequotas.quota.kubesphere.io, patch namespaces',
  },
  'namespaces.unprotect': {
    host: '',
    members:
      'delete namespaces, delete validatingadmissionpolicies.admissionregistration.k8s.io, delete validatingadmissionpolicybindings.admissionregistration.k8s.io, get validatingadmissionpolicies.admissionregistration.k8s.io, get validatingadmissionpolicybindings.admissionregistration.k8s.io, get validatingwebhookconfigurations.admissionregistration.k8s.io, list namespaces',
  },
  'namespaces.users': { host: '', members: 'list rolebindings.rbac.authorization.k8s.io' },
  'namespaces.watch': { host: '', members: 'list namespaces' },
};
