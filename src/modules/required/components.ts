import type { MethodName, Rights } from './names.ts';

/** Made by `npm run rights` from the requests of each method; see `requiredRules`. */
export const components: Readonly<Record<Extract<MethodName, `components.${string}`>, Rights>> = {
  'components.diff': { host: 'list clusters.cluster.kubesphere.io', members: 'get configmaps' },
  'components.disable': { host: '', members: 'patch clusterconfigurations.installer.kubesphere.io' },
  'components.enable': { host: '', members: 'patch clusterconfigurations.installer.kubesphere.io' },
  'components.status': { host: 'list clusters.cluster.kubesphere.io', members: 'get configmaps' },
  'components.waitUntilReady': {
    host: '',
    members: 'list clusterconfigurations.installer.kubesphere.io, watch clusterconfigurations.installer.kubesphere.io',
  },
};
