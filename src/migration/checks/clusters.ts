import { FederationError } from '../../errors.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { readInstallation } from '../../kubesphere/installation.ts';
import { hostServiceAccount, kubefedNamespace, kubesphereNamespace, managedLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { some } from '../../modules/closure.ts';
import { sharedSecret } from '../../modules/clusters.ts';
import { hostMarks } from '../../modules/marks.ts';
import type { MigrationEnv } from '../env.ts';
import { type CheckContext, defineCheck, type Finding } from './check.ts';

/** Without its controllers a cluster's finalizers never go, and nothing that is asked for happens (H14). */
async function controllerFindings({ name, connection }: KubeSphereCluster, signal: AbortSignal): Promise<Finding[]> {
  const deployment = await connection.find(
    core.deployments,
    { namespace: kubesphereNamespace, name: 'ks-controller-manager' },
    { signal },
  );
  const available = Number(deployment?.status?.['availableReplicas'] ?? 0);
  return available > 0
    ? []
    : [
        {
          code: 'CONTROLLERS',
          severity: 'blocks',
          why: `${name}: ks-controller-manager is ${deployment === undefined ? 'not there' : 'not available'}.`,
          remedy: `Bring up Deployment ${kubesphereNamespace}/ks-controller-manager; without it nothing on that cluster is ever finished.`,
        },
      ];
}

/** Another host's account there: it has the member under another name, and two hosts on one member destroy what both have (8.2). */
async function otherHosts({ name, connection }: KubeSphereCluster, signal: AbortSignal): Promise<Finding[]> {
  const accounts = await connection
    .listMetadata(core.serviceAccounts, { namespace: kubefedNamespace, signal })
    .toArray();
  const others = accounts
    .map(({ metadata }) => metadata.name)
    .filter((account) => account.endsWith('-kubesphere') && account !== hostServiceAccount(name));
  if (others.length === 0) return [];
  return [
    {
      code: 'OTHER_HOST',
      severity: 'blocks',
      why: `${name}: ServiceAccount(s) ${some(others)} in ${kubefedNamespace}: a host has it, or had it, under another name.`,
      remedy:
        'Find that host and unbind the cluster there; if it is gone for good, delete these accounts and their ClusterRoleBindings on the member.',
    },
  ];
}

const recentMs = 10 * 60_000;

/** Whether some kubefed has written to the member lately: a host that is said to be gone, and is not. */
async function lastWriteOfKubefed({ connection }: KubeSphereCluster, signal: AbortSignal): Promise<string | undefined> {
  const objects = await connection.list(kubesphere.users, { labelSelector: `${managedLabel}=true`, signal }).toArray();
  const times = objects.flatMap(({ metadata }) =>
    (metadata.managedFields ?? [])
      .filter(({ manager = '' }) => /kubefed|hyperfed|controller-manager/i.test(manager))
      .map(({ time }) => time ?? ''),
  );
  const last = times.sort().at(-1);
  return last !== undefined && Date.now() - Date.parse(last) < recentMs ? last : undefined;
}

async function sourceFindings({ env, state: { input }, signal }: CheckContext): Promise<Finding[]> {
  const { source, member } = env;
  const found: Finding[] = [];
  const block = (code: string, why: string, remedy: string): void =>
    void found.push({ code, severity: 'blocks', why, remedy });
  if (source === undefined) {
    const marks = await hostMarks(member, signal);
    if (marks.length === 0) return found;
    if (input.sourceGone !== true)
      block(
        'SOURCE_UNKNOWN',
        `${member.name} bears the marks of a host (${marks.join('; ')}), and none was given as source.`,
        'Give the old host as env.source. If it is gone for good, say sourceGone: true.',
      );
    else {
      const last = await lastWriteOfKubefed(member, signal);
      if (last !== undefined)
        block(
          'SOURCE_ALIVE',
          `${member.name}: a kubefed wrote there at ${last}; the host that is said to be gone is at work.`,
          'Find that host and give it as env.source.',
        );
    }
    return found;
  }
  const cluster = await source.host.connection.find(kubesphere.clusters, { name: member.name }, { signal });
  if (cluster === undefined)
    block(
      'NOT_ON_SOURCE',
      `${source.host.name} has no cluster "${member.name}".`,
      'connectMember needs the very name under which the old host has it.',
    );
  else if (cluster.status?.uid !== member.uid)
    block(
      'OTHER_ON_SOURCE',
      `Cluster "${member.name}" of ${source.host.name} is another cluster (UID ${cluster.status?.uid ?? 'unknown'}) than the member given (UID ${member.uid}).`,
      'Check the name and the kubeconfig of the member.',
    );
  else if (cluster.spec.connection.type !== 'direct')
    block(
      'AGENT',
      `Cluster "${member.name}" of ${source.host.name} is connected by agent; this release moves direct connections.`,
      'Change it to a direct connection first.',
    );
  return found;
}

async function roleFindings({ member, target }: MigrationEnv, signal: AbortSignal): Promise<Finding[]> {
  const found: Finding[] = [];
  const { role } = await readInstallation(member.connection, { signal });
  const own = await member.connection.list(kubesphere.clusters, { signal }).toArray();
  if (own.length > (role === 'host' ? 1 : 0))
    found.push({
      code: 'MEMBER_IS_HOST',
      severity: 'blocks',
      why: `${member.name} is itself a host, or was one: it has cluster(s) ${some(own.map(({ metadata }) => metadata.name))}.`,
      remedy: 'Unbind its members first: a host that becomes a member goes on managing them (H17).',
    });
  try {
    await sharedSecret(target.host, signal);
  } catch (error) {
    if (!FederationError.is(error, 'INVALID', 'NOT_FOUND', 'FORBIDDEN')) throw error;
    found.push({
      code: 'JWT_SECRET',
      severity: 'blocks',
      why: `The jwtSecret of ${target.host.name} cannot be read: ${error.message}`,
      remedy:
        'Give credentials that may read ConfigMap kubesphere-system/kubesphere-config there, and see that its installer has finished.',
    });
  }
  return found;
}

/** A member that does not answer keeps federated objects from going on every host that has it (H19). */
async function deadMembers({ name: host, connection }: KubeSphereCluster, signal: AbortSignal): Promise<Finding[]> {
  const dead = (
    await connection.list(kubesphere.kubeFedClusters, { namespace: kubefedNamespace, signal }).toArray()
  ).filter(({ status }) => !status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'));
  if (dead.length === 0) return [];
  return [
    {
      code: 'DEAD_MEMBER',
      severity: 'warns',
      why: `${host}: kubefed does not reach ${some(dead.map(({ metadata }) => metadata.name))}; while that is so, no workspace made there can be taken back wholly.`,
      remedy: 'Bring that cluster back, or unbind it.',
    },
  ];
}

/** Every cluster is what it is taken for, and its controllers are at work. */
export const checkClusters = defineCheck(
  'check-clusters',
  'Every cluster is what it is taken for, and at work',
  async (ctx) => {
    const { env, signal } = ctx;
    const clusters = [env.target.host, ...(env.source === undefined ? [] : [env.source.host]), env.member];
    const findings = await Promise.all([
      ...clusters.map((cluster) => controllerFindings(cluster, signal)),
      deadMembers(env.target.host, signal),
      sourceFindings(ctx),
      otherHosts(env.member, signal),
      roleFindings(env, signal),
    ]);
    return findings.flat();
  },
);
