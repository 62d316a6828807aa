import { FederationError } from '../errors.ts';
import { systemWorkspace } from '../kubesphere/names.ts';
import { checkObject, checkOneOf, checkText, invalid as invalidField } from '../kubesphere/validation.ts';
import { some } from '../modules/closure.ts';
import { checkArgument, type FieldsOf } from '../modules/options.ts';

/** How one workspace moves. */
export interface WorkspaceMove {
  /**
   * `adopt`: the new host takes the Workspace over in place; no project is written. `rebind`: projects are unbound, the
   * workspace is cleared, and they are bound to the new host's.
   * @defaultValue 'adopt', or 'rebind' where `to` gives another name
   */
  readonly mode?: 'adopt' | 'rebind';
  /** Its name on the new host. @defaultValue its name */
  readonly to?: string;
  /** The new host's workspace of that name is the same one: join it. Without this an equal name blocks. */
  readonly existing?: 'join';
  /** User name of its manager on the new host. @defaultValue its present manager */
  readonly manager?: string;
}

/** What to move, and what becomes of the rest. Plain JSON. */
export interface MigrationInput {
  /** What is kept and moved: all projects, or those of these workspaces and these ones by name. */
  readonly retain: 'all' | { readonly workspaces?: readonly string[]; readonly namespaces?: readonly string[] };
  /** Projects to unbind and leave on the member, alive and in no workspace. */
  readonly leave?: readonly string[];
  /** Projects to delete after the pivot. Not in this release: naming any is `UNSUPPORTED`. */
  readonly discard?: readonly string[];
  /** How single workspaces move, by their present name. */
  readonly workspaces?: Readonly<Record<string, WorkspaceMove>>;
  /** The old host is gone for good: needed where the member bears its marks and no `source` is given. */
  readonly sourceGone?: true;
  /** `false` works without the shield, on your own responsibility. */
  readonly shield?: false;
}

const inputFields: FieldsOf<MigrationInput> = {
  ...{ retain: true, leave: true, discard: true, workspaces: true },
  ...{ sourceGone: true, shield: true },
};
const retainFields = { workspaces: true, namespaces: true } as const;
const moveFields: FieldsOf<WorkspaceMove> = { mode: true, to: true, existing: true, manager: true };

const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

function invalid(message: string): FederationError {
  return new FederationError('INVALID', `Migration input: ${message} Nothing was written.`);
}

function checkNames(names: unknown, where: string): asserts names is readonly string[] {
  if (!Array.isArray(names)) throw invalidField(where, 'must be a list of names.');
  const wrong = names.filter((name) => typeof name !== 'string' || !dnsLabel.test(name));
  if (wrong.length > 0)
    throw invalid(
      `${where} holds ${some(wrong.map((name) => JSON.stringify(name)))}, which can be no name in Kubernetes.`,
    );
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) throw invalid(`${where} names ${some([...new Set(twice)])} more than once.`);
}

/** What is not understood must not keep what was to be left, nor adopt what was to be rebound. */
function checkFields(input: MigrationInput): void {
  checkArgument('input', input, inputFields);
  const { retain, workspaces = {}, sourceGone, shield } = input;
  if (retain !== 'all') {
    if (typeof retain !== 'object' || retain === null)
      throw invalid(`retain must be 'all' or an object with workspaces or namespaces.`);
    checkArgument('retain', retain, retainFields, 'retain.');
  }
  if (sourceGone !== undefined && sourceGone !== true)
    throw invalidField('sourceGone', 'can only be true; leave it out where the old host lives.');
  if (shield !== undefined && shield !== false)
    throw invalidField('shield', 'can only be false; leave it out to have the shield.');
  checkObject('workspaces', workspaces);
  for (const [name, move] of Object.entries(workspaces)) {
    const at = `workspaces.${name}`;
    checkArgument(at, move, moveFields, `${at}.`);
    if (move.mode !== undefined) checkOneOf(`${at}.mode`, move.mode, ['adopt', 'rebind']);
    if (move.existing !== undefined) checkOneOf(`${at}.existing`, move.existing, ['join']);
    if (move.manager !== undefined) checkText(`${at}.manager`, move.manager);
  }
}

/**
 * Refuses input that is not understood, or contradicts itself, before any cluster is asked.
 *
 * @throws FederationError `INVALID`, `UNSUPPORTED`
 */
export function checkInput(input: MigrationInput): void {
  checkFields(input);
  const { retain, leave = [], discard = [], workspaces = {} } = input;
  const kept = retain === 'all' ? [] : (retain.namespaces ?? []);
  const keptWorkspaces = retain === 'all' ? [] : (retain.workspaces ?? []);
  if (retain !== 'all' && kept.length + keptWorkspaces.length === 0)
    throw invalid(`retain names nothing; say 'all', or which workspaces or namespaces.`);
  checkNames(kept, 'retain.namespaces');
  checkNames(keptWorkspaces, 'retain.workspaces');
  checkNames(leave, 'leave');
  checkNames(discard, 'discard');
  checkNames(Object.keys(workspaces), 'workspaces');
  const lists = { 'retain.namespaces': kept, leave, discard };
  const entries = Object.entries(lists);
  for (const [index, [first, names]] of entries.entries())
    for (const [second, others] of entries.slice(index + 1)) {
      const both = names.filter((name) => others.includes(name));
      if (both.length > 0)
        throw invalid(`${some(both)} stand(s) in both ${first} and ${second}; say one or the other.`);
    }
  const targets = new Map<string, string>();
  for (const [name, { mode, to }] of Object.entries(workspaces)) {
    if (to !== undefined) checkNames([to], `workspaces.${name}.to`);
    if (to === systemWorkspace) throw invalid(`workspace "${name}" cannot become ${systemWorkspace}.`);
    if (mode === 'adopt' && to !== undefined && to !== name)
      throw invalid(`workspace "${name}" cannot be adopted as "${to}": adoption keeps the name. Use mode: 'rebind'.`);
    const target = to ?? name;
    const other = targets.get(target);
    if (other !== undefined) throw invalid(`workspaces "${other}" and "${name}" would both become "${target}".`);
    targets.set(target, name);
  }
  if (discard.length > 0)
    throw new FederationError(
      'UNSUPPORTED',
      `Migration input: this release deletes no project. Put ${some(discard)} into leave, and delete them yourself once the migration is done. Nothing was written.`,
    );
}
