import { FederationError } from '../../errors.ts';
import { systemWorkspace } from '../../kubesphere/names.ts';
import type { LabelSelector, Placement } from '../../kubesphere/resources.ts';
import {
  checkName,
  checkNames,
  checkObjectName,
  checkOneOf,
  checkText,
  invalid,
  refuseUndefined,
} from '../../kubesphere/validation.ts';
import type { FederationEnv } from '../env.ts';
import { checkArgument, type FieldsOf } from '../options.ts';

/** A project of one cluster, pinned by UID: another one of its name is not meant. */
export interface ProjectAt {
  /** Name of its Cluster object; the host also by the name given to `Federation.connect`. */
  readonly cluster: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * What becomes of the projects that a smaller placement would take along. `keep`: they leave the workspace and live on, as plain
 * namespaces; nothing in them is touched. `delete`: exactly these go, with everything in them; nobody can bring them back.
 */
export type ProjectsFate = 'keep' | { readonly delete: readonly ProjectAt[] };

/** What every call has to say that can make a placement smaller. There is no default. */
export interface ShrinkOptions {
  readonly projects: ProjectsFate;
  /**
   * How long unbound projects are left alone before they are looked at again: a host puts a label back up to 11 s later (domain
   * reference, 8.2). Less than the default is taken only where every kube-system bears label kubesphere-federation/sandbox.
   * @defaultValue 15000
   */
  readonly lookBackMs?: number;
}

/** A placement as callers give it: by names of clusters, or by their labels. */
export type NewPlacement =
  | { readonly clusters: readonly string[]; readonly clusterSelector?: never }
  | { readonly clusterSelector: LabelSelector; readonly clusters?: never };

/** The least that {@link ShrinkOptions.lookBackMs} may be on real clusters. */
export const lookBackDefaultMs = 15_000;

const shrinkFields: FieldsOf<ShrinkOptions> = { projects: true, lookBackMs: true };

/** What a call was told about projects that it would take along. @throws FederationError `INVALID` naming the field */
export function shrinkIn(env: FederationEnv, given: unknown = {}): Partial<ShrinkOptions> {
  checkArgument('shrink', given, shrinkFields);
  const { projects, lookBackMs } = given;
  if (projects !== undefined) checkFate(projects);
  checkLookBack(env, lookBackMs);
  return { ...(projects !== undefined && { projects }), ...(lookBackMs !== undefined && { lookBackMs }) };
}

/** @throws FederationError `INVALID` naming `projects`, where it is missing or makes no sense */
export function checkFate(value: unknown): asserts value is ProjectsFate {
  if (value === 'keep') return;
  const listed = typeof value === 'object' && value !== null && 'delete' in value ? value.delete : undefined;
  if (!Array.isArray(listed))
    throw invalid(
      'projects',
      "must say what becomes of the projects on the clusters that go: 'keep', or { delete: [{ cluster, name, uid }] } with every one of them.",
    );
  checkArgument('projects', value, { delete: true }, 'projects.');
  for (const [index, one] of listed.entries()) {
    const field = `projects.delete[${index}]`;
    if (typeof one !== 'object' || one === null) throw invalid(field, 'must be { cluster, name, uid }.');
    const { cluster, name, uid }: Partial<Record<keyof ProjectAt, unknown>> = one;
    checkObjectName(`${field}.cluster`, cluster);
    checkName(`${field}.name`, name);
    checkText(`${field}.uid`, uid);
  }
}

/** @throws FederationError `INVALID` naming `lookBackMs`, where it is shorter than real controllers need */
function checkLookBack({ host }: FederationEnv, value: unknown): asserts value is number | undefined {
  if (value === undefined) return;
  if (typeof value !== 'number' || !(value >= 0) || !Number.isFinite(value))
    throw invalid('lookBackMs', 'must be a number of milliseconds.');
  if (value < lookBackDefaultMs && !host.sandbox)
    throw invalid(
      'lookBackMs',
      `is less than ${lookBackDefaultMs}, which a host needs to show that it puts a label back; that is taken only in a sandbox.`,
    );
}

/** @throws FederationError `INVALID` for system-workspace: the installation itself lives in it, on every cluster */
export function refuseSystemWorkspace(field: string, name: string): void {
  if (name === systemWorkspace)
    throw invalid(field, `is ${systemWorkspace}, which holds the installation itself on every cluster.`);
}

const placementFields: FieldsOf<NewPlacement> = { clusters: true, clusterSelector: true };
const selectorFields: FieldsOf<LabelSelector> = { matchLabels: true, matchExpressions: true };
const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;

/** A placement as the API has it. @throws FederationError `INVALID` naming the field */
export function placementOf(field: string, value: unknown): Placement {
  checkArgument(field, value, placementFields, `${field}.`);
  refuseUndefined(`${field}.`, value, 'clusters', 'clusterSelector');
  const { clusters, clusterSelector } = value;
  if ((clusters === undefined) === (clusterSelector === undefined))
    throw invalid(field, 'must name clusters, or give a clusterSelector, and not both: a list would win.');
  if (clusters !== undefined) {
    checkNames(`${field}.clusters`, clusters, { emptyToo: true });
    return { clusters: clusters.map((name) => ({ name })) };
  }
  checkSelector(`${field}.clusterSelector`, clusterSelector);
  return { clusterSelector };
}

function checkSelector(field: string, value: unknown): asserts value is LabelSelector {
  // A misspelt part would be no part, as would one that is undefined, and {} means every cluster.
  checkArgument(field, value, selectorFields, `${field}.`);
  refuseUndefined(`${field}.`, value, 'matchLabels', 'matchExpressions');
  const { matchLabels = {}, matchExpressions = [] } = value;
  if (typeof matchLabels !== 'object' || matchLabels === null || Array.isArray(matchLabels))
    throw invalid(`${field}.matchLabels`, 'must be labels and their values.');
  for (const [key, text] of Object.entries(matchLabels))
    if (typeof text !== 'string') throw invalid(`${field}.matchLabels.${key}`, 'must be a text.');
  if (!Array.isArray(matchExpressions)) throw invalid(`${field}.matchExpressions`, 'must be a list.');
  for (const [index, expression] of matchExpressions.entries()) {
    const at = `${field}.matchExpressions[${index}]`;
    const { key, operator, values }: { key?: unknown; operator?: unknown; values?: unknown } = expression ?? {};
    checkText(`${at}.key`, key);
    checkOneOf(`${at}.operator`, operator, operators);
    const wanted = operator === 'In' || operator === 'NotIn';
    if (wanted ? !Array.isArray(values) || values.length === 0 : values !== undefined)
      throw invalid(`${at}.values`, wanted ? 'must name at least one value.' : `must not be given with ${operator}.`);
  }
}

/** What a call may take a cluster off a placement for, that nobody gave. @throws FederationError `INVALID` naming `projects` */
export function refuseWithoutFate(what: string, leaving: readonly string[]): never {
  throw new FederationError(
    'INVALID',
    `projects must be given: ${what} would leave ${leaving.join(', ')}, and KubeSphere deletes there what is bound to it. Say 'keep', or { delete: [{ cluster, name, uid }] }. Nothing was changed.`,
    { details: { field: 'projects' } },
  );
}
