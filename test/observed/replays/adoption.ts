import { core } from '../../../src/kube/resources.ts';
import { managedLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import {
  compareProjects,
  createUser,
  createWorkspace,
  observeProjects,
  seedMember,
  until,
  untilFederated,
} from '../../../src/testing/index.ts';
import {
  background,
  createFederatedProject,
  forbidDelete,
  mark,
  patient,
  place,
  propagation,
  untilGone,
  workspaceUid,
} from '../../testing/support.ts';
import type { Seen } from '../entry.ts';
import { boundOf, isOwned, lookOn, of, project, timed } from '../kit.ts';
import type { Stage } from '../stage.ts';

const workspaces = { 'team-a': 20, 'team-b': 10 } as const;
const teams = ['team-a', 'team-b'] as const;
const plain = teams.flatMap((team) =>
  Array.from({ length: workspaces[team] }, (_, index) => `${team}-${String(index + 1).padStart(3, '0')}`),
);
const shared = 'everywhere';
const inside = { namespace: shared, name: 'shared' };

/** A standalone cluster with workspaces of its own that joined host A, and a multi-cluster project. */
export async function seed({ a, m, line }: Stage): Promise<void> {
  await seedMember({ host: a, member: m, name: 'm', kubeconfig: line.kubeconfig, workspaces });
  await createFederatedProject(a, { name: shared, workspace: 'team-a', cluster: 'm' });
  await until('it is on the member', async () => (await m.find(core.configMaps, inside)) !== undefined, patient);
}

async function uidsOf({ m }: Stage) {
  const content = (await m.get(core.configMaps, inside)).metadata.uid;
  const owners = await Promise.all(teams.map((name) => workspaceUid(m, name)));
  return { owners: owners.join(), shared: `${(await project(m, shared)).uid} ${content}` };
}

/** Takes the multi-cluster project and what is in it from kubefed: it becomes a plain one of the local Workspace. */
async function release({ m }: Stage): Promise<void> {
  await mark(m, core.configMaps, inside, null);
  await mark(m, core.namespaces, { name: shared }, null);
  await until('it is a plain project', isOwned(m, shared, await workspaceUid(m, 'team-a')), patient);
}

/** How many of the projects are owned by the Workspace of their label. */
async function ownedOf({ m }: Stage, names: readonly string[]): Promise<string> {
  const owners = new Map(
    await Promise.all(teams.map(async (name) => [name as string, await workspaceUid(m, name)] as const)),
  );
  const all = await observeProjects(m, names);
  const owned = Object.values(all).filter(
    ({ labels, ownerReferences }) => ownerReferences[0]?.uid === owners.get(labels[workspaceLabel] ?? ''),
  );
  return of(owned.length, names);
}

/** The move that writes to no project: the other host takes the workspaces over where they are. */
export async function adopted(stage: Stage): Promise<Seen> {
  const { a, b, m, now } = stage;
  const before = await observeProjects(m, plain);
  const uids = await uidsOf(stage);
  for (const name of teams) {
    await createUser(b, { name: `${name}-new-manager` });
    await createWorkspace(b, { name, manager: `${name}-new-manager`, clusters: ['m'] });
  }
  const shields = [
    await forbidDelete(m, kubesphere.workspaces, teams),
    await forbidDelete(m, core.namespaces, [...plain, shared]),
  ];
  await stage.leave(a);
  await release(stage);
  await stage.joinFully(b, teams);
  const says = await Promise.all(teams.map((name) => propagation(b, kubesphere.federatedWorkspaces, { name }, 'm')));
  const body = { spec: { template: { spec: { networkIsolation: true } } } };
  await b.patch(kubesphere.workspaceTemplates, { name: 'team-b' }, { type: 'merge', body });
  const edit = await timed(
    now,
    'the edit arrives',
    async () => (await m.get(kubesphere.workspaces, { name: 'team-b' })).spec?.networkIsolation === true,
  );
  for (const lift of shields) await lift();
  await lookOn(stage);
  const after = compareProjects(before, await observeProjects(m, plain));
  const uidsNow = await uidsOf(stage);
  return {
    outcome: {
      'Workspaces with their UID': uidsNow.owners === uids.owners,
      'plain projects written': of(after.written.length, plain),
      'multi-cluster project with its UID': uidsNow.shared === uids.shared,
      owned: await ownedOf(stage, [...plain, shared]),
      'B says of m': says.every((status) => status === '') ? 'OK' : says.join(),
      lost: after.lost.length + after.contents.lost.length,
    },
    tookMs: { 'edit of the template on B arrives': edit },
  };
}

/** The way back: the first host adopts again what it had. */
export async function undone(stage: Stage): Promise<Seen> {
  const { a, b, m, now } = stage;
  const before = await observeProjects(m, plain);
  const uids = await uidsOf(stage);
  await stage.leave(b);
  for (const name of teams) {
    await b.delete(kubesphere.workspaceTemplates, { name }, background);
    await untilGone(b, kubesphere.workspaceTemplates, { name });
  }
  const manager = async (name: string) => (await m.get(kubesphere.workspaces, { name })).spec?.manager;
  const since = now();
  await stage.join(a);
  await timed(now, 'A has adopted the workspaces', async () =>
    (await Promise.all(teams.map(async (name) => (await manager(name)) === `${name}-manager`))).every((one) => one),
  );
  await timed(
    now,
    'and the multi-cluster project',
    async () => (await project(m, shared)).labels?.[managedLabel] === 'true',
  );
  const took = now() - since;
  await untilFederated(a, { name: 'm', workspaces: teams });
  await lookOn(stage);
  const uidsNow = await uidsOf(stage);
  const after = compareProjects(before, await observeProjects(m, plain));
  return {
    outcome: {
      'Workspaces with their UID': uidsNow.owners === uids.owners,
      'plain projects written': of(after.written.length, plain),
      lost: after.lost.length + after.contents.lost.length,
      'multi-cluster project': uidsNow.shared === uids.shared ? 'managed again, same UID and contents' : 'another one',
      manager: 'restored',
    },
    tookMs: { adopted: took },
  };
}

/** The member's own template deleted while its Workspace may not be, which leaves it Terminating until a hand helps. */
export async function templateRetired(stage: Stage): Promise<Seen> {
  const { m } = stage;
  const at = { name: 'team-b' };
  const before = await observeProjects(m, plain);
  const uid = await workspaceUid(m, 'team-b');
  const lift = await forbidDelete(m, kubesphere.workspaces, ['team-b']);
  await m.create(kubesphere.helmReleases, {
    metadata: { name: 'witness', labels: { [workspaceLabel]: 'team-b' } },
    spec: { name: 'witness' },
  });
  await m.delete(kubesphere.workspaceTemplates, at, background);
  // Apps go first: once this one is gone, the controller has come to the Workspace.
  await untilGone(m, kubesphere.helmReleases, { name: 'witness' });
  const stuck = (await m.get(kubesphere.workspaceTemplates, at)).metadata.deletionTimestamp !== undefined;
  await m.patch(kubesphere.workspaceTemplates, at, { type: 'merge', body: { metadata: { finalizers: [] } } });
  await untilGone(m, kubesphere.workspaceTemplates, at);
  await lift();
  await lookOn(stage, 20_000);
  const roles = await m
    .listMetadata(kubesphere.workspaceRoles, { labelSelector: `${workspaceLabel}=team-b` })
    .toArray();
  const after = compareProjects(before, await observeProjects(m, plain));
  return {
    outcome: {
      'under the shield': stuck ? 'Terminating' : 'gone',
      'finalizers taken off': 'gone',
      'Workspace with its UID': (await workspaceUid(m, 'team-b')) === uid,
      'its roles': roles.length > 0 ? 'kept' : 'gone',
      'projects written': of(after.written.length, plain),
      owned: await ownedOf(stage, plain),
      lost: after.lost.length + after.contents.lost.length,
    },
  };
}

/** A member that comes back to a host that still has placements for it. */
export async function readopted(stage: Stage): Promise<Seen> {
  const { a, m, now } = stage;
  const { shared: before } = await uidsOf(stage);
  await stage.leave(a);
  await release(stage);
  const since = now();
  await stage.join(a);
  await timed(now, 'it is managed', async () => (await project(m, shared)).labels?.[managedLabel] === 'true');
  const took = now() - since;
  await untilFederated(a, { name: 'm', workspaces: teams });
  await lookOn(stage);
  const same = (await uidsOf(stage)).shared === before;
  return {
    outcome: { 'multi-cluster project': same ? 'managed again, same UID' : 'another one' },
    tookMs: { managed: took },
  };
}

/** The order of the runbook, by hand: B prepared, detach, shut out, unbind, release, clear, import, place, bind. */
export async function rebound(stage: Stage): Promise<Seen> {
  const { a, b, m } = stage;
  const moving = plain.filter((name) => name.startsWith('team-b'));
  const before = await observeProjects(m, [...moving, shared]);
  const owner = { name: 'team-b', uid: await workspaceUid(m, 'team-b') };
  await createUser(b, { name: 'team-c-manager' });
  await createWorkspace(b, { name: 'team-c', manager: 'team-c-manager' });
  await place(b, 'team-b', []);
  const lift = await forbidDelete(m, core.namespaces, [...moving, shared]);
  await stage.leave(a);
  for (const name of moving) {
    const { uid, resourceVersion } = await project(m, name);
    const body = { metadata: { labels: { [workspaceLabel]: null }, ownerReferences: [] } };
    await m.patch(core.namespaces, { name }, { type: 'merge', body }, { uid, resourceVersion });
  }
  await release(stage);
  for (const { metadata } of await m.list(kubesphere.workspaces, { labelSelector: `${managedLabel}=true` }).toArray())
    await mark(m, kubesphere.workspaces, { name: metadata.name }, null);
  await m.delete(kubesphere.workspaces, { name: 'team-b' }, { propagationPolicy: 'Orphan' });
  await untilGone(m, kubesphere.workspaces, { name: 'team-b' });
  await stage.join(b);
  const placement = { clusters: [{ name: 'm' }] };
  await b.patch(kubesphere.workspaceTemplates, { name: 'team-c' }, { type: 'merge', body: { spec: { placement } } });
  await untilFederated(b, { name: 'm', workspaces: ['team-c'] });
  const uid = await workspaceUid(m, 'team-c');
  for (const name of moving) {
    const body = { metadata: { labels: { [workspaceLabel]: 'team-c' } } };
    await m.patch(core.namespaces, { name }, { type: 'merge', body });
  }
  for (const name of moving) await until(`${name} is bound`, isOwned(m, name, uid), patient);
  await lift();
  await lookOn(stage);
  const after = compareProjects(before, await observeProjects(m, [...moving, shared]));
  return {
    outcome: {
      'with their UID': of(after.kept.length, [...moving, shared]),
      'former Workspace': (await m.find(kubesphere.workspaces, owner)) === undefined ? 'gone' : 'there',
      'contents lost': after.contents.lost.length,
      'bound to the new Workspace': await boundOf(m, moving, uid),
    },
  };
}
