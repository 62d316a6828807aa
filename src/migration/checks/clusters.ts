import { FederationError } from '../../errors.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { readInstallation } from '../../kubesphere/installation.ts';
import { kubefedNamespace, managedLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { controllersAtWork, deadMembers, otherHosts, ownMembers } from '../../modules/clusters/checks/controllers.ts';
import { sharedSecret } from '../../modules/clusters/shared-secret.ts';
import { hostMarks } from '../../modules/marks.ts';
import type { MigrationEnv } from '../env.ts';
import { type CheckContext, defineCheck, type Finding, findingOf } from './check.ts';

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
  found.push(...(await ownMembers(member, role === 'host' ? 1 : 0, signal)).map(findingOf));
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

/** What kubefed of a host says of its members. */
async function joinedOf({ connection }: KubeSphereCluster, signal: AbortSignal) {
  return connection.list(kubesphere.kubeFedClusters, { namespace: kubefedNamespace, signal }).toArray();
}

/** Every cluster is what it is taken for, and its controllers are at work. */
export const checkClusters = defineCheck(
  'check-clusters',
  'Every cluster is what it is taken for, and at work',
  async (ctx) => {
    const { env, signal } = ctx;
    const clusters = [env.target.host, ...(env.source === undefined ? [] : [env.source.host]), env.member];
    const findings = await Promise.all([
      ...clusters.map(async (cluster) => (await controllersAtWork(cluster, signal)).map(findingOf)),
      joinedOf(env.target.host, signal).then((joined) => deadMembers(env.target.host.name, joined).map(findingOf)),
      sourceFindings(ctx),
      otherHosts(env.member, signal).then((found) => found.map(findingOf)),
      roleFindings(env, signal),
    ]);
    return findings.flat();
  },
);
