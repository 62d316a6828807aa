import { Buffer } from 'node:buffer';
import { core } from '../../../src/kube/resources.ts';
import { hostSecret, hostServiceAccount, kubefedNamespace, managedLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { createUser, observeProjects, until, untilFederated } from '../../../src/testing/index.ts';
import {
  conditionOf,
  createFederatedProject,
  detach,
  hostWorkspace,
  mark,
  patient,
  place,
  shutOut,
  untilGone,
} from '../../testing/support.ts';
import type { Seen } from '../entry.ts';
import { areGoing, areGone, isTrue, lostOf, project, timed, workspaceOn } from '../kit.ts';
import type { Stage } from '../stage.ts';

const inside = (namespace: string) => ({ namespace, name: 'shared' });

/** A multi-cluster project of the same name that the new host places elsewhere, and a copy without its FederatedNamespace (H5). */
export async function nameCollision(stage: Stage): Promise<Seen> {
  const { a, b, m, now } = stage;
  for (const name of ['collides', 'lonely', 'unknown-there'])
    await createFederatedProject(a, { name, workspace: 'team-a', cluster: 'm' });
  for (const name of ['collides', 'lonely', 'unknown-there'])
    await until(`${name} is there`, async () => (await m.find(core.configMaps, inside(name))) !== undefined, patient);
  await createFederatedProject(b, { name: 'collides', workspace: 'team-a', cluster: 'nowhere' });
  // Known to B by its own placement, but no FederatedNamespace says that its namespace is on the member.
  await b.create(core.namespaces, { metadata: { name: 'lonely' } });
  await b.create(kubesphere.federatedConfigMaps, {
    metadata: inside('lonely'),
    spec: { template: { data: {} }, placement: { clusters: [{ name: 'm' }] } },
  });
  for (const name of ['team-a', 'team-b']) await workspaceOn(b, name, ['m']);
  const before = await observeProjects(m, ['collides']);
  await stage.leave(a);
  await stage.join(b);
  const going = await timed(now, 'it is going', areGoing(m, ['collides']));
  const lost = await lostOf(m, before);
  const gone = await timed(now, 'it is gone', areGone(m, ['collides']));
  await untilGone(m, core.configMaps, inside('lonely'));
  const unmarked = async () => (await project(m, 'unknown-there')).labels?.[managedLabel] === undefined;
  await until('what B does not know is unmarked', unmarked, patient);
  const kept = await m.find(core.configMaps, inside('unknown-there'));
  return {
    outcome: {
      'same name, placed elsewhere': `${lost} lost`,
      'object without its FederatedNamespace': 'deleted',
      'no counterpart': kept === undefined ? 'deleted' : 'mark off, kept',
    },
    tookMs: { Terminating: going, gone: going + gone },
  };
}

/** A workspace that the new host has, and places elsewhere: the join is refused, until it is placed on the member. */
export async function joinRefused({ a, b, m, line, now }: Stage): Promise<Seen> {
  await detach(b, 'm');
  await shutOut(m, 'm');
  await place(a, 'team-b', []);
  await until(
    'A has it',
    async () =>
      (await a.get(kubesphere.federatedWorkspaces, { name: 'team-b' })).spec.placement?.clusters?.length === 0,
    patient,
  );
  await mark(m, kubesphere.workspaces, { name: 'team-b' }, 'true');
  const connection = { type: 'direct', kubeconfig: Buffer.from(line.kubeconfig).toString('base64') } as const;
  await a.create(kubesphere.clusters, { metadata: { name: 'm' }, spec: { joinFederation: true, connection } });
  const federated = async () => conditionOf(await a.get(kubesphere.clusters, { name: 'm' }), 'Federated');
  const refused = await timed(now, 'it is refused', async () => (await federated())?.status === 'False');
  const named = (await federated())?.reason?.includes('team-b') === true;
  const account = await m.find(core.serviceAccounts, { namespace: kubefedNamespace, name: hostServiceAccount('m') });
  const secret = await a.find(core.secrets, { namespace: kubefedNamespace, name: hostSecret('m') });
  const kubefed = await a.find(kubesphere.kubeFedClusters, { namespace: kubefedNamespace, name: 'm' });
  await place(a, 'team-b', ['m']);
  const retried = await timed(now, 'placed there, it joins', isTrue(a, 'Cluster', 'Ready'));
  await until('KubeFedCluster Ready', isTrue(a, 'KubeFedCluster', 'Ready'), patient);
  await untilFederated(a, { name: 'm', workspaces: ['team-b'] });
  return {
    outcome: {
      'text in Federated.reason': named,
      KubeFedCluster: kubefed === undefined ? 'none' : 'there',
      'ServiceAccount on the member': account === undefined ? 'none' : 'there',
      'secret on the host': secret === undefined ? 'none' : 'there',
      'once placed there': 'joins at the next resync',
    },
    tookMs: { refused, 'joins then': retried },
  };
}

/** Two hosts on one member, both of them satisfied. */
export async function twoHosts(stage: Stage): Promise<Seen> {
  const { a, b, m, now } = stage;
  await createFederatedProject(b, { name: 'torn', workspace: 'team-a', cluster: 'm' });
  await until('it is there', async () => (await m.find(core.configMaps, inside('torn'))) !== undefined, patient);
  await createFederatedProject(a, { name: 'torn', workspace: 'team-a', cluster: 'nowhere' });
  await createUser(a, { name: 'torn', password: 'First1234' });
  await createUser(b, { name: 'torn', password: 'Second1234' });
  const before = await observeProjects(m, ['torn']);
  const act = now();
  await stage.join(a);
  const since = now();
  await until('it is lost', areGoing(m, ['torn']), { ...patient, everyMs: 1 });
  const lost = now() - act;
  const passwords: (string | undefined)[] = [];
  const uids = new Set<string>();
  await timed(now, 'password and project have changed again and again', async () => {
    const password = (await m.find(kubesphere.users, { name: 'torn' }))?.spec.password;
    if (password !== undefined && password !== passwords.at(-1)) passwords.push(password);
    const found = await m.find(core.namespaces, { name: 'torn' });
    if (found !== undefined) uids.add(found.metadata.uid);
    return passwords.length > 8 && uids.size > 1;
  });
  const took = now() - since;
  const ready = (await isTrue(a, 'Cluster', 'Ready')()) && (await isTrue(b, 'Cluster', 'Ready')());
  return {
    outcome: {
      'both say Ready': ready,
      passwords: `${new Set(passwords).size}, alternating`,
      'project placed by one of them only': `${await lostOf(m, before)} lost, made again empty`,
    },
    tookMs: { 'eight password writes': took, lost },
  };
}

/** A leftover Workspace that the next host adopts because it places it there, and then does no longer (H4). */
export async function leftoverWorkspace(stage: Stage): Promise<Seen> {
  const { a, b, m, now } = stage;
  await stage.joinFully(a);
  const names = await hostWorkspace(a, m, { name: 'stayed', cluster: 'm', count: 4 });
  const before = await observeProjects(m, names);
  await stage.leave(a);
  await workspaceOn(b, 'stayed', ['m']);
  const refused = (await m.find(kubesphere.workspaceTemplates, { name: 'stayed' })) === undefined;
  await stage.joinFully(b, ['stayed']);
  await place(b, 'stayed', []);
  const going = await timed(now, 'they are going', areGoing(m, names));
  const lost = await lostOf(m, before);
  await stage.leave(b);
  return {
    outcome: { 'page’s step 2 on a member': refused ? 'NotFound' : 'deletes', lost },
    tookMs: { Terminating: going },
  };
}
