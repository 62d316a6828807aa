/**
 * Hands the host fresh credentials for members whose stored ones end soon:
 * `node examples/day-two/renew-kubeconfigs.ts [--kubeconfig host.yaml]`. Where fresh ones come from is everybody's own business:
 * `fetchKubeconfig` is where yours go.
 */
import type { Federation } from 'kubesphere-federation';
import { withFederation } from './with-federation.ts';

const day = 24 * 3_600_000;

/** Answers the clusters that were renewed. */
export async function renew(
  { clusters }: Federation,
  fetchKubeconfig: (cluster: string) => Promise<string>,
  withinDays: number,
): Promise<readonly string[]> {
  const renewed: string[] = [];
  for await (const { name, role, kubeconfigExpires } of clusters.list()) {
    if (role === 'host' || kubeconfigExpires === undefined) continue;
    const days = Math.floor((Date.parse(kubeconfigExpires) - Date.now()) / day);
    if (days >= withinDays) {
      console.log(`${name}: good for ${days} days`);
      continue;
    }
    const { outcome } = await clusters.updateKubeconfig(name, await fetchKubeconfig(name));
    console.log(`${name}: ${days} days were left, ${outcome}`);
    renewed.push(name);
  }
  return renewed;
}

await withFederation(async ({ federation, rehearsal }) => {
  if (rehearsal === undefined) throw new Error('Say where fresh kubeconfigs come from: fetchKubeconfig.');
  const { berlin, tokyo } = rehearsal.clusters;
  const fresh = async (name: string): Promise<string> =>
    (name === 'berlin' ? berlin : tokyo).kubeconfigFor({
      user: 'admin',
      groups: ['system:masters'],
      certificate: true,
    });
  // In the sandbox they are good for a year: whoever asks for two finds something to do.
  const renewed = await renew(federation, fresh, 2 * 365);
  console.log(`${renewed.length} kubeconfigs renewed`);
});
