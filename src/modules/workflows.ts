import type { Workflow } from '../workflow/compose.ts';
import { importWorkflow } from './clusters/importing.ts';
import { rotateSecretWorkflow } from './clusters/rotate-secret.ts';
import { unbindWorkflow } from './clusters/unbind.ts';
import { updateKubeconfigWorkflow } from './clusters/update-kubeconfig.ts';
import type { FederationEnv } from './env.ts';
import { createFederatedProject } from './namespaces/federated-create.ts';
import { deleteFederatedDelete, deleteFederatedKeep } from './namespaces/federated-delete.ts';
import { moveWithApps } from './namespaces/move-workflow.ts';
import { changeRoles } from './namespaces/people-workflow.ts';
import { shrinkDelete, shrinkKeep } from './placement/shrink.ts';
import { createUser, grantCluster, revokeCluster, setGlobalRole } from './users/workflows.ts';
import { adoptWorkspaceWorkflow } from './workspaces/adopt.ts';
import { createWorkspaceWorkflow } from './workspaces/create.ts';
import { deleteWorkspaceWorkflow } from './workspaces/delete.ts';
import { membershipWorkflow } from './workspaces/people.ts';

/** A workflow of a method: its input is what the method was called with, as plain data. */
// biome-ignore lint/suspicious/noExplicitAny: each has an input of its own, and a run is gone on with by its name alone.
export type MethodWorkflow = Workflow<any, FederationEnv, unknown>;

/**
 * The workflows of all methods that write more than once, by the name that their runs have in the journal: what a method began and
 * did not end, another process ends with `resume(methodWorkflows[name], runId, { env: federation, journal })`, or takes back with
 * `rollback`.
 */
export const methodWorkflows: Readonly<Record<string, MethodWorkflow>> = Object.freeze(
  Object.fromEntries(
    [
      moveWithApps,
      changeRoles,
      createUser,
      grantCluster,
      revokeCluster,
      setGlobalRole,
      adoptWorkspaceWorkflow,
      createWorkspaceWorkflow,
      membershipWorkflow,
      deleteWorkspaceWorkflow,
      importWorkflow,
      unbindWorkflow,
      updateKubeconfigWorkflow,
      rotateSecretWorkflow,
      createFederatedProject,
      deleteFederatedDelete,
      deleteFederatedKeep,
      shrinkKeep,
      shrinkDelete,
    ].map((workflow): [string, MethodWorkflow] => [workflow.name, workflow]),
  ),
);
