import { startControlPlanes } from '../real/control-plane/start.ts';
import type { Case } from './case.ts';
import { createFixtures } from './fixtures.ts';
import type { Outcome } from './play.ts';
import { playAll } from './playing.ts';
import { Target } from './target.ts';

/** Plays cases on an unmodified etcd, kube-apiserver and kube-controller-manager. */
export async function playOnReal(cases: readonly Case[]): Promise<Map<string, Outcome>> {
  await using planes = await startControlPlanes(['real'], {
    async prepare({ tokenKubeconfig }) {
      await using target = new Target(tokenKubeconfig);
      await createFixtures(target);
    },
  });
  await using target = new Target(planes.clusters.real.tokenKubeconfig);
  return await playAll(target, cases, 16);
}
