/**
 * Gives the scripts of this folder a federation: that of `--kubeconfig FILE`, or one on the sandbox with two members, so that each can be
 * tried before it meets a cluster that matters.
 */
import { parseArgs } from 'node:util';
import { Federation } from 'kubesphere-federation';
import { createSandbox, createUser, joinCluster, makeMember } from 'kubesphere-federation/testing';

/** What a script works with. `rehearsal`: nobody is harmed, and what a script needs to find may be put there. */
export interface Stage {
  readonly federation: Federation;
  readonly rehearsal?: Rehearsal;
}

/** The sandbox behind a rehearsal. */
export type Rehearsal = Awaited<ReturnType<typeof startRehearsal>>;

/** Runs a script on the federation that the command line names. */
export async function withFederation(script: (stage: Stage) => Promise<void>): Promise<void> {
  const { values } = parseArgs({ options: { kubeconfig: { type: 'string' } } });
  if (values.kubeconfig !== undefined) {
    await using federation = await Federation.connect({ kubeconfig: values.kubeconfig });
    await script({ federation });
    return;
  }
  await using rehearsal = await startRehearsal();
  const kubeconfig = rehearsal.clusters.host.clientCertificateKubeconfig;
  await using federation = await Federation.connect({ kubeconfig, name: 'host' });
  await script({ federation, rehearsal });
}

async function startRehearsal() {
  const sandbox = await createSandbox({
    clusters: { host: { role: 'host' }, berlin: { role: 'standalone' }, tokyo: { role: 'standalone' } },
    speed: 60,
  });
  const { host, berlin, tokyo } = sandbox.clusters;
  await createUser(host.connection, { name: 'ann' });
  for (const member of [berlin, tokyo]) {
    await makeMember({ host: host.connection, member: member.connection });
    const kubeconfig = member.clientCertificateKubeconfig;
    await joinCluster(host.connection, { name: member.connection.cluster, kubeconfig });
  }
  return sandbox;
}
