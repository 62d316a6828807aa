import type { Connection } from '../../kube/connection.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { core, defineResource } from '../../kube/resources.ts';
import { installation, kubesphereNamespace, userLabel } from '../../kubesphere/names.ts';
import { type Cluster, kubesphere } from '../../kubesphere/resources.ts';
import { settingsOf } from '../gateway/settings.ts';
import { recordAt, text } from '../server/object.ts';
import { withClusterName } from './kubesphere-config.ts';
import { parseSettings } from './settings.ts';
import { update } from './writes.ts';

const nodes = defineResource({ version: 'v1', kind: 'Node', plural: 'nodes' });
const configAt = { namespace: kubesphereNamespace, name: installation.config };

/** What a host writes into the status of a member's Cluster besides conditions. */
export async function describeMember(member: Connection): Promise<NonNullable<Cluster['status']>> {
  const configuration = await member.find(kubesphere.clusterConfigurations, {
    namespace: kubesphereNamespace,
    name: installation.configuration,
  });
  const config = await member.find(core.configMaps, configAt);
  const { metadata } = await member.get(core.namespaces, { name: 'kube-system' });
  return {
    kubernetesVersion: await member.version(),
    kubeSphereVersion: text(recordAt(configuration?.status, 'core')['version']) ?? 'unknown',
    nodeCount: (await member.list(nodes).toArray()).length,
    configz: settingsOf(parseSettings(config)).configz,
    uid: metadata.uid,
  };
}

/** Whether a member that federates is the host itself: as many nodes, and the first one on the same machine. */
export async function isSameMachine(host: Connection, member: Connection): Promise<boolean> {
  const [ours, theirs] = await Promise.all([host, member].map((connection) => connection.list(nodes).toArray()));
  return ours?.length === theirs?.length && machineOf(ours?.[0]) === machineOf(theirs?.[0]);
}

function machineOf(node: KubeObject | undefined): unknown {
  return recordAt(node, 'status', 'nodeInfo')['machineID'];
}

/** Writes the name that the host has for a member into the member's own configuration. */
export async function writeClusterName(member: Connection, name: string): Promise<void> {
  const config = await member.get(core.configMaps, configAt);
  const settings = parseSettings(config);
  if (recordAt(settings, 'multicluster')['clusterName'] === name) return;
  await update(member, core.configMaps, config, {
    data: { [installation.configKey]: withClusterName(settings, name) },
  });
}

/** Everybody whom a ClusterRoleBinding of the member names that bears a user's label. */
export async function boundUsers(member: Connection): Promise<ReadonlySet<string>> {
  const bindings = await member.list(core.clusterRoleBindings, { labelSelector: userLabel }).toArray();
  const subjects = bindings.flatMap((binding) => binding.subjects ?? []);
  return new Set(subjects.filter(({ kind }) => kind === 'User').map(({ name }) => name));
}
