import { core } from '../../kube/resources.ts';
import { systemNamespaces } from '../../kubesphere/names.ts';
import { checkObjectName, invalid, refuseFields } from '../../kubesphere/validation.ts';
import type { CallOptions, Json } from '../../types.ts';
import { some } from '../closure.ts';
import { clusterByName, type FederationEnv } from '../env.ts';
import { perform, type WriteOptions, type Written } from '../operation.ts';
import { setField } from '../operations/set-field.ts';
import { checkOptions } from '../options.ts';
import { checkAmounts, checkLimits, sameAmounts, sameLimits } from './amounts.ts';
import { checkProject, type ProjectName } from './projects.ts';
import { type Amounts, inProject, type Limit } from './resources.ts';

/** What a project may use, and does. */
export interface QuotaInfo {
  readonly name: string;
  readonly hard: Amounts;
  /** Empty until Kubernetes has counted. */
  readonly used: Amounts;
}

/** Defaults and bounds of a project's containers. */
export interface LimitRangeInfo {
  readonly name: string;
  readonly limits: readonly Limit[];
}

/** A quota to set. */
export type NewQuota = ProjectName & {
  /** All of it: what is not named is not limited any more. */
  readonly hard: Amounts;
  /** @defaultValue the project's name, which is the one that the console reads and writes (console v3.3.2 src/actions/project.js:93) */
  readonly quota?: string;
};

/** Limits to set. */
export type NewLimitRange = ProjectName & {
  /** All of them. */
  readonly limits: readonly Limit[];
  /** @defaultValue the project's one LimitRange, whatever it is called; the project's name where there is none */
  readonly range?: string;
};

async function there(env: FederationEnv, { cluster, name }: ProjectName, options: CallOptions) {
  const at = await clusterByName(env)(cluster, options);
  await at.connection.get(core.namespaces, { name }, options);
  return at;
}

/** A limit on the installation's own namespaces stops KubeSphere itself. */
function check(project: ProjectName, options: unknown): void {
  checkOptions(options);
  checkProject(project);
  if (systemNamespaces.has(project.name))
    throw invalid('name', `"${project.name}" belongs to the installation itself, which a limit would stop.`);
}

/** Quotas of a project. */
export async function quotasOf(
  env: FederationEnv,
  project: ProjectName,
  options: CallOptions = {},
): Promise<readonly QuotaInfo[]> {
  checkProject(project);
  const { connection } = await there(env, project, options);
  const found = await connection.list(inProject.quotas, { ...options, namespace: project.name }).toArray();
  return found.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    hard: spec?.hard ?? {},
    used: status?.used ?? {},
  }));
}

/** Sets a quota of a project. */
export async function setQuota(
  env: FederationEnv,
  wanted: NewQuota,
  options: WriteOptions = {},
): Promise<Written<void>> {
  check(wanted, options);
  refuseFields(
    '',
    wanted,
    ['used'],
    "is of a quota as it was told, whose name is the quota's own and not the project's. Say { cluster, name, quota, hard }.",
  );
  const { cluster, name: namespace, hard, quota: name = namespace } = wanted;
  checkAmounts('hard', hard);
  checkObjectName('quota', name);
  const at = await there(env, wanted, options);
  const field = setField(at, {
    resource: inProject.quotas,
    at: { namespace, name },
    pointer: '/spec/hard',
    value: hard,
    read: ({ spec }) => spec?.hard,
    same: (one, other) => sameAmounts((one ?? {}) as Amounts, (other ?? {}) as Amounts),
  });
  return perform(field, `set quota "${name}" of project "${namespace}" of ${cluster}`, options);
}

/** Limit ranges of a project. */
export async function limitRangesOf(
  env: FederationEnv,
  project: ProjectName,
  options: CallOptions = {},
): Promise<readonly LimitRangeInfo[]> {
  checkProject(project);
  const { connection } = await there(env, project, options);
  const found = await connection.list(inProject.limitRanges, { ...options, namespace: project.name }).toArray();
  return found.map(({ metadata, spec }) => ({ name: metadata.name, limits: spec.limits }));
}

/** Sets the limits of a project. */
export async function setLimitRange(
  env: FederationEnv,
  wanted: NewLimitRange,
  options: WriteOptions = {},
): Promise<Written<void>> {
  check(wanted, options);
  const { cluster, name: namespace, limits, range } = wanted;
  checkLimits(limits);
  if (range !== undefined) checkObjectName('range', range);
  const at = await there(env, wanted, options);
  const found = await at.connection.listMetadata(inProject.limitRanges, { ...options, namespace }).toArray();
  // Of two, Kubernetes applies both: a second one beside the console's would not do what it says.
  if (range === undefined && found.length > 1)
    throw invalid(
      'range',
      `must be named: project "${namespace}" has ${some(found.map(({ metadata }) => metadata.name))}.`,
    );
  const name = range ?? found[0]?.metadata.name ?? namespace;
  const field = setField(at, {
    resource: inProject.limitRanges,
    at: { namespace, name },
    pointer: '/spec/limits',
    value: limits as unknown as Json,
    read: ({ spec }) => spec.limits as unknown as Json,
    same: (one, other) =>
      sameLimits((one ?? []) as unknown as readonly Limit[], (other ?? []) as unknown as readonly Limit[]),
  });
  return perform(field, `set limit range "${name}" of project "${namespace}" of ${cluster}`, options);
}
