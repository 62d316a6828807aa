import type { FederationEnv } from '../env.ts';
import { composeMethod, performAll } from '../method.ts';
import type { WriteOptions, Written } from '../operation.ts';
import { checkItem, checkOptions } from '../options.ts';
import { type AdoptedWorkspace, confirm, retire, shieldDown } from './adopt-end.ts';
import { create, detachApps, labels, place, shieldUp, survey } from './adopt-steps.ts';
import { checkAdoption, type WorkspaceAdoption } from './adopt-survey.ts';

/** Brings a workspace of a member under the host, in place (domain reference, 8.4). */
export const adoptWorkspaceWorkflow = composeMethod<WorkspaceAdoption>('workspaces.adopt')
  .step(survey)
  .step(shieldUp)
  .each(labels)
  .step(create)
  .step(place)
  .each(detachApps)
  .step(confirm)
  .step(retire)
  .step(shieldDown)
  .returns(
    ({ survey: { uid, manager, projects, apps, people, roles } }): AdoptedWorkspace => ({
      uid,
      manager,
      projects,
      apps,
      people,
      roles,
    }),
  );

/** {@link Workspaces.adopt}, with its input checked. */
export async function adoptWorkspace(
  env: FederationEnv,
  adoption: WorkspaceAdoption,
  options?: WriteOptions,
): Promise<Written<AdoptedWorkspace | undefined>> {
  checkOptions(options);
  checkItem(adoption);
  checkAdoption(adoption, env.host.name);
  const { cluster, name, manager, existing } = adoption;
  const input = { cluster, name, ...(manager && { manager }), ...(existing && { existing }) };
  return performAll(adoptWorkspaceWorkflow, input, env, `adopt workspace "${name}" of ${cluster}`, options);
}
