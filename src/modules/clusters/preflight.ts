import { FederationError } from '../../errors.ts';
import { connectCluster } from '../../kube/connect.ts';
import { type PortableKubeconfig, portableKubeconfig } from '../../kube/portable.ts';
import { type KubeSphereCluster, openCluster } from '../../kubesphere/cluster.ts';
import { checkFrontDoor, checkKubeconfig, checkRights } from './checks/credential.ts';
import { blocks, type ClusterFinding, unlessUnread } from './checks/finding.ts';
import { checkHost, type HostView, viewHost } from './checks/host.ts';
import { checkIdentity, checkInstallation } from './checks/installation.ts';
import { checkLeftovers, checkUsers, checkWorkspaces } from './checks/names.ts';
import { checkProjects } from './checks/projects.ts';
import type { Newcomer } from './checks/reach.ts';

/** A cluster that is to be imported. */
export interface Candidate {
  /** The name that the host shall have for it. */
  readonly name: string;
  /** Under which the host would reach it: a path or YAML text. Of one that an agent connects: any under which it is reached from here. */
  readonly kubeconfig: string;
  /** @defaultValue direct */
  readonly connection?: 'direct' | 'agent';
  /** Those that its Cluster object shall have: placements may select by them. @defaultValue none */
  readonly labels?: Readonly<Record<string, string>>;
}

/** What {@link Clusters.preflight} found. */
export interface Preflight {
  /** Nothing blocks. */
  readonly ready: boolean;
  readonly findings: readonly ClusterFinding[];
}

const patience = { timeoutMs: 15_000, retry: false } as const;

/** Every check of a cluster that is to be imported, on the cluster and on its host. */
export async function examine(
  host: KubeSphereCluster,
  { name, kubeconfig, connection = 'direct', labels = {} }: Candidate,
  signal: AbortSignal,
): Promise<Preflight> {
  const view = await viewHost(host, signal);
  const agent = connection === 'agent';
  const findings = [
    ...(await checkHost(view, name, agent, signal)),
    ...(await unlessUnread(name, async () => {
      const portable = await portableKubeconfig(kubeconfig);
      return [
        ...(agent ? [] : checkKubeconfig(host, name, portable)),
        ...(await examineMember(view, { name, labels }, portable, agent, signal)),
      ];
    })),
  ];
  return { ready: findings.every(({ severity }) => severity !== 'blocks'), findings };
}

async function examineMember(
  view: HostView,
  newcomer: Newcomer,
  { text }: PortableKubeconfig,
  agent: boolean,
  signal: AbortSignal,
): Promise<readonly ClusterFinding[]> {
  const { name } = newcomer;
  await using connection = await connectCluster({ kubeconfig: text, name });
  let member: KubeSphereCluster;
  try {
    member = await openCluster(connection, { ...patience, signal });
  } catch (error) {
    if (!FederationError.is(error) || FederationError.is(error, 'ABORTED')) throw error;
    const code = error.code === 'UNSUPPORTED' ? 'NO_KUBESPHERE' : 'NO_WAY';
    return [blocks(code, name, error.message, 'Correct that, then ask again.')];
  }
  const same = checkIdentity(view, member);
  if (same.length > 0) return same;
  const checks: (() => Promise<readonly ClusterFinding[]>)[] = [
    ...(agent ? [] : [() => checkRights(connection, signal), () => checkFrontDoor(connection, signal)]),
    () => checkInstallation(view, member, signal),
    () => checkWorkspaces(view, newcomer, member, signal),
    () => checkProjects(view, newcomer, member, signal),
    () => checkUsers(view, member, signal),
    () => checkLeftovers(view, newcomer, member, signal),
  ];
  return (await Promise.all(checks.map((check) => unlessUnread(name, check)))).flat();
}
