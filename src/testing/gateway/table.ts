import type { SandboxVersion } from '../attach.ts';
import { clusterAgentRoute } from './cluster-agent.ts';
import { clusterImportRoutes } from './cluster-import.ts';
import { memberRoutes } from './member-routes.ts';
import { legacyLogin, oauthRoutes } from './oauth.ts';
import { healthRoute, platformRoutes } from './platform.ts';
import { projectRoutes } from './projects.ts';
import { resourceRoutes } from './resource-routes.ts';
import { roleRoutes } from './role-routes.ts';
import type { Route } from './routes.ts';
import { userRoutes } from './user-routes.ts';
import { workspaceTemplateRoutes } from './workspace-templates.ts';

/** Everything that ks-apiserver of a version answers itself. */
export function routeTable(version: SandboxVersion): readonly Route[] {
  return [
    ...platformRoutes,
    ...oauthRoutes,
    version === '3.3' ? legacyLogin : healthRoute,
    ...clusterImportRoutes,
    clusterAgentRoute,
    ...workspaceTemplateRoutes,
    ...projectRoutes,
    ...userRoutes,
    ...memberRoutes,
    ...roleRoutes,
    ...resourceRoutes,
  ];
}
