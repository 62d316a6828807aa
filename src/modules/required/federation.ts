import type { MethodName, Rights } from './names.ts';

/** Made by `npm run rights` from the requests of each method; see `requiredRules`. */
export const federation: Readonly<Record<Extract<MethodName, `federation.${string}`>, Rights>> = {
  'federation.overview': {
    host: 'get clusters.cluster.kubesphere.io, list clusters.cluster.kubesphere.io, list namespaces, list workspaces.tenant.kubesphere.io, list workspacetemplates.tenant.kubesphere.io',
    members:
      'get clusterconfigurations.installer.kubesphere.io, get configmaps, get namespaces, list namespaces, list workspaces.tenant.kubesphere.io',
  },
};
