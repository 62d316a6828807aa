import type { KubeSphereCluster } from '../../../kubesphere/cluster.ts';
import { readInstallation } from '../../../kubesphere/installation.ts';
import { hostMarks } from '../../marks.ts';
import { controllersAtWork, otherHosts, ownMembers } from './controllers.ts';
import { blocks, type ClusterFinding, warns } from './finding.ts';
import type { HostView } from './host.ts';

/** Whether the cluster is another one than those the host has, itself included. */
export function checkIdentity({ host, clusters }: HostView, member: KubeSphereCluster): ClusterFinding[] {
  if (member.uid === host.uid)
    return [
      blocks(
        'SAME_CLUSTER',
        member.name,
        `It is ${host.name} itself.`,
        "Give the member's kubeconfig, not the host's.",
      ),
    ];
  const twin = clusters.find(({ status }) => status?.uid === member.uid);
  if (twin === undefined) return [];
  return [
    blocks(
      'CLUSTER_TWICE',
      member.name,
      `${host.name} has this very cluster already, as "${twin.metadata.name}".`,
      'It is imported. To give it another name, unbind it first.',
    ),
  ];
}

function checkVersion({ host }: HostView, { name, version }: KubeSphereCluster): ClusterFinding[] {
  const what = `${name} runs KubeSphere ${version.text}, ${host.name} runs ${host.version.text}.`;
  if (version.line !== host.version.line)
    return [blocks('VERSION', name, what, 'A host takes members of its own version line only: upgrade one of them.')];
  if (version.minor === host.version.minor) return [];
  return [warns('VERSION', name, what, 'Upgrade one of them soon: hosts and members are meant to be alike.')];
}

/** Whether the member's installation fits the host's: version, role, jwtSecret, its controllers, and nobody else's marks. */
export async function checkInstallation(
  view: HostView,
  member: KubeSphereCluster,
  signal: AbortSignal,
): Promise<ClusterFinding[]> {
  const { name } = member;
  const found = checkVersion(view, member);
  if (member.version.line !== '3.x') return found;
  const { role, jwtDigest, acceptsHostTokens } = await readInstallation(member.connection, { signal });
  const prepare = 'federation.clusters.prepareMember does it.';
  if (role !== 'member')
    found.push(
      blocks('CLUSTER_ROLE', name, `${name}: its multicluster.clusterRole is "${role}", not "member".`, prepare),
    );
  if (jwtDigest === undefined || jwtDigest !== view.installation.jwtDigest)
    found.push(
      blocks('JWT_SECRET', name, `${name}: its authentication.jwtSecret is not the one of ${view.host.name}.`, prepare),
    );
  if (!acceptsHostTokens)
    found.push(
      blocks(
        'TOKEN_MAX_AGE',
        name,
        `${name}: its accessTokenMaxAge is not 0, so that it accepts no token of its host.`,
        `It comes with the role of a member: ${prepare}`,
      ),
    );
  const marks = await hostMarks(member, signal);
  if (marks.length > 0)
    found.push(
      blocks(
        'HOST_MARKS',
        name,
        `${name} bears the marks of a host (${marks.join('; ')}): two hosts on one member destroy what both have.`,
        'Move it with memberMigration. If no host has it any more, say formerHostGone: true to import.',
      ),
    );
  found.push(
    ...(await ownMembers(member, role === 'host' ? 1 : 0, signal)),
    ...(await otherHosts(member, signal)),
    ...(await controllersAtWork(member, signal)),
  );
  return found;
}
