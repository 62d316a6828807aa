import { FederationError } from '../../errors.ts';
import {
  aliasAnnotation,
  creatorAnnotation,
  descriptionAnnotation,
  systemNamespaces,
  systemWorkspace,
} from '../../kubesphere/names.ts';
import { checkFlag, checkName, checkObjectName, checkText, invalid } from '../../kubesphere/validation.ts';
import { assertUser } from '../assert-user.ts';
import { some } from '../closure.ts';
import { clusterByName, type FederationEnv } from '../env.ts';
import { inTime } from '../in-time.ts';
import { perform, type WriteOptions, type Written } from '../operation.ts';
import { createProject, type ProjectMade } from '../operations/create-project.ts';
import { checkArgument, checkOptions, type FieldsOf } from '../options.ts';
import { type Candidate, candidatesFor, leastLoaded } from './candidates.ts';

/** A project to create. */
export interface NewProject {
  readonly name: string;
  readonly workspace: string;
  /** Where. Either this or `placement`. */
  readonly cluster?: string;
  /**
   * Chooses among the clusters that the workspace is placed on, that are ready, and that have its Workspace: the one with the fewest
   * projects, or the one that a function names. Where one of them has a project of that name and workspace already, it is that one.
   */
  readonly placement?: 'least-loaded' | ((candidates: readonly Candidate[]) => string);
  /** Without it the host is refused, and no candidate. @defaultValue `false` */
  readonly allowHost?: boolean;
  /** User who becomes its admin; must be there, on that cluster too. */
  readonly creator?: string;
  readonly alias?: string;
  readonly description?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

const newProjectFields: FieldsOf<NewProject> = {
  ...{ name: true, workspace: true, cluster: true, placement: true, allowHost: true },
  ...{ creator: true, alias: true, description: true, annotations: true },
};

function check(project: NewProject): void {
  checkArgument('project', project, newProjectFields);
  const { name, workspace, cluster, placement, creator, alias, description, annotations = {}, allowHost } = project;
  checkName('name', name);
  if (systemNamespaces.has(name)) throw invalid('name', `"${name}" belongs to the installation itself.`);
  checkName('workspace', workspace);
  if (workspace === systemWorkspace) throw invalid('workspace', `${systemWorkspace} is the installation's own.`);
  if ((cluster === undefined) === (placement === undefined))
    throw invalid('cluster', 'or placement must be given, and not both.');
  if (cluster !== undefined) checkName('cluster', cluster);
  if (placement !== undefined && placement !== 'least-loaded' && typeof placement !== 'function')
    throw invalid('placement', 'must be "least-loaded" or a function of the candidates.');
  if (allowHost !== undefined) checkFlag('allowHost', allowHost);
  if (creator !== undefined) checkObjectName('creator', creator);
  if (alias !== undefined) checkText('alias', alias);
  if (description !== undefined) checkText('description', description);
  for (const [key, value] of Object.entries(annotations))
    if (typeof value !== 'string') throw invalid(`annotations.${key}`, 'must be a text.');
}

async function choose(env: FederationEnv, project: NewProject, options: WriteOptions): Promise<string> {
  const { name, workspace, cluster, placement, allowHost = false } = project;
  if (cluster !== undefined) return cluster;
  const call = {
    ...(options.signal !== undefined && { signal: options.signal }),
    ...(options.retry !== undefined && { retry: options.retry }),
  };
  const { candidates, others, holding } = await candidatesFor(env, { name, workspace }, { ...call, allowHost });
  if (holding !== undefined) return holding;
  if (candidates.length === 0)
    throw new FederationError(
      'PLAN_BLOCKED',
      `There is no cluster to create project "${name}" on: workspace "${workspace}" is placed on ${others.length === 0 ? 'none' : some(others.map((one) => `${one.cluster}, which ${one.why}`))}. Place it on a cluster that is ready, or name a cluster.`,
    );
  const chosen = typeof placement === 'function' ? placement(candidates) : leastLoaded(candidates);
  if (candidates.some((one) => one.cluster === chosen)) return chosen;
  throw new FederationError(
    'INVALID',
    `placement chose ${JSON.stringify(chosen)}, which is none of the candidates (${some(candidates.map((one) => one.cluster))}). Nothing was written.`,
    { details: { field: 'placement' } },
  );
}

/** Creates a project, and waits until the live Workspace owns it and it has its built-in roles. */
export async function createOne(
  env: FederationEnv,
  project: NewProject,
  options: WriteOptions = {},
): Promise<Written<ProjectMade>> {
  checkOptions(options);
  check(project);
  const { name, workspace, creator, alias, description, allowHost = false } = project;
  const refuseHost = () =>
    invalid('cluster', `is the host, which runs everybody's KubeSphere. Say allowHost: true if it is meant.`);
  if (project.cluster === env.host.name && !allowHost) throw refuseHost();
  return inTime(options, `create project "${name}"`, async (call) => {
    const cluster = await choose(env, project, call);
    const at = await clusterByName(env)(cluster, call);
    if (at.uid === env.host.uid && !allowHost) throw refuseHost();
    at.dialect;
    // Nobody would be admin of the project.
    if (creator !== undefined)
      await assertUser(at, creator, call, `Create it on the host, and wait until it is on ${at.name}.`);
    const annotations = {
      ...project.annotations,
      ...(creator !== undefined && { [creatorAnnotation]: creator }),
      ...(alias !== undefined && { [aliasAnnotation]: alias }),
      ...(description !== undefined && { [descriptionAnnotation]: description }),
    };
    const operation = createProject(at, env.host, { name, workspace, annotations });
    return perform(operation, `create project "${name}" on ${cluster}`, call);
  });
}
