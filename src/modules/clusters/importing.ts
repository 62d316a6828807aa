import { connectCluster } from '../../kube/connect.ts';
import { portableKubeconfig } from '../../kube/portable.ts';
import { assertDifferent, type KubeSphereCluster, openCluster } from '../../kubesphere/cluster.ts';
import { systemWorkspace } from '../../kubesphere/names.ts';
import { checkName, checkOneOf, checkText } from '../../kubesphere/validation.ts';
import { type Operation, perform, type WriteOptions, type Written } from '../operation.ts';
import { importByAgent } from '../operations/import-by-agent.ts';
import { importCluster } from '../operations/import-cluster.ts';
import { guardImport } from './import-guard.ts';
import { acceptableFindings, type NewCluster } from './info.ts';

/** {@link Clusters.import}, with its input checked. */
export async function importMember(
  host: KubeSphereCluster,
  cluster: NewCluster,
  options?: WriteOptions,
): Promise<Written<void>> {
  const { name, kubeconfig, connection: way = 'direct', provider, labels, formerHostGone, accept = [] } = cluster;
  checkName('name', name);
  checkOneOf('connection', way, ['direct', 'agent']);
  if (way === 'direct' || formerHostGone !== true) checkText('kubeconfig', kubeconfig);
  for (const [index, code] of accept.entries()) checkOneOf(`accept[${index}]`, code, acceptableFindings);
  const what = `import cluster "${name}"`;
  const common = {
    name,
    ...(provider === undefined ? {} : { provider }),
    ...(labels === undefined ? {} : { labels }),
  };
  if (kubeconfig === undefined) return perform(importByAgent(host, common), what, options);
  const { text } = await portableKubeconfig(kubeconfig);
  await using connection = await connectCluster({ kubeconfig: text, name });
  const member = await openCluster(connection, options);
  assertDifferent(host, member, ['the host', `the member "${name}"`]);
  const candidate = { name, kubeconfig: text, connection: way };
  const guard = { accept, formerHostGone: formerHostGone === true };
  const guarded = (operation: Operation<null, void>) => guardImport(operation, host, member, candidate, guard);
  // Awaited here: the connection lives only as long as this call.
  if (way === 'agent') {
    const marked = formerHostGone === true ? {} : { unlessMarked: member };
    return await perform(guarded(importByAgent(host, { ...common, ...marked })), what, options);
  }
  const settings = {
    ...common,
    member,
    kubeconfig: async () => text,
    proof: [systemWorkspace],
    unlessMarked: formerHostGone !== true,
  };
  return await perform(guarded(importCluster(host, settings)), what, options);
}
