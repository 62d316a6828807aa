import { systemNamespaces, systemWorkspace } from '../../kubesphere/names.ts';
import { checkName, checkOneOf, invalid } from '../../kubesphere/validation.ts';
import { type ItemOutcome, performEach } from '../batch.ts';
import type { FederationEnv } from '../env.ts';
import type { WriteOptions, Written } from '../operation.ts';
import { askConsequences } from './consequences.ts';
import type { MoveVerb } from './move-workflow.ts';
import { type Moved, type MoveOptions, moveProject } from './moves.ts';

/** One project: a namespace of one cluster. */
export type ProjectName = {
  readonly cluster: string;
  readonly name: string;
};

/** One project, and the workspace that it goes to. */
export type ProjectToMove = ProjectName & { readonly workspace: string };

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

/** Names one project. @throws FederationError `INVALID` naming the field */
export function checkProject({ cluster, name }: ProjectName, at = ''): void {
  checkName(`${at}cluster`, cluster);
  checkName(`${at}name`, name);
}

function check(item: ProjectName & { readonly workspace?: string }, verb: MoveVerb, at: string): void {
  checkProject(item, at);
  if (systemNamespaces.has(item.name))
    throw invalid(`${at}name`, `"${item.name}" belongs to the installation itself; it stays in ${systemWorkspace}.`);
  if (verb === 'unbind') return;
  checkName(`${at}workspace`, item.workspace);
  if (item.workspace === systemWorkspace)
    throw invalid(`${at}workspace`, `${systemWorkspace} is the installation's own: nobody's projects go there.`);
}

function checkOptions({ apps, devops }: MoveOptions): void {
  if (apps !== undefined) checkOneOf('apps', apps, ['follow', 'refuse']);
  if (devops !== undefined && !(Array.isArray(devops) && devops.every((name) => typeof name === 'string')))
    throw invalid('devops', 'must be a list of names.');
}

function itemsOf<Item extends ProjectName>(given: readonly Item[] | (Omit<Item, 'name'> & ProjectNames)): Item[] {
  if (Array.isArray(given)) return [...(given as readonly Item[])];
  const { names, ...rest } = given as Omit<Item, 'name'> & ProjectNames;
  if (!Array.isArray(names)) throw invalid('names', 'must be a list of names.');
  return names.map((name: string) => ({ ...rest, name }) as unknown as Item);
}

/** Moves one project, or many, each for itself. */
export async function moveProjects<Item extends ProjectName & { readonly workspace?: string }>(
  env: FederationEnv,
  verb: MoveVerb,
  given: Item | readonly Item[] | (Omit<Item, 'name'> & ProjectNames),
  options: MoveOptions = {},
): Promise<Written<Moved> | MovedEach<Item>> {
  checkOptions(options);
  const { onProgress: _told, concurrency: _many, ...call } = options;
  const consequencesOf = askConsequences({
    ...(call.signal !== undefined && { signal: call.signal }),
    ...(call.retry !== undefined && { retry: call.retry }),
  });
  // What `listAcross` tells names the workspace that a project is in: it is not unbound into that.
  const into = (workspace: string | undefined): string | null => (verb === 'unbind' ? null : (workspace ?? null));
  const move = ({ cluster, name, workspace }: Item, each: WriteOptions = call): Promise<Written<Moved>> =>
    moveProject(env, { verb, cluster, name, to: into(workspace) }, each, consequencesOf);
  if (!Array.isArray(given) && 'name' in given) {
    check(given, verb, '');
    return move(given);
  }
  const items = itemsOf<Item>(given as readonly Item[]);
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    check(item, verb, `[${index}].`);
    const key = `${item.cluster}/${item.name}`;
    if (seen.has(key)) throw invalid(`[${index}].name`, `names "${item.name}" of ${item.cluster} twice.`);
    seen.add(key);
  }
  return performEach(items, `${verb} ${items.length} project(s)`, move, options);
}
