import { Buffer } from 'node:buffer';
import { FederationError } from '../../../errors.ts';
import { core } from '../../../kube/resources.ts';
import { connectNear } from '../../connect.ts';
import { recordAt, text } from '../../server/object.ts';
import type { Review, Verdict } from './server.ts';

const otherCluster =
  'this kubeconfig corresponds to a different cluster than the previous one, you need to make sure that kubeconfig is not from another cluster';

const denied = (message: string): Verdict => ({ allowed: false, code: 403, message, reason: 'Forbidden' });

/**
 * pkg/controller/cluster/cluster_webhook.go of 3.4: whoever updates a Cluster whose member is known must show that the
 * member still is who it was, and must reach it to show that. Taking the finalizer off and writing the status are
 * updates too: a Cluster whose member does not answer can neither be deleted nor be called not ready.
 */
export const clusterReview: Review = async ({ operation, object, oldObject }) => {
  const before = text(recordAt(oldObject, 'status')['uid']) ?? '';
  if (operation !== 'UPDATE' || before === '') return { allowed: true };
  const name = text(recordAt(object, 'metadata')['name']) ?? '';
  const kubeconfig = text(recordAt(object, 'spec', 'connection')['kubeconfig']) ?? '';
  try {
    await using member = await connectNear({ kubeconfig: Buffer.from(kubeconfig, 'base64').toString(), name });
    const { metadata } = await member.get(
      core.namespaces,
      { name: 'kube-system' },
      { retry: false, timeoutMs: 25_000 },
    );
    return metadata.uid === before ? { allowed: true } : denied(otherCluster);
  } catch (error) {
    if (!FederationError.is(error)) throw error;
    if (FederationError.is(error, 'KUBECONFIG_INVALID'))
      return denied(`failed to load cluster config for ${name}: ${error.message}`);
    return denied(error.message);
  }
};
