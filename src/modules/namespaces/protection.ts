import { checkName, checkNames, invalid, refuseUndefined } from '../../kubesphere/validation.ts';
import { checkArgument, checkOptions, type FieldsOf } from '../options.ts';
import { type Shielded, shieldId } from '../shield.ts';

/** What {@link Namespaces.protect} keeps. */
export interface Protection {
  readonly cluster: string;
  readonly names: readonly string[];
  /** Workspaces of that cluster, by name. Without ValidatingAdmissionPolicy (Kubernetes below 1.30) naming any keeps all. */
  readonly workspaces?: readonly string[];
}

const protectionFields: FieldsOf<Protection> = { cluster: true, names: true, workspaces: true };

/** @throws FederationError `INVALID` naming the field */
export function checkProtection(protection: Protection, options: unknown): void {
  checkOptions(options);
  checkArgument('protection', protection, protectionFields);
  refuseUndefined('', protection, 'workspaces');
  const { cluster, names, workspaces } = protection;
  checkName('cluster', cluster);
  if (workspaces !== undefined) checkNames('workspaces', workspaces, { emptyToo: true });
  checkNames('names', names, { emptyToo: true });
  if (names.length + (workspaces?.length ?? 0) === 0) throw invalid('names', 'must name at least one.');
}

/** The shield of a protection: the same names give the same one. */
export function shieldOf({ names, workspaces = [] }: Protection): Shielded {
  const id = shieldId([...names, ...workspaces.map((workspace) => `workspace ${workspace}`)]);
  return { id, namespaces: names, workspaces };
}

/** For messages. */
export const told = ({ names, workspaces = [] }: Protection): string =>
  `${names.length} namespace(s) and ${workspaces.length} Workspace(s)`;
