import { systemNamespaces, systemWorkspace } from '../../kubesphere/names.ts';
import { checkName, checkOneOf, checkText, invalid, refuseFields } from '../../kubesphere/validation.ts';
import { type ItemOutcome, performEach } from '../batch.ts';
import type { FederationEnv } from '../env.ts';
import type { WriteOptions, Written } from '../operation.ts';
import { batchOptions, checkItem, checkOptions, type FieldsOf } from '../options.ts';
import { askConsequences } from './consequences.ts';
import type { MoveVerb } from './move-workflow.ts';
import { type Moved, type MoveOptions, moveProject } from './moves.ts';

/** One project: a namespace of one cluster. */
export type ProjectName = {
  readonly cluster: string;
  readonly name: string;
};

/** One project, and the very one where its UID is known. */
export type PinnedProject = ProjectName & {
  /** As a list told it: another namespace of that name is not meant. @defaultValue whichever bears the name */
  readonly uid?: string;
};

/** One project, and the workspace that it goes to. */
export type ProjectToMove = PinnedProject & { readonly workspace: string };

/** Projects of one cluster. */
export interface ProjectNames {
  readonly cluster: string;
  readonly names: readonly string[];
}

/** Projects of one cluster that go to one workspace. */
export interface ProjectsToMove extends ProjectNames {
  readonly workspace: string;
}

/** What became of each project, in the order in which they were given. */
export type MovedEach<Item> = readonly ItemOutcome<Item, Moved>[];

const moveOptions: FieldsOf<MoveOptions> = { ...batchOptions, apps: true, devops: true };

/** Names one project. @throws FederationError `INVALID` naming the field */
export function checkProject(project: ProjectName, at = ''): void {
  checkItem(project, at, moveOptions);
  const { cluster, name } = project;
  checkName(`${at}cluster`, cluster);
  checkName(`${at}name`, name);
}

type Item = PinnedProject & { readonly workspace?: string };

function check(item: Item, verb: MoveVerb, at: string): void {
  checkProject(item, at);
  refuseFields(at, item, ['names'], 'must not be given together with name: say which of both is meant.');
  if ('uid' in item) checkText(`${at}uid`, item.uid);
  const instead =
    verb === 'unbind'
      ? 'it takes a project out of whatever workspace it is in.'
      : 'say workspace for the one that the project goes to.';
  refuseFields(at, item, ['to', 'from'], `is nothing that ${verb} goes by: ${instead}`);
  if (systemNamespaces.has(item.name))
    throw invalid(`${at}name`, `"${item.name}" belongs to the installation itself; it stays in ${systemWorkspace}.`);
  if (verb === 'unbind') return;
  checkName(`${at}workspace`, item.workspace);
  if (item.workspace === systemWorkspace)
    throw invalid(`${at}workspace`, `${systemWorkspace} is the installation's own: nobody's projects go there.`);
}

function checkMoveOptions(options: MoveOptions): void {
  checkOptions(options, moveOptions);
  const { apps, devops } = options;
  if (apps !== undefined) checkOneOf('apps', apps, ['follow', 'refuse']);
  if (devops !== undefined && !(Array.isArray(devops) && devops.every((name) => typeof name === 'string')))
    throw invalid('devops', 'must be a list of names.');
}

function itemsOf<One extends ProjectName>(given: readonly One[] | (Omit<One, 'name'> & ProjectNames)): One[] {
  if (Array.isArray(given)) return [...(given as readonly One[])];
  const { names, ...rest } = given as Omit<One, 'name'> & ProjectNames;
  if (!Array.isArray(names)) throw invalid('names', 'must be a list of names.');
  return names.map((name: string) => ({ ...rest, name }) as unknown as One);
}

/** Moves one project, or many, each for itself. */
export async function moveProjects<One extends Item>(
  env: FederationEnv,
  verb: MoveVerb,
  given: One | readonly One[] | (Omit<One, 'name'> & ProjectNames),
  options: MoveOptions = {},
): Promise<Written<Moved> | MovedEach<One>> {
  checkMoveOptions(options);
  const { onProgress: _told, concurrency: _many, ...call } = options;
  const consequencesOf = askConsequences({
    ...(call.signal !== undefined && { signal: call.signal }),
    ...(call.retry !== undefined && { retry: call.retry }),
  });
  // What `listAcross` tells names the workspace that a project is in: it is not unbound into that.
  const into = (workspace: string | undefined): string | null => (verb === 'unbind' ? null : (workspace ?? null));
  const move = ({ cluster, name, workspace, uid }: Item, each: WriteOptions = call): Promise<Written<Moved>> =>
    moveProject(
      env,
      { verb, cluster, name, to: into(workspace), ...(uid !== undefined && { uid }) },
      each,
      consequencesOf,
    );
  if (!Array.isArray(given)) checkItem(given, '', moveOptions);
  if (!Array.isArray(given) && 'name' in given) {
    check(given, verb, '');
    return move(given);
  }
  const items = itemsOf<One>(given as readonly One[]);
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    check(item, verb, `[${index}].`);
    const key = `${item.cluster}/${item.name}`;
    if (seen.has(key)) throw invalid(`[${index}].name`, `names "${item.name}" of ${item.cluster} twice.`);
    seen.add(key);
  }
  return performEach(items, `${verb} ${items.length} project(s)`, move, options);
}
