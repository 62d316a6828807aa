import type { MethodName, Rights } from './names.ts';

/** Made by `npm run rights` from the requests of each method; see `requiredRules`. */
export const federation: Readonly<Record<Extract<MethodName, `federation.${string}`>, Rights>> = {
  'federation.overview': {
    host: 'list clusters.cluster.kubesphere.io, list namespaces, list workspaces.tenant.kubesphere.io, list workspacetemplates.tenant.kubesphere.io',
    members: 'get configmaps, list namespaces, list workspaces.tenant.kubesphere.io',
  },
};
