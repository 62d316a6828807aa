import type { MethodName, Rights } from './names.ts';

/** Made by `npm run rights` from the requests of each method; see `requiredRules`. */
export const components: Readonly<Record<Extract<MethodName, `components.${string}`>, Rights>> = {
  'components.diff': {
    host: 'get clusters.cluster.kubesphere.io, list clusters.cluster.kubesphere.io',
    members: 'get clusterconfigurations.installer.kubesphere.io, get configmaps, get namespaces',
  },
  'components.disable': {
    host: 'get clusters.cluster.kubesphere.io',
    members:
      'get clusterconfigurations.installer.kubesphere.io, get namespaces, patch clusterconfigurations.installer.kubesphere.io',
  },
  'components.enable': {
    host: 'get clusters.cluster.kubesphere.io',
    members:
      'get clusterconfigurations.installer.kubesphere.io, get namespaces, patch clusterconfigurations.installer.kubesphere.io',
  },
  'components.status': {
    host: 'get clusters.cluster.kubesphere.io, list clusters.cluster.kubesphere.io',
    members: 'get clusterconfigurations.installer.kubesphere.io, get configmaps, get namespaces',
  },
  'components.waitUntilReady': {
    host: 'get clusters.cluster.kubesphere.io',
    members:
      'get clusterconfigurations.installer.kubesphere.io, get namespaces, list clusterconfigurations.installer.kubesphere.io, watch clusterconfigurations.installer.kubesphere.io',
  },
};
