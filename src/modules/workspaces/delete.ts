import type { FederationEnv } from '../env.ts';
import { composeMethod, performAll } from '../method.ts';
import type { WriteOptions, Written } from '../operation.ts';
import { checkOptions } from '../options.ts';
import { checkDeletion, type DeletionInput, type WorkspaceDeletion } from './delete-plan.ts';
import {
  confirm,
  type DeletedWorkspace,
  detachApps,
  discardHost,
  discardMembers,
  quotas,
  release,
  releaseContents,
  releaseForeign,
  remove,
  report,
  survey,
  sweep,
  unbind,
} from './delete-steps.ts';

/**
 * Deletes a workspace: first everything in it is taken out of reach, step by step and undoable; then it is deleted by the path that
 * keeps projects, whatever becomes of them; then what was named to go goes, by UID.
 */
export const deleteWorkspaceWorkflow = composeMethod<DeletionInput>('workspaces.delete')
  .step(survey)
  .each(detachApps)
  .each(releaseForeign)
  .each(releaseContents)
  .each(release)
  .each(unbind)
  .step(confirm)
  .step(remove)
  .each(discardHost)
  .each(discardMembers)
  .each(quotas)
  .each(sweep)
  .step(report)
  .returns(({ report }) => report);

/** {@link Workspaces.delete}, with its input checked. */
export async function deleteWorkspace(
  env: FederationEnv,
  name: string,
  deletion: WorkspaceDeletion,
  options?: WriteOptions,
): Promise<Written<DeletedWorkspace | undefined>> {
  checkOptions(options);
  checkDeletion(name, deletion, env.host.sandbox);
  const { projects, apps, lookBackMs } = deletion;
  const input = { name, projects, apps, ...(lookBackMs !== undefined && { lookBackMs }) };
  return performAll(deleteWorkspaceWorkflow, input, env, `delete workspace "${name}"`, options);
}
