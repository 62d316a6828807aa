import { clusterByName } from '../env.ts';
import type { Operation } from '../operation.ts';
import { type Shielded, shieldId } from '../shield.ts';
import type { Known as KnownOf } from '../steps.ts';
import type { AdoptSurvey, WorkspaceAdoption } from './adopt-survey.ts';

/** What the workflow begins with. */
export interface Begun {
  readonly input: WorkspaceAdoption;
}
/** What was read. */
export interface Surveyed extends Begun {
  readonly survey: AdoptSurvey;
}
/** What its steps are given. */
export type Known = KnownOf<Surveyed>;

/** The member with the Workspace. */
export const memberOf = ({ state: { input }, env, signal }: Known) => clusterByName(env)(input.cluster, { signal });
/** Nothing is to be done: the host has it already. */
export const nothing = <Before, Out>(before: Before, out: Out): Operation<Before, Out> => ({
  forecast: async () => ({ effect: 'none', why: 'the host has this workspace already', out }),
  capture: async () => before,
  run: async () => out,
  verify: async () => {},
  compensate: async () => {},
});

/** What the shield of an adoption keeps. */
export function shieldedBy({ input: { cluster, name }, survey: { projects } }: Surveyed): Shielded {
  const id = `adopt-${shieldId([cluster, name])}`;
  return { id, namespaces: projects.map((one) => one.name), workspaces: [name] };
}
