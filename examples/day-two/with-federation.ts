/**
 * Gives the scripts of this folder a federation: that of `--kubeconfig FILE`, or one on the sandbox with two members, so that each can be
 * tried before it meets a cluster that matters.
 */
import { parseArgs } from 'node:util';
import { Federation } from 'kubesphere-federation';
import { createSandbox, createUser, joinCluster, makeMember } from 'kubesphere-federation/testing';

/** What a script works with: the sandbox, where nobody is harmed and what it needs to find may be put; or your host, and what you said. */
export type Stage<Name extends string> = { readonly federation: Federation } & (
  | { readonly rehearsal: Rehearsal; readonly said?: undefined }
  | { readonly rehearsal?: undefined; readonly said: Readonly<Record<Name, string>> }
);

/** The sandbox behind a rehearsal. */
export type Rehearsal = Awaited<ReturnType<typeof startRehearsal>>;

/**
 * Runs a script on the federation that the command line names.
 *
 * @param asks - what a script must be told about your clusters, by the name of its option: it makes none of it up
 */
export async function withFederation<const Name extends string = never>(
  asks: Readonly<Record<Name, string>>,
  script: (stage: Stage<Name>) => Promise<void>,
): Promise<void> {
  const names = Object.keys(asks) as Name[];
  const text = { type: 'string' } as const;
  const options = Object.fromEntries(['kubeconfig', ...names].map((name) => [name, text]));
  const { kubeconfig, ...said } = parseArgs({ options }).values as Partial<Record<string, string>>;
  if (kubeconfig !== undefined) {
    for (const name of names) if (said[name] === undefined) throw new Error(`Say --${name}: ${asks[name]}`);
    await using federation = await Federation.connect({ kubeconfig });
    await script({ federation, said: said as Record<Name, string> });
    return;
  }
  if (Object.keys(said).length > 0)
    throw new Error(`--${Object.keys(said).join(', --')} goes with --kubeconfig alone.`);
  await using rehearsal = await startRehearsal();
  const stored = rehearsal.clusters.host.clientCertificateKubeconfig;
  await using federation = await Federation.connect({ kubeconfig: stored, name: 'host' });
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
