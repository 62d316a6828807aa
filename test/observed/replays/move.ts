import { Buffer } from 'node:buffer';
import { FederationError } from '../../../src/errors.ts';
import { connectCluster } from '../../../src/kube/connect.ts';
import { core } from '../../../src/kube/resources.ts';
import {
  finalizers,
  hostClusterRole,
  hostSecret,
  hostServiceAccount,
  kubefedNamespace,
  managedLabel,
  workspaceLabel,
} from '../../../src/kubesphere/names.ts';
import { federatedKinds, kubesphere } from '../../../src/kubesphere/resources.ts';
import {
  createProjects,
  createUser,
  createWorkspace,
  observeProjects,
  until,
  untilFederated,
} from '../../../src/testing/index.ts';
import { altered } from '../../kubeconfigs.ts';
import {
  background,
  detach,
  mark,
  patient,
  propagation,
  shutOut,
  untilGone,
  workspaceUid,
} from '../../testing/support.ts';
import type { Seen } from '../entry.ts';
import {
  boundOf,
  isGone,
  isOwned,
  isTrue,
  label,
  lookOn,
  lostAfter,
  lostOf,
  of,
  timed,
  unbind,
  unboundOf,
  untilOld,
  workspaceOn,
} from '../kit.ts';
import type { Stage } from '../stage.ts';

/** Projects of the workspaces that are moved: the first two are unbound before the detach, the third after it. */
const projects = {
  'ws-1': Array.from({ length: 20 }, (_, index) => `ws-1-${index + 1}`),
  'ws-2': Array.from({ length: 25 }, (_, index) => `ws-2-${index + 1}`),
  'ws-3': Array.from({ length: 5 }, (_, index) => `ws-3-${index + 1}`),
} as const;
const workspaces = ['ws-1', 'ws-2', 'ws-3'] as const;
const account = { namespace: kubefedNamespace, name: hostServiceAccount('m') };

/** A Cluster that is not to join yet, then joins. */
export async function inert({ a, m, line, now }: Stage): Promise<Seen> {
  const at = { name: 'm' };
  const connection = { type: 'direct', kubeconfig: Buffer.from(line.kubeconfig).toString('base64') } as const;
  await a.create(kubesphere.clusters, { metadata: at, spec: { joinFederation: false, connection } });
  const seen = async () =>
    (await a.get(kubesphere.clusters, at)).metadata.finalizers?.includes(finalizers.cluster) === true;
  await until('the controller saw it', seen, patient);
  const { status } = await a.get(kubesphere.clusters, at);
  const onMember = await m.find(core.namespaces, { name: kubefedNamespace });
  await a.patch(kubesphere.clusters, at, { type: 'merge', body: { spec: { joinFederation: true } } });
  const joined = await timed(now, 'it joins', isTrue(a, 'Cluster', 'Ready'));
  await detach(a, 'm');
  await shutOut(m, 'm');
  return {
    outcome: {
      status: status === undefined ? 'empty' : 'written',
      'on the member': onMember === undefined ? 'nothing' : 'something',
      'patched to true': 'joins',
    },
    tookMs: { joined },
  };
}

/** The first join, until the first thing arrives. */
export async function joined({ a, m, line, now }: Stage): Promise<Seen> {
  await createUser(a, { name: 'first' });
  await untilOld(now);
  const connection = { type: 'direct', kubeconfig: Buffer.from(line.kubeconfig).toString('base64') } as const;
  const since = now();
  await a.create(kubesphere.clusters, { metadata: { name: 'm' }, spec: { joinFederation: true, connection } });
  await timed(now, 'Federated', isTrue(a, 'Cluster', 'Federated'));
  await timed(now, 'Ready', isTrue(a, 'Cluster', 'Ready'));
  const ready = now() - since;
  await timed(now, 'KubeFedCluster Ready', isTrue(a, 'KubeFedCluster', 'Ready'));
  const kubefed = now() - since;
  const arrived = (await m.find(kubesphere.users, { name: 'first' })) !== undefined;
  await timed(
    now,
    'the first user is there',
    async () => (await m.find(kubesphere.users, { name: 'first' })) !== undefined,
  );
  // Since the Cluster was made: what is Ready is seen late on a busy machine, and what follows would seem to come early.
  const first = now() - since;
  return {
    outcome: { Federated: true, Ready: true, KubeFedCluster: 'Ready', 'something on the member by then': arrived },
    tookMs: { Ready: ready, 'KubeFedCluster Ready': kubefed, 'first user on the member': first },
  };
}

/** A user and a workspace made while the member is joined. */
export async function copied({ a, m, now }: Stage): Promise<Seen> {
  const at = { name: 'second' };
  await untilFederated(a, { name: 'm', workspaces: [] });
  await a.create(kubesphere.users, { metadata: at, spec: { email: 'second@example.com', password: 'P@88w0rd' } });
  const user = await timed(now, 'the user is there', async () => (await m.find(kubesphere.users, at)) !== undefined);
  await workspaceOn(a, 'ws-1', []);
  const body = { spec: { placement: { clusters: [{ name: 'm' }] } } };
  await a.patch(kubesphere.workspaceTemplates, { name: 'ws-1' }, { type: 'merge', body });
  const workspace = await timed(
    now,
    'the workspace is there',
    async () => (await m.find(kubesphere.workspaces, { name: 'ws-1' })) !== undefined,
  );
  for (const name of ['ws-2', 'ws-3']) await workspaceOn(a, name, ['m']);
  await untilFederated(a, { name: 'm', workspaces });
  for (const name of workspaces)
    await createProjects(m, { workspace: name, names: projects[name], creator: `${name}-manager` });
  return { outcome: { user: 'on the member', workspace: 'on the member' }, tookMs: { user, workspace } };
}

/** One patch for each project while the host is joined, and then the member's controllers start anew. */
export async function unboundWhileJoined(stage: Stage): Promise<Seen> {
  const { m, clusters } = stage;
  const names = [...projects['ws-1'], ...projects['ws-2']];
  const before = await observeProjects(m, names);
  let conflicts = 0;
  const since = performance.now();
  for (const name of names)
    await unbind(m, name).catch((error: unknown) => {
      if (!FederationError.is(error, 'CONFLICT')) throw error;
      conflicts += 1;
    });
  const took = performance.now() - since;
  await clusters.m.stopControllers();
  await clusters.m.startControllers();
  await createProjects(m, { workspace: 'ws-3', names: ['ws-3-witness'], creator: 'ws-3-manager' });
  await lookOn(stage);
  return {
    outcome: { conflicts, 'unbound after a restart': await unboundOf(m, names), lost: await lostOf(m, before) },
    tookMs: { 'one patch': took / names.length },
  };
}

/** The Cluster deleted on the host, and everything that stays behind. */
export async function clusterDeleted({ a, m, clusters, now }: Stage): Promise<Seen> {
  const namespaces = async () => (await m.listMetadata(core.namespaces).toArray()).map(({ metadata }) => metadata.uid);
  const before = await namespaces();
  await a.delete(kubesphere.clusters, { name: 'm' }, background);
  const gone = await timed(now, 'the Cluster is gone', isGone(a, kubesphere.clusters, { name: 'm' }));
  const left = [
    await a.find(kubesphere.kubeFedClusters, { namespace: kubefedNamespace, name: 'm' }),
    await a.find(core.secrets, { namespace: kubefedNamespace, name: hostSecret('m') }),
  ].filter((one) => one !== undefined);
  const [tokenSecret] = (await m.get(core.serviceAccounts, account)).secrets ?? [];
  const secret = await m.get(core.secrets, { ...account, name: tokenSecret?.name ?? '' });
  const token = Buffer.from(secret.data?.['token'] ?? '', 'base64').toString();
  await using old = await connectCluster({ kubeconfig: withToken(clusters.m.kubeconfig, token), name: 'm' });
  await old.get(core.namespaces, { name: 'ws-1-1' });
  await m.get(core.clusterRoleBindings, { name: hostClusterRole('m') });
  const config = await m.get(core.configMaps, { namespace: 'kubesphere-system', name: 'kubesphere-config' });
  const { metadata } = await m.get(kubesphere.workspaces, { name: 'ws-1' });
  const federated = await a.get(kubesphere.federatedWorkspaces, { name: 'ws-1' });
  return {
    outcome: {
      'KubeFedCluster and secret left on A': left.length,
      'namespaces of the member': (await namespaces()).join() === before.join() ? 'unchanged' : 'changed',
      'placement left on A': (federated.spec.placement?.clusters ?? []).map(({ name }) => name).join(),
      'A still says of m':
        (await propagation(a, kubesphere.federatedWorkspaces, { name: 'ws-1' }, 'm')) === '' ? 'OK' : 'else',
      'token of A on the member': 'works',
      clusterName: /clusterName: "?m"?$/m.test(config.data?.['kubesphere.yaml'] ?? ''),
      'managed label': metadata.labels?.[managedLabel] ?? 'off',
    },
    tookMs: { gone },
  };
}

/** Text of a kubeconfig with a token in place of the client certificate. */
export function withToken(kubeconfig: string, token: string): string {
  return altered(kubeconfig, { user: { token } });
}

/** Unbound after the detach. */
export async function unboundAfterDetach(stage: Stage): Promise<Seen> {
  const { m } = stage;
  const names = projects['ws-3'];
  const before = await observeProjects(m, names);
  for (const name of names) await unbind(m, name);
  await lookOn(stage);
  return { outcome: { unbound: await unboundOf(m, names), lost: await lostOf(m, before) } };
}

/** Every mark of kubefed taken off by hand. */
export async function stripped({ m }: Stage): Promise<Seen> {
  const counts = new Map<string, number>();
  const since = performance.now();
  for (const { target } of federatedKinds)
    for await (const { metadata } of m.listMetadata(target, { labelSelector: `${managedLabel}=true` })) {
      const { namespace, name } = metadata;
      await mark(m, target, namespace === undefined ? { name } : { namespace, name }, null);
      counts.set(target.kind, (counts.get(target.kind) ?? 0) + 1);
    }
  const took = performance.now() - since;
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const roles = [...counts].flatMap(([kind, count]) => (kind.includes('Role') ? [count] : []));
  let left = 0;
  for (const { target } of federatedKinds)
    left += (await m.listMetadata(target, { labelSelector: `${managedLabel}=true` }).toArray()).length;
  return {
    outcome: { 'roles and bindings are the most': roles.reduce((sum, count) => sum + count, 0) > all / 2, left },
    tookMs: { 'one object': took / Math.max(all, 1) },
    note: `${all} objects`,
  };
}

/** The Workspaces that the host left, cleared away: one with orphan propagation, one plainly right after a complete unbind. */
export async function leftoversOrphaned(stage: Stage): Promise<Seen> {
  const { m, now } = stage;
  const names = projects['ws-1'];
  const before = await observeProjects(m, names);
  const uid = await workspaceUid(m, 'ws-1');
  await m.delete(kubesphere.workspaces, { name: 'ws-1' }, { propagationPolicy: 'Orphan' });
  const gone = await timed(now, 'it is gone', isGone(m, kubesphere.workspaces, { name: 'ws-1' }));
  const lost = await lostAfter(stage, before, { name: 'ws-1', uid });
  const selector = { labelSelector: `${workspaceLabel}=ws-1` };
  const roles = await m.listMetadata(kubesphere.workspaceRoles, selector).toArray();
  return { outcome: { lost, 'WorkspaceRoles remain': roles.length > 0 }, tookMs: { gone } };
}

/** A background delete of the Workspace of projects that were just unbound, all of them. */
export async function leftoversDeleted(stage: Stage): Promise<Seen> {
  const { m } = stage;
  const names = projects['ws-2'];
  for (const name of names) await label(m, name, 'ws-2');
  const uid = await workspaceUid(m, 'ws-2');
  for (const name of names) await until(`${name} is bound`, isOwned(m, name, uid), patient);
  const before = await observeProjects(m, names);
  for (const name of names) await unbind(m, name);
  await m.delete(kubesphere.workspaces, { name: 'ws-2' }, background);
  await untilGone(m, kubesphere.workspaces, { name: 'ws-2' });
  return { outcome: { lost: await lostAfter(stage, before, { name: 'ws-2', uid }) } };
}

/** The host's account and rights deleted on the member: its token is worth nothing. */
export async function shutOutOfMember({ m, clusters, now }: Stage): Promise<Seen> {
  const [tokenSecret] = (await m.get(core.serviceAccounts, account)).secrets ?? [];
  const secret = await m.get(core.secrets, { ...account, name: tokenSecret?.name ?? '' });
  const token = Buffer.from(secret.data?.['token'] ?? '', 'base64').toString();
  await using old = await connectCluster({ kubeconfig: withToken(clusters.m.kubeconfig, token), name: 'm' });
  const isRefused = async (): Promise<boolean> => {
    const answer = await old
      .list(core.namespaces, { retry: false })
      .toArray()
      .catch((error: unknown) => error);
    return FederationError.is(answer, 'UNAUTHENTICATED');
  };
  const since = now();
  await shutOut(m, 'm');
  // Not asked before: for 10 s an API server goes on to let in whom it has just let in.
  await timed(now, 'the old token is refused', isRefused);
  return { outcome: { 'old token': 401 }, tookMs: { refused: now() - since } };
}

/** The second host imports what the first one left. */
export async function imported({ b, line, now }: Stage): Promise<Seen> {
  for (const name of ['first', 'ws-1-manager', 'ws-2-manager']) await createUser(b, { name, password: 'An0therOne' });
  await createWorkspace(b, { name: 'ws-new', manager: 'ws-1-manager', clusters: ['m'] });
  await untilOld(now);
  const connection = { type: 'direct', kubeconfig: Buffer.from(line.kubeconfig).toString('base64') } as const;
  const since = now();
  await b.create(kubesphere.clusters, { metadata: { name: 'm' }, spec: { joinFederation: true, connection } });
  await timed(now, 'Ready', isTrue(b, 'Cluster', 'Ready'));
  const ready = now() - since;
  await timed(now, 'KubeFedCluster Ready', isTrue(b, 'KubeFedCluster', 'Ready'));
  return {
    outcome: { Federated: await isTrue(b, 'Cluster', 'Federated')(), Ready: true, KubeFedCluster: 'Ready' },
    tookMs: { Ready: ready, 'KubeFedCluster Ready': now() - since },
  };
}

/** The user that the first host left, unmarked, is the second host's now. */
export async function overwritten({ b, m, now }: Stage): Promise<Seen> {
  const password = async (of = m) => (await of.get(kubesphere.users, { name: 'first' })).spec.password;
  const [theirs, ours] = [await password(), await password(b)];
  const took = await timed(now, 'the password is the new host’s', async () => (await password()) === ours);
  await untilFederated(b, { name: 'm', workspaces: ['ws-new'] });
  return {
    outcome: { 'password was another': theirs !== ours, 'and is now': 'the new host’s' },
    tookMs: { overwritten: took },
  };
}

/** All projects labelled with a workspace of the new host. */
export async function labelled(stage: Stage): Promise<Seen> {
  const { m, now } = stage;
  const names = Object.values(projects).flat();
  const before = await observeProjects(m, names);
  const uid = await workspaceUid(m, 'ws-new');
  const since = performance.now();
  for (const name of names) await label(m, name, 'ws-new');
  const patched = performance.now() - since;
  const owned = async () => (await boundOf(m, names, uid)) === of(names.length, names);
  const bound = await timed(now, 'all are owned', owned);
  // Whatever else would write them has had its chance once a project labelled later is bound.
  const settled = await observeProjects(m, names);
  await createProjects(m, { workspace: 'ws-new', names: ['ws-new-witness'], creator: 'ws-1-manager' });
  await lookOn(stage);
  const last = await observeProjects(m, names);
  const stable = names.filter((name) => last[name]?.resourceVersion === settled[name]?.resourceVersion);
  return {
    outcome: {
      'owned by the new Workspace': await boundOf(m, names, uid),
      stable: of(stable.length, names),
      lost: await lostOf(m, before),
    },
    tookMs: { 'one label': patched / names.length, 'all owned': bound },
  };
}
