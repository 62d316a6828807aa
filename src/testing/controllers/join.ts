import { randomBytes } from 'node:crypto';
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
import { createUnlessThere, exactly, same, update } from './writes.ts';

/** What a stored kubeconfig says of a member, as far as joining needs it. */
export interface MemberAccess {
  readonly server: string;
  /** Base64 PEM; absent where the kubeconfig switches verification off. */
  readonly certificateAuthority?: string;
  readonly insecure: boolean;
  /** Base64 PEM. */
  readonly clientCertificate?: string;
}

function parsed(kubeconfig: string): unknown {
  try {
    return parse(kubeconfig);
  } catch {
    throw new FederationError('INVALID', 'failed to create cluster config: the stored kubeconfig is no YAML');
  }
}

/** Reads the current context of a kubeconfig. @throws FederationError `INVALID` */
export function memberAccess(kubeconfig: string): MemberAccess {
  const config = parsed(kubeconfig);
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
  /** Waits for as long as a refusal takes. */
  refusing(): Promise<void>;
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
  const data = { token };
  if (present === undefined) await createUnlessThere(host, core.secrets, { metadata: secret, data });
  else if (!same(present.data, data)) await host.patch(core.secrets, secret, { type: 'merge', body: { data } });
  const { labels } = cluster.metadata;
  const spec = {
    apiEndpoint: join.access.server,
    secretRef: { name: secret.name },
    ...(join.access.certificateAuthority === undefined ? {} : { caBundle: join.access.certificateAuthority }),
    ...(join.access.insecure ? { disabledTLSValidations: ['*'] } : {}),
  };
  const at = { namespace: kubefedNamespace, name };
  const known = await host.find(kubesphere.kubeFedClusters, at);
  if (known === undefined) {
    await refuseConflicts(join);
    await createUnlessThere(host, kubesphere.kubeFedClusters, { metadata: { ...at, labels: { ...labels } }, spec });
  } else if (!same(known.spec, spec) || !same(known.metadata.labels, labels)) {
    await update(host, kubesphere.kubeFedClusters, known, {
      metadata: { labels: exactly(known.metadata.labels, labels) },
      spec: { ...exactly(flat(known.spec), flat(spec)), ...spec },
    });
  }
}

/** Names of the fields that a spec has, for taking out those that another lacks. */
function flat(spec: object): Record<string, string> {
  return Object.fromEntries(Object.keys(spec).map((field) => [field, '']));
}

/** Makes the host's account on the member, with every right there is, and waits for its token. */
async function authorise({ member, cluster, pause }: Join): Promise<string> {
  const { name } = cluster.metadata;
  const account = hostServiceAccount(name);
  const role = hostClusterRole(name);
  const at = { namespace: kubefedNamespace, name: account };
  const present = await member.find(core.serviceAccounts, at);
  const made = present ?? (await member.create(core.serviceAccounts, { metadata: at }));
  const tokens = [...(made.secrets ?? [])];
  if (tokens.length === 0) {
    const tokenName = `${account}-token-${randomBytes(3).toString('hex').slice(1)}`;
    await member.create(core.secrets, {
      metadata: {
        namespace: kubefedNamespace,
        name: tokenName,
        annotations: { 'kubernetes.io/service-account.name': account },
      },
      type: 'kubernetes.io/service-account-token',
    });
    await update(member, core.serviceAccounts, made, { secrets: [{ name: tokenName }] });
    tokens.push({ name: tokenName });
  }
  await grantEverything(member, role, at);
  for (let attempt = 0; attempt < 100; attempt++) {
    for (const { name: tokenName } of tokens) {
      const secret = await member.find(core.secrets, { namespace: kubefedNamespace, name: tokenName });
      const token = secret?.data?.['token'];
      if (token !== undefined) return token;
    }
    await pause();
  }
  throw new FederationError('TIMEOUT', 'timed out waiting for the condition', { retryable: true });
}

/** Gives the account every right there is, and puts back at every resync what somebody changed in role or binding. */
async function grantEverything(
  member: Connection,
  name: string,
  account: { readonly namespace: string; readonly name: string },
): Promise<void> {
  const rules = [
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
    { verbs: ['get'], nonResourceURLs: ['*'] },
  ];
  const role = await member.find(core.clusterRoles, { name });
  if (role === undefined) await createUnlessThere(member, core.clusterRoles, { metadata: { name }, rules });
  else if (!same(role.rules, rules)) await update(member, core.clusterRoles, role, { rules });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name };
  const subjects = [{ kind: 'ServiceAccount', ...account }];
  let binding = await member.find(core.clusterRoleBindings, { name });
  if (binding !== undefined && !same(binding.roleRef, roleRef)) {
    const { uid } = binding.metadata;
    await member.delete(core.clusterRoleBindings, { name }, { uid, propagationPolicy: 'Background' });
    binding = undefined;
  }
  if (binding === undefined) {
    await createUnlessThere(member, core.clusterRoleBindings, { metadata: { name }, roleRef, subjects });
  } else if (!same(binding.subjects, subjects)) {
    await update(member, core.clusterRoleBindings, binding, { subjects });
  }
}

/** Only Workspaces are checked, and only placements that list clusters. */
async function refuseConflicts({ host, member, cluster, refusing }: Join): Promise<void> {
  const { name } = cluster.metadata;
  for await (const workspace of member.list(kubesphere.workspaces, { labelSelector: `${managedLabel}=true` })) {
    const federated = await host.find(kubesphere.federatedWorkspaces, { name: workspace.metadata.name });
    const listed = federated?.spec.placement?.clusters;
    if (listed === undefined || listed.some((item) => item.name === name)) continue;
    await refusing();
    throw new FederationError(
      'REJECTED',
      `The workspace ${workspace.metadata.name} is found in the target member cluster ${name}, which is conflict with the workspace on host`,
    );
  }
}
