/** A method of the modules that {@link requiredRules} knows. Made by `npm run rights` from the requests of each method; see `requiredRules`. */
export type MethodName =
  | 'clusters.agentManifest'
  | 'clusters.alignJwtSecret'
  | 'clusters.authorize'
  | 'clusters.get'
  | 'clusters.import'
  | 'clusters.list'
  | 'clusters.preflight'
  | 'clusters.prepareMember'
  | 'clusters.revoke'
  | 'clusters.rotateJwtSecret'
  | 'clusters.setVisibility'
  | 'clusters.unbind'
  | 'clusters.updateKubeconfig'
  | 'clusters.waitUntilReady'
  | 'clusters.watch'
  | 'components.diff'
  | 'components.disable'
  | 'components.enable'
  | 'components.status'
  | 'components.waitUntilReady'
  | 'federation.overview'
  | 'namespaces.bind'
  | 'namespaces.create'
  | 'namespaces.createFederated'
  | 'namespaces.delete'
  | 'namespaces.deleteFederated'
  | 'namespaces.get'
  | 'namespaces.inviteUser'
  | 'namespaces.limitRanges'
  | 'namespaces.list'
  | 'namespaces.listAcross'
  | 'namespaces.protect'
  | 'namespaces.protections'
  | 'namespaces.quotas'
  | 'namespaces.removeUser'
  | 'namespaces.setFederatedPlacement'
  | 'namespaces.setLimitRange'
  | 'namespaces.setQuota'
  | 'namespaces.transfer'
  | 'namespaces.unbind'
  | 'namespaces.unprotect'
  | 'namespaces.users'
  | 'namespaces.watch'
  | 'users.create'
  | 'users.delete'
  | 'users.disable'
  | 'users.enable'
  | 'users.get'
  | 'users.globalRoles'
  | 'users.grantCluster'
  | 'users.list'
  | 'users.revokeCluster'
  | 'users.setGlobalRole'
  | 'users.setPassword'
  | 'users.syncStatus'
  | 'users.update'
  | 'users.waitUntilSynced'
  | 'users.watch'
  | 'workspaces.adopt'
  | 'workspaces.create'
  | 'workspaces.delete'
  | 'workspaces.drift'
  | 'workspaces.get'
  | 'workspaces.inviteUser'
  | 'workspaces.list'
  | 'workspaces.placement'
  | 'workspaces.quotas'
  | 'workspaces.removeQuota'
  | 'workspaces.removeUser'
  | 'workspaces.setPlacement'
  | 'workspaces.setQuota'
  | 'workspaces.update'
  | 'workspaces.users'
  | 'workspaces.watch';

/** Rights by the cluster on which they are needed, each as `verb plural.group`, joined by commas. */
export interface RightsOfForm {
  readonly host: string;
  readonly members: string;
}

/** What a method needs everywhere, and what besides where shields are made of policies, or of webhook configurations. */
export interface Rights extends RightsOfForm {
  readonly policy?: RightsOfForm;
  readonly webhook?: RightsOfForm;
}

/** What connecting alone needs: members are connected once somebody asks for them. */
export const connect: Rights = {
  host: 'get clusterconfigurations.installer.kubesphere.io, get configmaps, get namespaces',
  members: '',
};
