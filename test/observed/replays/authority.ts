import { Buffer } from 'node:buffer';
import { connectCluster } from '../../../src/kube/connect.ts';
import { core } from '../../../src/kube/resources.ts';
import { hostServiceAccount, kubefedNamespace, userLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { createUser, joinCluster, observeProjects, until, untilFederated } from '../../../src/testing/index.ts';
import { background, detach, hostWorkspace, patient, place, propagation, stripMarks } from '../../testing/support.ts';
import type { Seen } from '../entry.ts';
import { areGoing, isTrue, lostOf, timed, workspaceOn } from '../kit.ts';
import type { Stage } from '../stage.ts';
import { withToken } from './move.ts';

const account = { namespace: kubefedNamespace, name: hostServiceAccount('m') };

/** A project deleted with the account of a host that no longer has the member (H12). */
export async function formerHostWrites({ a, m, clusters }: Stage): Promise<Seen> {
  const [name = ''] = await hostWorkspace(a, m, { name: 'outlived', cluster: 'm', count: 1 });
  const [tokenSecret] = (await m.get(core.serviceAccounts, account)).secrets ?? [];
  const secret = await m.get(core.secrets, { ...account, name: tokenSecret?.name ?? '' });
  const token = Buffer.from(secret.data?.['token'] ?? '', 'base64').toString();
  await detach(a, 'm');
  await using old = await connectCluster({ kubeconfig: withToken(clusters.m.kubeconfig, token), name: 'm' });
  const before = await observeProjects(m, [name]);
  await old.delete(core.namespaces, { name }, background);
  await until('it is going', areGoing(m, [name]), patient);
  return { outcome: { 'deleted with the token of A': await lostOf(m, before) } };
}

/** The former host's account deleted after the next host joined: the account was that host's, too (H12). */
export async function accountDeletedTooLate(stage: Stage): Promise<Seen> {
  const { b, m, now } = stage;
  const { uid } = (await m.get(core.serviceAccounts, account)).metadata;
  await stage.joinFully(b);
  const shared = (await m.get(core.serviceAccounts, account)).metadata.uid === uid;
  await m.delete(core.serviceAccounts, account, background);
  await until('kubefed is blind', isTrue(b, 'KubeFedCluster', 'Offline'), patient);
  await until('the account is back', async () => (await m.find(core.serviceAccounts, account)) !== undefined, patient);
  await createUser(b, { name: 'unseen' });
  const says = async () => await propagation(b, kubesphere.federatedUsers, { name: 'unseen' }, 'm');
  await until('the host reports so', async () => (await says()) === 'ClusterNotReady', patient);
  const ready = await isTrue(b, 'Cluster', 'Ready')();
  const offline = await isTrue(b, 'KubeFedCluster', 'Offline')();
  const at = { namespace: kubefedNamespace, name: 'm' };
  const body = { metadata: { annotations: { touched: 'true' } } };
  const since = now();
  await b.patch(kubesphere.kubeFedClusters, at, { type: 'merge', body });
  await timed(now, 'kubefed sees again', isTrue(b, 'KubeFedCluster', 'Ready'));
  const healed = now() - since;
  await until(
    'the user arrives',
    async () => (await m.find(kubesphere.users, { name: 'unseen' })) !== undefined,
    patient,
  );
  await stage.leave(b);
  return {
    outcome: {
      'both hosts use one account': shared,
      'Cluster says Ready': ready,
      KubeFedCluster: offline ? 'Offline for good' : 'Ready',
      annotated: 'heals',
    },
    tookMs: { healed },
  };
}

/** Ready before anything is there, and still Ready when nothing can be synced any more (H18). */
export async function readyIsNoProof(stage: Stage): Promise<Seen> {
  const { a, m } = stage;
  await createUser(a, { name: 'proof' });
  await stage.join(a);
  const early = (await m.find(kubesphere.users, { name: 'proof' })) === undefined;
  await untilFederated(a, { name: 'm', workspaces: [] });
  await m.delete(core.serviceAccounts, account, background);
  await until('kubefed is blind', isTrue(a, 'KubeFedCluster', 'Offline'), patient);
  await createUser(a, { name: 'never' });
  const says = async () => await propagation(a, kubesphere.federatedUsers, { name: 'never' }, 'm');
  await until('the host reports so', async () => (await says()) === 'ClusterNotReady', patient);
  // A resync that meets the account half made says otherwise for a moment.
  await until('the host calls it Ready', isTrue(a, 'Cluster', 'Ready'), patient);
  const late = await isTrue(a, 'KubeFedCluster', 'Offline')();
  const there = (await m.find(kubesphere.users, { name: 'never' })) !== undefined;
  await stage.leave(a);
  await stage.joinFully(a);
  return {
    outcome: { 'Ready before the first sync': early, 'Ready while sync is dead': late, 'user arrived': there },
  };
}

/** The wrong entry of a placement removed, because somebody else edited the list since it was read (H9). */
export async function placementByIndex({ a, m, now }: Stage): Promise<Seen> {
  const names = await hostWorkspace(a, m, { name: 'indexed', cluster: 'm', count: 4 });
  await place(a, 'indexed', ['elsewhere', 'm']);
  const before = await observeProjects(m, names);
  const at = { name: 'indexed' };
  // The console knows where the one to take away stood.
  const cached = (await a.get(kubesphere.workspaceTemplates, at)).spec.placement?.clusters ?? [];
  const index = cached.findIndex(({ name }) => name === 'elsewhere');
  await place(a, 'indexed', ['m', 'elsewhere']);
  const operations = [{ op: 'remove', path: `/spec/placement/clusters/${index}` }] as const;
  await a.patch(kubesphere.workspaceTemplates, at, { type: 'json', operations });
  const left = (await a.get(kubesphere.workspaceTemplates, at)).spec.placement?.clusters ?? [];
  const going = await timed(now, 'they are going', areGoing(m, names));
  return {
    outcome: { 'still placed on': left.map(({ name }) => name).join(), lost: await lostOf(m, before) },
    tookMs: { Terminating: going },
  };
}

/** A member imported again under another name: nothing that was placed on it finds it (H11). */
export async function otherName(stage: Stage): Promise<Seen> {
  const { a, m } = stage;
  await stage.leave(a);
  await workspaceOn(a, 'by-name', ['m']);
  // Else the join is refused: what A still places on the old name is there.
  await stripMarks(m);
  await stage.join(a, 'm-again');
  await untilFederated(a, { name: 'm-again', workspaces: [] });
  const { status } = await a.get(kubesphere.federatedWorkspaces, { name: 'by-name' });
  const there = await m.find(kubesphere.workspaces, { name: 'by-name' });
  await detach(a, 'm-again');
  return {
    outcome: {
      'workspace placed on the old name': there === undefined ? 'never appears' : 'there',
      'its status says': status?.conditions?.[0]?.status ?? 'nothing',
    },
  };
}

/** Another cluster under a name that was in use: it gets what was placed on the former one (H11). */
export async function inheritedPlacement(stage: Stage): Promise<Seen> {
  const { a, x, clusters } = stage;
  await workspaceOn(a, 'inherited', ['m']);
  await joinCluster(a, { name: 'm', kubeconfig: clusters.x.kubeconfig });
  await until(
    'it is there',
    async () => (await x.find(kubesphere.workspaces, { name: 'inherited' })) !== undefined,
    patient,
  );
  await detach(a, 'm');
  return { outcome: { 'workspace placed on the former cluster of that name': 'on the other one' } };
}

/** Rights that a former host's people have on the member, for whoever has their name on the next one (H16). */
export async function staleRights(stage: Stage): Promise<Seen> {
  const { a, b, m } = stage;
  const user = { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'sam' };
  await createUser(a, { name: 'sam', email: 'sam@a.example.com' });
  const roleRef = { apiGroup: 'iam.kubesphere.io', kind: 'GlobalRole', name: 'platform-admin' };
  await a.create(kubesphere.globalRoleBindings, {
    metadata: { name: 'sam-platform-admin' },
    roleRef,
    subjects: [user],
  });
  await stage.joinFully(a);
  const stale = { name: 'sam-cluster-admin' };
  await until(
    'sam is administrator of the member',
    async () => (await m.find(core.clusterRoleBindings, stale)) !== undefined,
    patient,
  );
  await m.create(core.clusterRoleBindings, {
    metadata: { name: 'sam-cluster-viewer', labels: { [userLabel]: 'sam' } },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-viewer' },
    subjects: [user],
  });
  await stage.leave(a);
  await createUser(b, { name: 'sam', email: 'sam@b.example.com' });
  await stage.joinFully(b);
  const granted = async () =>
    (await b.get(kubesphere.users, { name: 'sam' })).metadata.annotations?.['iam.kubesphere.io/granted-clusters'];
  await until('B lists sam among the users of m', async () => (await granted()) === 'm', patient);
  const { roleRef: stillThere } = await m.get(core.clusterRoleBindings, stale);
  await stage.leave(b);
  return {
    outcome: { 'granted clusters on B': 'm', 'sam on the member': stillThere.name },
  };
}
