import { request } from 'undici';
import { startControlPlanes } from '../real/control-plane/start.ts';
import type { Case } from './case.ts';
import { createFixtures } from './fixtures.ts';
import { at } from './json.ts';
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
  await using target = new Target(planes.clusters.real.tokenKubeconfig, () => compact(planes.etcd));
  return await playAll(target, cases, 16);
}

/**
 * Compacts etcd the way an API server does every five minutes: it says up to where under a key that all API servers
 * watch, whereupon they drop what they remember of earlier states, and then has etcd forget them.
 */
async function compact(etcd: string): Promise<void> {
  const call = async (path: string, body: object): Promise<unknown> => {
    const answer = await request(`${etcd}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) });
    const content = await answer.body.json();
    if (answer.statusCode !== 200) throw new Error(`etcd answers ${path} with ${JSON.stringify(content)}`);
    return content;
  };
  const key = Buffer.from('compact_rev_key').toString('base64');
  const revision = String(at(await call('range', { key }), 'header.revision'));
  await call('put', { key, value: Buffer.from(revision).toString('base64') });
  await call('compaction', { revision });
}
