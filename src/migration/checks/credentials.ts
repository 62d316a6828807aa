import { FederationError } from '../../errors.ts';
import { connectCluster } from '../../kube/connect.ts';
import type { PortableKubeconfig } from '../../kube/portable.ts';
import { core } from '../../kube/resources.ts';
import { hostServiceAccount, kubefedNamespace } from '../../kubesphere/names.ts';
import { connectionOf } from '../credentials.ts';
import type { MigrationEnv } from '../env.ts';
import { defineCheck, type Finding } from './check.ts';

/** Whether a server's address leads through a host: its own address, or its gateway's path to a member. */
function through(server: string, hosts: readonly string[]): string | undefined {
  const url = new URL(server);
  if (/\/clusters\/[^/]+/.test(url.pathname)) return url.origin;
  return hosts.find((host) => new URL(host).host === url.host);
}

async function reached({ text }: PortableKubeconfig, name: string, signal: AbortSignal): Promise<string> {
  await using connection = await connectCluster({ kubeconfig: text, name });
  return (await connection.get(core.namespaces, { name: 'kube-system' }, { signal, timeoutMs: 15_000, retry: false }))
    .metadata.uid;
}

async function findingsOf(env: MigrationEnv, signal: AbortSignal): Promise<Finding[]> {
  const { member, target, source } = env;
  const found: Finding[] = [];
  const block = (code: string, why: string, remedy: string): void =>
    void found.push({ code, severity: 'blocks', why, remedy });
  const hosts = [target.host, ...(source === undefined ? [] : [source.host])].map(
    ({ connection }) => connection.server,
  );
  const used = through(member.connection.server, hosts);
  if (used !== undefined)
    block(
      'THROUGH_A_HOST',
      `This run itself would reach ${member.name} through a host (${used}); that way ends when the member leaves.`,
      "Give connectMember a kubeconfig with the member's own address.",
    );
  const revoked = `${kubefedNamespace}/${hostServiceAccount(member.name)}`;
  if (member.connection.serviceAccount === revoked)
    block(
      'REVOKED',
      `This run itself would reach ${member.name} with the token of ServiceAccount ${revoked}, which it deletes.`,
      "Give connectMember an administrator's kubeconfig of the member.",
    );
  const kubeconfig = await connectionOf(env, null, signal);
  const host = through(kubeconfig.server, hosts);
  if (host !== undefined)
    block(
      'THROUGH_A_HOST',
      `The kubeconfig under which ${target.host.name} shall reach ${member.name} leads through a host (${host}); that way ends when the member leaves.`,
      "Give env.connection a kubeconfig with the member's own address.",
    );
  if (target.host.version.minor === 3 && !kubeconfig.clientCertificate)
    block(
      'CLIENT_CERTIFICATE',
      `${target.host.name} runs KubeSphere ${target.host.version.text}: with a kubeconfig that has no client certificate its cluster never becomes Ready.`,
      'Give env.connection a kubeconfig with client-certificate-data, or upgrade the new host to 3.4.',
    );
  if (kubeconfig.serviceAccount === revoked)
    block(
      'REVOKED',
      `The kubeconfig for ${member.name} is that of ServiceAccount ${revoked}, which the run deletes.`,
      "Give env.connection an administrator's kubeconfig of the member.",
    );
  if (host === undefined) {
    const uid = await reached(kubeconfig, member.name, signal);
    if (uid !== member.uid)
      block(
        'OTHER_CLUSTER',
        `The kubeconfig under which ${target.host.name} shall reach ${member.name} leads to another cluster (UID ${uid}, expected ${member.uid}).`,
        'Give env.connection the right one.',
      );
  }
  return found;
}

/** The new host will be able to reach the member, by a way that does not end with the move. */
export const checkCredentials = defineCheck(
  'check-credentials',
  'The new host will be able to reach the member',
  async ({ env, signal }) => {
    try {
      return await findingsOf(env, signal);
    } catch (error) {
      if (
        !FederationError.is(
          error,
          'INVALID',
          'KUBECONFIG_INVALID',
          'UNREACHABLE',
          'UNAUTHENTICATED',
          'FORBIDDEN',
          'TIMEOUT',
        )
      )
        throw error;
      return [
        {
          code: 'NO_WAY',
          severity: 'blocks',
          why: error.message,
          remedy: 'Give env.connection a kubeconfig of the member that works from the new host.',
        },
      ];
    }
  },
);
