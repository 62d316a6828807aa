import { parse } from 'yaml';
import { FederationError } from '../../errors.ts';
import type { Connection } from '../../kube/connection.ts';
import { core } from '../../kube/resources.ts';
import {
  hostClusterRole,
  hostSecret,
  hostServiceAccount,
  kubefedNamespace,
  managedLabel,
} from '../../kubesphere/names.ts';
import { type Cluster, kubesphere } from '../../kubesphere/resources.ts';
import { isRecord, recordAt, recordsAt, text } from '../server/object.ts';
import { createUnlessThere, same } from './writes.ts';

/** What a stored kubeconfig says of a member, as far as joining needs it. */
export interface MemberAccess {
  readonly server: string;
  /** Base64 PEM; absent where the kubeconfig switches verification off. */
  readonly certificateAuthority?: string;
  readonly insecure: boolean;
  /** Base64 PEM. */
  readonly clientCertificate?: string;
}

/** Reads the current context of a kubeconfig. @throws FederationError `INVALID` */
export function memberAccess(kubeconfig: string): MemberAccess {
  const config: unknown = parse(kubeconfig);
  const current = recordAt(config)['current-context'];
  const entry = (list: string, name: unknown): Record<string, unknown> =>
    recordsAt(config, list).find((item) => item['name'] === name) ?? {};
  const context = recordAt(entry('contexts', current), 'context');
  const cluster = recordAt(entry('clusters', context['cluster']), 'cluster');
  const user = recordAt(entry('users', context['user']), 'user');
  const server = text(cluster['server']);
  if (!isRecord(config) || server === undefined) {
    throw new FederationError('INVALID', 'failed to create cluster config: the stored kubeconfig names no server');
  }
  const certificateAuthority = text(cluster['certificate-authority-data']);
  const clientCertificate = text(user['client-certificate-data']);
  return {
    server,
    insecure: cluster['insecure-skip-tls-verify'] === true,
    ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
  };
}

/** Both ends of a join. */
export interface Join {
  readonly host: Connection;
  readonly member: Connection;
  readonly cluster: Cluster;
  readonly access: MemberAccess;
  /** Waits a moment. */
  pause(): Promise<void>;
}

/**
 * pkg/controller/cluster/join.go of 3.x, repeated at every resync. A conflict of workspaces refuses it, but only after
 * account, token and secret were made.
 */
export async function joinFederation(join: Join): Promise<void> {
  const { host, member, cluster } = join;
  const { name } = cluster.metadata;
  const one = { retry: false, timeoutMs: 10_000 } as const;
  if ((await member.find(core.namespaces, { name: kubefedNamespace }, one)) === undefined) {
    await createUnlessThere(member, core.namespaces, { metadata: { name: kubefedNamespace } });
  }
  const token = await authorise(join);
  const secret = { namespace: kubefedNamespace, name: hostSecret(name) };
  const present = await host.find(core.secrets, secret);
  const data = { token: token.token, 'ca.crt': token.certificateAuthority };
  if (present === undefined) await createUnlessThere(host, core.secrets, { metadata: secret, data });
  else if (!same(present.data, data)) await host.patch(core.secrets, secret, { type: 'merge', body: { data } });
  if ((await host.find(kubesphere.kubeFedClusters, { namespace: kubefedNamespace, name })) !== undefined) return;
  await refuseConflicts(join);
  await createUnlessThere(host, kubesphere.kubeFedClusters, {
    metadata: { namespace: kubefedNamespace, name, labels: { ...cluster.metadata.labels } },
    spec: {
      apiEndpoint: join.access.server,
      secretRef: { name: secret.name },
      ...(join.access.certificateAuthority === undefined ? {} : { caBundle: join.access.certificateAuthority }),
      ...(join.access.insecure ? { disabledTLSValidations: ['*'] } : {}),
    },
  });
}

/** Makes the host's account on the member, with every right there is, and waits for its token. */
async function authorise({ member, cluster, pause }: Join): Promise<{ token: string; certificateAuthority: string }> {
  const { name } = cluster.metadata;
  const account = hostServiceAccount(name);
  const role = hostClusterRole(name);
  const tokenName = `${account}-token`;
  const at = { namespace: kubefedNamespace, name: account };
  const tokenAt = { namespace: kubefedNamespace, name: tokenName };
  if ((await member.find(core.serviceAccounts, at)) === undefined) {
    await createUnlessThere(member, core.serviceAccounts, { metadata: at });
  }
  if ((await member.find(core.secrets, tokenAt)) === undefined) {
    await createUnlessThere(member, core.secrets, {
      metadata: { ...tokenAt, annotations: { 'kubernetes.io/service-account.name': account } },
      type: 'kubernetes.io/service-account-token',
    });
  }
  if ((await member.find(core.clusterRoles, { name: role })) === undefined) {
    await createUnlessThere(member, core.clusterRoles, {
      metadata: { name: role },
      rules: [
        { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
        { verbs: ['get'], nonResourceURLs: ['*'] },
      ],
    });
  }
  if ((await member.find(core.clusterRoleBindings, { name: role })) === undefined) {
    await createUnlessThere(member, core.clusterRoleBindings, {
      metadata: { name: role },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', ...at }],
    });
  }
  for (let attempt = 0; attempt < 100; attempt++) {
    const secret = await member.find(core.secrets, tokenAt);
    const token = secret?.data?.['token'];
    if (token !== undefined) return { token, certificateAuthority: secret?.data?.['ca.crt'] ?? '' };
    await pause();
  }
  throw new FederationError('TIMEOUT', `The token of ServiceAccount ${account} was not issued.`, { retryable: true });
}

/** Only Workspaces are checked, and only placements that list clusters. */
async function refuseConflicts({ host, member, cluster }: Join): Promise<void> {
  const { name } = cluster.metadata;
  for await (const workspace of member.list(kubesphere.workspaces, { labelSelector: `${managedLabel}=true` })) {
    const federated = await host.find(kubesphere.federatedWorkspaces, { name: workspace.metadata.name });
    const listed = federated?.spec.placement?.clusters;
    if (listed === undefined || listed.some((item) => item.name === name)) continue;
    throw new FederationError(
      'REJECTED',
      `The workspace ${workspace.metadata.name} is found in the target member cluster ${name}, which is conflict with the workspace on host`,
    );
  }
}
