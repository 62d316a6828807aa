import type { Workflow } from '../workflow/compose.ts';
import type { FederationEnv } from './env.ts';
import { createFederatedProject } from './namespaces/federated-create.ts';
import { deleteFederatedDelete, deleteFederatedKeep } from './namespaces/federated-delete.ts';
import { shrinkDelete, shrinkKeep } from './placement/shrink.ts';

/** A workflow of a method: its input is what the method was called with, as plain data. */
// biome-ignore lint/suspicious/noExplicitAny: each has an input of its own, and a run is gone on with by its name alone.
export type MethodWorkflow = Workflow<any, FederationEnv, unknown>;

/**
 * The workflows of all methods that write more than once, by the name that their runs have in the journal: what a method began and
 * did not end, another process ends with `resume(methodWorkflows[name], runId, { env: federation, journal })`, or takes back with
 * `rollback`.
 */
export const methodWorkflows: Readonly<Record<string, MethodWorkflow>> = Object.freeze({
  [createFederatedProject.name]: createFederatedProject,
  [deleteFederatedDelete.name]: deleteFederatedDelete,
  [deleteFederatedKeep.name]: deleteFederatedKeep,
  [shrinkKeep.name]: shrinkKeep,
  [shrinkDelete.name]: shrinkDelete,
});
