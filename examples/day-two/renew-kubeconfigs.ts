/**
 * Hands the host fresh credentials for members whose stored ones end soon: `node examples/day-two/renew-kubeconfigs.ts` on the sandbox,
 * with `--kubeconfig host.yaml --from folder` on your host. Where fresh ones come from is everybody's own business: here it is
 * `folder/MEMBER.yaml`, and `fetchKubeconfig` is where yours go.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Federation } from 'kubesphere-federation';
import { type Rehearsal, withFederation } from './with-federation.ts';

const day = 24 * 3_600_000;
const soonDays = 30;

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

await withFederation({ from: 'a folder with a fresh MEMBER.yaml for each member.' }, async (stage) => {
  const renewed = stage.rehearsal === undefined ? await renewFrom(stage) : await rehearse(stage);
  console.log(`${renewed.length} kubeconfigs renewed`);
});

function renewFrom({ federation, said }: { federation: Federation; said: { from: string } }) {
  return renew(federation, (name) => readFile(join(said.from, `${name}.yaml`), 'utf8'), soonDays);
}

function rehearse({ federation, rehearsal }: { federation: Federation; rehearsal: Rehearsal }) {
  const { berlin, tokyo } = rehearsal.clusters;
  const fresh = async (name: string): Promise<string> =>
    (name === 'berlin' ? berlin : tokyo).kubeconfigFor({
      user: 'admin',
      groups: ['system:masters'],
      certificate: true,
    });
  // In the sandbox they are good for a year: whoever asks for two finds something to do.
  return renew(federation, fresh, 2 * 365);
}
