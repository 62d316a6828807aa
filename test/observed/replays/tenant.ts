import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { startGateway } from '../../../src/testing/gateway/gateway.ts';
import { observeProjects } from '../../../src/testing/index.ts';
import { signedIn } from '../../testing/gateway/kit.ts';
import { hostWorkspace, untilGone, workspaceUid } from '../../testing/support.ts';
import type { Seen } from '../entry.ts';
import { areGoing, lostAfter, lostOf, timed } from '../kit.ts';
import type { Stage } from '../stage.ts';

const orphan = JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Orphan' });

/** A workspace deleted over KubeSphere's own API, the way the console does it, and with bodies that are not read (H20). */
export async function tenantDelete(stage: Stage): Promise<Seen> {
  const { a, m, clusters, now } = stage;
  await using gateway = await startGateway({ kubeconfig: clusters.a.kubeconfig });
  const ask = await signedIn(gateway);
  const answers = new Set<number>();
  /** Deletes a workspace with five projects. */
  const remove = async (name: string, request: { readonly body?: string; readonly type?: string }) => {
    const names = await hostWorkspace(a, m, { name, cluster: 'm', count: 5 });
    const before = await observeProjects(m, names);
    const owner = { name, uid: await workspaceUid(m, name) };
    const path = `/kapis/tenant.kubesphere.io/v1alpha2/workspaces/${name}`;
    answers.add((await ask(path, { method: 'DELETE', ...request })).status);
    return { names, before, owner };
  };
  const kept = await remove('asked-to-keep', { body: orphan, type: 'application/json' });
  await untilGone(m, kubesphere.workspaces, { name: 'asked-to-keep' });
  const none = await remove('without-a-body', {});
  const going = await timed(now, 'its projects are going', areGoing(m, none.names));
  const plain = await remove('as-plain-text', { body: orphan, type: 'text/plain' });
  await timed(now, 'its projects are going', areGoing(m, plain.names));
  return {
    outcome: {
      answers: [...answers].join(),
      'lost with an Orphan body': await lostAfter(stage, kept.before, kept.owner),
      'lost without a body': await lostOf(m, none.before),
      'lost with an Orphan body sent as text/plain': await lostOf(m, plain.before),
    },
    tookMs: { Terminating: going },
  };
}
