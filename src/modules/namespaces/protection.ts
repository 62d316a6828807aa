import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { checkName, checkNames, invalid, refuseUndefined } from '../../kubesphere/validation.ts';
import { clusterByName, type FederationEnv } from '../env.ts';
import { inTime } from '../in-time.ts';
import { type Operation, perform, type WriteOptions, type Written } from '../operation.ts';
import { protectProjects, unprotectProjects } from '../operations/protect-projects.ts';
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
function checkProtection(protection: Protection, options: unknown): void {
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
function shieldOf({ names, workspaces = [] }: Protection): Shielded {
  const id = shieldId([...names, ...workspaces.map((workspace) => `workspace ${workspace}`)]);
  return { id, namespaces: names, workspaces };
}

/** For messages. */
const told = ({ names, workspaces = [] }: Protection): string =>
  `${names.length} namespace(s) and ${workspaces.length} Workspace(s)`;

/** Does one thing about the shield of a protection, where that is. */
function aboutShield<Before, Out>(
  verb: string,
  operation: (at: KubeSphereCluster, shielded: Shielded) => Operation<Before, Out>,
) {
  return async (env: FederationEnv, protection: Protection, options: WriteOptions = {}): Promise<Written<Out>> => {
    checkProtection(protection, options);
    const what = `${verb} ${told(protection)}`;
    return inTime(options, what, async (call) => {
      const at = await clusterByName(env)(protection.cluster, call);
      return perform(operation(at, shieldOf(protection)), what, call);
    });
  };
}

/** {@link Namespaces.protect}, with its input checked. */
export const protect = aboutShield('protect', protectProjects);

/** {@link Namespaces.unprotect}, with its input checked. */
export const unprotect = aboutShield('unprotect', unprotectProjects);
