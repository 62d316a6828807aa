import { expect } from 'vitest';
import { parse, stringify } from 'yaml';
import { FederationError } from '../../../../src/errors.ts';
import { readInstallation } from '../../../../src/kubesphere/installation.ts';
import { kubefedNamespace, kubesphereNamespace } from '../../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../../src/kubesphere/resources.ts';
import { joinCluster, makeMember, until } from '../../../../src/testing/index.ts';
import type { ModuleWorld } from '../../kit/world.ts';

export const clustersPath = '/apis/cluster.kubesphere.io/v1alpha1/clusters';
export const parkedPath = `/api/v1/namespaces/${kubesphereNamespace}/secrets`;
export const parked = 'kubesphere-federation-parked-m';
export const parkedToImport = 'kubesphere-federation-parked-m.import';
export const parkedSecret = 'kubesphere-federation-parked-jwt-secret';
export const parkedBody = expect.objectContaining({ metadata: expect.objectContaining({ name: parked }) });
export const configurationPath = `/apis/installer.kubesphere.io/v1alpha1/namespaces/${kubesphereNamespace}/clusterconfigurations/ks-installer`;

/** Member M, joined to A by whatever its name and kubeconfig are. */
export async function joined({ clusters: { a, m } }: ModuleWorld) {
  await makeMember({ host: a.connection, member: m.connection });
  const found = await a.connection.find(kubesphere.clusters, { name: 'm' });
  if (found === undefined) await joinCluster(a.connection, { name: 'm', kubeconfig: m.kubeconfig });
  const at = { namespace: kubefedNamespace, name: 'm' };
  const kubefed = await until('kubefed has M', () => a.connection.find(kubesphere.kubeFedClusters, at));
  return {
    kubeconfig: m.kubeconfig,
    uid: (await a.connection.get(kubesphere.clusters, { name: 'm' })).metadata.uid,
    kubefed: kubefed.metadata.uid,
  };
}

/** Clusters without those that other specs have left, which no agent ever called for. */
export const withoutAgents = (names: readonly string[]): readonly string[] =>
  names.filter((one) => !one.startsWith('agent-'));

/** Its Cluster and kubefed's go; nothing on the member. */
export async function letGoOf({ connection }: ModuleWorld['clusters']['a'], name: string): Promise<void> {
  await connection.delete(kubesphere.clusters, { name }, { propagationPolicy: 'Orphan' });
  await until('its Cluster is gone', async () => !(await connection.find(kubesphere.clusters, { name })));
  const at = { namespace: kubefedNamespace, name };
  await until('kubefed has let go of it', async () => !(await connection.find(kubesphere.kubeFedClusters, at)));
}

/** M, which A has let go of; its account there stays. */
export async function apart(world: ModuleWorld) {
  const { a } = world.clusters;
  if ((await a.connection.find(kubesphere.clusters, { name: 'm' })) !== undefined) await letGoOf(a, 'm');
  return { name: 'm', kubeconfig: world.clusters.m.kubeconfig };
}

/** The kubeconfig of M under another user name: another text, the same rights. */
export function renamed(world: ModuleWorld): string {
  const kubeconfig = parse(world.clusters.m.kubeconfig) as {
    readonly users: readonly { readonly name: string; readonly user: object }[];
    readonly contexts: readonly { readonly name: string; readonly context: object }[];
  };
  const user = world.fresh('admin');
  return stringify({
    ...kubeconfig,
    users: kubeconfig.users.map((one) => ({ ...one, name: user })),
    contexts: kubeconfig.contexts.map((one) => ({ ...one, context: { ...one.context, user } })),
  });
}

export const precisely = expect.objectContaining({
  preconditions: { uid: expect.any(String), resourceVersion: expect.any(String) },
});
export const configurationAt = { namespace: kubesphereNamespace, name: 'ks-installer' };

/** A free name, on a host whose tower has an address. */
export async function agentName(world: ModuleWorld): Promise<string> {
  const { a } = world.clusters;
  const body = { spec: { multicluster: { proxyPublishAddress: 'http://203.0.113.1:8080' } } };
  await a.connection.patch(kubesphere.clusterConfigurations, configurationAt, { type: 'merge', body });
  const told = async () => (await readInstallation(a.connection)).proxyPublishAddress !== undefined;
  await until('agents are told where to dial', told);
  return world.fresh('agent');
}

/** A call over one cluster fails with what that one failed with. */
export async function unwrapped<T>(calling: Promise<T>): Promise<T> {
  try {
    return await calling;
  } catch (error) {
    throw FederationError.is(error, 'BATCH_FAILED') ? error.cause : error;
  }
}
