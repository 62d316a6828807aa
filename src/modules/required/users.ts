import type { MethodName, Rights } from './names.ts';

/** Made by `npm run rights` from the requests of each method; see `requiredRules`. */
export const users: Readonly<Record<Extract<MethodName, `users.${string}`>, Rights>> = {
  'users.create': {
    host: 'create configmaps, create globalrolebindings.iam.kubesphere.io, create leases.coordination.k8s.io, create users.iam.kubesphere.io, delete globalrolebindings.iam.kubesphere.io, delete users.iam.kubesphere.io, get globalrolebindings.iam.kubesphere.io, get leases.coordination.k8s.io, get users.iam.kubesphere.io, list *.*, list configmaps, list federatedglobalrolebindings.types.kubefed.io, list federatedusers.types.kubefed.io, list globalrolebindings.iam.kubesphere.io, list globalroles.iam.kubesphere.io, list users.iam.kubesphere.io, patch globalrolebindings.iam.kubesphere.io, patch leases.coordination.k8s.io, patch users.iam.kubesphere.io, watch federatedglobalrolebindings.types.kubefed.io, watch federatedusers.types.kubefed.io, watch globalrolebindings.iam.kubesphere.io, watch users.iam.kubesphere.io',
    members: '',
  },
  'users.delete': {
    host: 'delete users.iam.kubesphere.io, get clusters.cluster.kubesphere.io, get users.iam.kubesphere.io, list *.*, watch users.iam.kubesphere.io',
    members: 'get clusterconfigurations.installer.kubesphere.io, get namespaces, get users.iam.kubesphere.io',
  },
  'users.disable': {
    host: 'get users.iam.kubesphere.io, list federatedusers.types.kubefed.io, list globalrolebindings.iam.kubesphere.io, patch users.iam.kubesphere.io, watch federatedusers.types.kubefed.io',
    members: '',
  },
  'users.enable': {
    host: 'get users.iam.kubesphere.io, list federatedusers.types.kubefed.io, patch users.iam.kubesphere.io, watch federatedusers.types.kubefed.io',
    members: '',
  },
  'users.get': { host: 'get users.iam.kubesphere.io, list globalrolebindings.iam.kubesphere.io', members: '' },
  'users.globalRoles': {
    host: 'list globalrolebindings.iam.kubesphere.io, list globalroles.iam.kubesphere.io',
    members: '',
  },
  'users.grantCluster': {
    host: 'create configmaps, create leases.coordination.k8s.io, get clusters.cluster.kubesphere.io, get leases.coordination.k8s.io, get users.iam.kubesphere.io, list configmaps, patch leases.coordination.k8s.io',
    members:
      'bind clusterroles.rbac.authorization.k8s.io, create clusterrolebindings.rbac.authorization.k8s.io, delete clusterrolebindings.rbac.authorization.k8s.io, get clusterconfigurations.installer.kubesphere.io, get clusterrolebindings.rbac.authorization.k8s.io, get namespaces, get users.iam.kubesphere.io, list clusterrolebindings.rbac.authorization.k8s.io, list clusterroles.rbac.authorization.k8s.io, patch clusterrolebindings.rbac.authorization.k8s.io, watch clusterrolebindings.rbac.authorization.k8s.io',
  },
  'users.list': { host: 'list users.iam.kubesphere.io', members: '' },
  'users.revokeCluster': {
    host: 'create configmaps, create leases.coordination.k8s.io, get clusters.cluster.kubesphere.io, get leases.coordination.k8s.io, list configmaps, patch leases.coordination.k8s.io',
    members:
      'bind clusterroles.rbac.authorization.k8s.io, create clusterrolebindings.rbac.authorization.k8s.io, delete clusterrolebindings.rbac.authorization.k8s.io, get clusterconfigurations.installer.kubesphere.io, get clusterrolebindings.rbac.authorization.k8s.io, get namespaces, list clusterrolebindings.rbac.authorization.k8s.io, patch clusterrolebindings.rbac.authorization.k8s.io, watch clusterrolebindings.rbac.authorization.k8s.io',
  },
  'users.setGlobalRole': {
    host: 'create configmaps, create globalrolebindings.iam.kubesphere.io, create leases.coordination.k8s.io, delete globalrolebindings.iam.kubesphere.io, get globalrolebindings.iam.kubesphere.io, get leases.coordination.k8s.io, get users.iam.kubesphere.io, list configmaps, list federatedglobalrolebindings.types.kubefed.io, list globalrolebindings.iam.kubesphere.io, list globalroles.iam.kubesphere.io, patch globalrolebindings.iam.kubesphere.io, patch leases.coordination.k8s.io, watch federatedglobalrolebindings.types.kubefed.io, watch globalrolebindings.iam.kubesphere.io',
    members: '',
  },
  'users.setPassword': {
    host: 'get users.iam.kubesphere.io, list users.iam.kubesphere.io, patch users.iam.kubesphere.io, watch users.iam.kubesphere.io',
    members: '',
  },
  'users.syncStatus': {
    host: 'get clusters.cluster.kubesphere.io, get federatedusers.types.kubefed.io, get users.iam.kubesphere.io, list clusters.cluster.kubesphere.io',
    members: 'get clusterconfigurations.installer.kubesphere.io, get namespaces, get users.iam.kubesphere.io',
  },
  'users.update': {
    host: 'get users.iam.kubesphere.io, list federatedusers.types.kubefed.io, patch users.iam.kubesphere.io, watch federatedusers.types.kubefed.io',
    members: '',
  },
  'users.waitUntilSynced': {
    host: 'get clusters.cluster.kubesphere.io, get federatedusers.types.kubefed.io, get users.iam.kubesphere.io, list clusters.cluster.kubesphere.io',
    members: 'get clusterconfigurations.installer.kubesphere.io, get namespaces, get users.iam.kubesphere.io',
  },
  'users.watch': { host: 'list users.iam.kubesphere.io, watch users.iam.kubesphere.io', members: '' },
};
