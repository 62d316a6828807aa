import { FederationError } from '../../errors.ts';
import { systemNamespaces, systemWorkspace } from '../../kubesphere/names.ts';
import { checkName, checkObjectName, checkOneOf, checkText, invalid } from '../../kubesphere/validation.ts';
import { some } from '../closure.ts';
import { devopsObstacle } from '../devops.ts';
import { checkArgument, type FieldsOf } from '../options.ts';
import type { ProjectAt } from '../placement/input.ts';
import { type FoundProject, projectText, type WorkspaceSurvey } from './survey.ts';

/** What becomes of the projects of a workspace, and of its apps, when it is deleted. Nothing of it has a default. */
export interface WorkspaceDeletion {
  /**
   * `keep`: they live on, on every cluster, without a workspace; multi-cluster ones become plain ones. Or exactly those that go with
   * the workspace, by cluster, name and UID: no more and no fewer.
   */
  readonly projects: 'keep' | { readonly delete: readonly ProjectAt[] };
  /** `keep`: App Store releases stay installed, without a workspace. `uninstall`: each is uninstalled, with what its chart made. */
  readonly apps: 'keep' | 'uninstall';
  /**
   * How long multi-cluster projects have to stay free before that is believed: kubefed has put labels back after 11 s.
   * @defaultValue 15000; less only in a sandbox
   */
  readonly lookBackMs?: number;
}

const deletionFields: FieldsOf<WorkspaceDeletion> = { projects: true, apps: true, lookBackMs: true };

/** Input of the workflow: what the method was called with. */
export interface DeletionInput extends WorkspaceDeletion {
  readonly name: string;
}

/** How long a state has to hold before it is believed (domain reference, 8.2). */
export const lookBackMs = 15_000;

/** @throws FederationError `INVALID` naming the field */
export function checkDeletion(name: string, deletion: WorkspaceDeletion, sandbox: boolean): void {
  checkName('name', name);
  if (name === systemWorkspace) throw invalid('name', `is ${systemWorkspace}, which every cluster needs.`);
  if (deletion === undefined) throw invalid('projects', "has no default: say 'keep', or { delete: […] }.");
  checkArgument('deletion', deletion, deletionFields);
  const { projects, apps } = deletion;
  if (projects !== 'keep') {
    const named = (projects as { readonly delete?: unknown } | undefined)?.delete;
    if (!Array.isArray(named)) throw invalid('projects', "has no default: say 'keep', or { delete: […] }.");
    checkArgument('projects', projects, { delete: true }, 'projects.');
    const seen = new Set<string>();
    for (const [index, one] of named.entries()) {
      const field = `projects.delete[${index}]`;
      const { cluster, name: project, uid } = (one ?? {}) as Partial<ProjectAt>;
      checkText(`${field}.cluster`, cluster);
      checkObjectName(`${field}.name`, project);
      checkText(`${field}.uid`, uid);
      if (systemNamespaces.has(project))
        throw invalid(`${field}.name`, `is "${project}", which the installation needs.`);
      const key = `${cluster}/${project}`;
      if (seen.has(key)) throw invalid(field, `names ${key} twice.`);
      seen.add(key);
    }
  }
  checkOneOf('apps', apps, ['keep', 'uninstall']);
  const wait = deletion.lookBackMs;
  if (wait === undefined) return;
  if (!Number.isInteger(wait) || wait < 0) throw invalid('lookBackMs', 'must be a whole number of milliseconds.');
  if (wait < lookBackMs && !sandbox)
    throw invalid('lookBackMs', `is less than real clusters need (${lookBackMs}); only a sandbox may have that.`);
}

/** Why a deletion must not be done, each reason with what a person does about it. */
export interface Obstacle {
  readonly why: string;
  readonly remedy: string;
}

/** Everything that is in the way of a deletion, at once. */
export function obstacles({ name, projects }: DeletionInput, found: WorkspaceSurvey): readonly Obstacle[] {
  const all: Obstacle[] = [];
  if (found.notReady.length > 0)
    all.push({
      why: `${some(found.notReady)} ${found.notReady.length === 1 ? 'is' : 'are'} not ready: kubefed finishes no deletion meanwhile, and what lives there is not known for sure.`,
      remedy: 'Bring them back, or unbind them first.',
    });
  if (found.template === null && found.federated !== null)
    all.push({
      why: `FederatedWorkspace "${name}" is there without its WorkspaceTemplate.`,
      remedy: 'Find out who deletes it, or give it its template back.',
    });
  const left = found.workspaces.map(({ cluster }) => cluster);
  // Deleting a template is the one way that keeps projects, and there is none.
  if (found.template === null && found.federated === null && left.length > 0)
    all.push({
      why: `The host has no workspace "${name}" any more, and the Workspace is on ${some(left)} still, with its projects: nothing deletes it there.`,
      remedy:
        "Take a member's over first: federation.workspaces.adopt({ cluster, name }); then delete it. One of the host itself: kubectl delete --cascade=orphan.",
    });
  if (found.ownTemplates.length > 0)
    all.push({
      why: `${some(found.ownTemplates)} ${found.ownTemplates.length === 1 ? 'has' : 'have'} a WorkspaceTemplate "${name}" of ${found.ownTemplates.length === 1 ? 'its' : 'their'} own, which would make the Workspace again.`,
      remedy: 'Take it over first: federation.workspaces.adopt({ cluster, name, existing: "join" }).',
    });
  const devops = devopsObstacle(name, [
    ...found.devops,
    ...found.projects.filter((one) => one.devops).map((one) => `${one.cluster}: ${one.name}`),
  ]);
  if (devops !== undefined) all.push(devops);
  const system = found.projects.filter((one) => systemNamespaces.has(one.name));
  if (system.length > 0)
    all.push({
      why: `Namespaces of the installation bear its label: ${some(system.map(projectText))}.`,
      remedy: 'Put them back into system-workspace first.',
    });
  if (projects !== 'keep') {
    const homeless = found.projects.filter((one) => one.kind === 'copy' && !hasStub(found, one));
    if (homeless.length > 0)
      all.push({
        why: `Multi-cluster projects ${some(homeless.map(projectText))} are in the workspace, and their namespace on the host is not: its kubefed would make them again.`,
        remedy: 'Label the namespace on the host, or take these copies out of the workspace.',
      });
    const difference = differenceOf(projects.delete, found.projects);
    if (difference !== undefined) all.push(difference);
  }
  return all;
}

const hasStub = ({ projects }: WorkspaceSurvey, { name }: FoundProject): boolean =>
  projects.some((one) => one.kind === 'stub' && one.name === name);

/** Both differences between what the caller named and what would go. */
function differenceOf(named: readonly ProjectAt[], found: readonly FoundProject[]): Obstacle | undefined {
  const key = ({ cluster, name, uid }: ProjectAt): string => `${cluster}/${name}/${uid}`;
  const [there, meant] = [new Set(found.map(key)), new Set(named.map(key))];
  const [unnamed, absent] = [found.filter((one) => !meant.has(key(one))), named.filter((one) => !there.has(key(one)))];
  if (unnamed.length === 0 && absent.length === 0) return undefined;
  return {
    why: [
      'The list of projects to delete is not exactly what would go.',
      ...(unnamed.length > 0 ? [`Not named, and would go: ${some(unnamed.map(projectText))}.`] : []),
      ...(absent.length > 0 ? [`Named, and not there: ${some(absent.map(projectText))}.`] : []),
    ].join(' '),
    remedy: 'Look at them, then name exactly those that go; or keep them all.',
  };
}

/** Throws what is in the way. @throws FederationError `KEPT_AT_RISK` */
export function assertNoObstacle(input: DeletionInput, found: WorkspaceSurvey): void {
  const all = obstacles(input, found);
  if (all.length === 0) return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `Workspace "${input.name}" was not deleted: ${all.map(({ why, remedy }) => `${why} ${remedy}`).join(' ')}`,
  );
}
