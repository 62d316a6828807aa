/** Made by `npm run rights` from the requests of each method; see `requiredRules`. */
export const rights = {
  connect: {
    host: ['get clusterconfigurations.installer.kubesphere.io', 'get configmaps', 'get namespaces'],
    members: ['get clusterconfigurations.installer.kubesphere.io', 'get namespaces'],
  },
  'namespaces.bind': {
    host: [],
    members: ['get workspaces.tenant.kubesphere.io', 'list namespaces', 'patch namespaces', 'watch namespaces'],
  },
} as const;
