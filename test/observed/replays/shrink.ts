import { core } from '../../../src/kube/resources.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import {
  createProjects,
  observeProjects,
  type ProjectsObservation,
  until,
  untilFederated,
} from '../../../src/testing/index.ts';
import {
  background,
  detach,
  hostWorkspace,
  mark,
  patient,
  place,
  propagation,
  untilGone,
  workspaceUid,
} from '../../testing/support.ts';
import type { Seen } from '../entry.ts';
import {
  areGoing,
  areGone,
  isGone,
  isTrue,
  label,
  lookOn,
  lostAfter,
  lostOf,
  project,
  timed,
  workspaceOn,
} from '../kit.ts';
import type { Stage } from '../stage.ts';

const listed = (clusters: readonly { readonly name: string }[] = []) => clusters.map(({ name }) => name);

/** The placement shrunk on the host: the Workspace goes on the member, and with it what it owns. */
export async function shrunk(stage: Stage): Promise<Seen> {
  const { a, m, now } = stage;
  const names = await hostWorkspace(a, m, { name: 'shrunk', cluster: 'm', count: 12 });
  const [unbound, bound] = [names.slice(0, 2), names.slice(2)];
  for (const name of unbound) await label(m, name, null);
  await until(
    'two are unbound',
    async () => {
      const owners = await Promise.all(unbound.map(async (name) => (await project(m, name)).ownerReferences ?? []));
      return owners.flat().length === 0;
    },
    patient,
  );
  const [before, others] = [await observeProjects(m, bound), await observeProjects(m, unbound)];
  const owner = { name: 'shrunk', uid: await workspaceUid(m, 'shrunk') };
  const since = now();
  await place(a, 'shrunk', []);
  await timed(now, 'the bound ones are going', areGoing(m, bound));
  const terminating = now() - since;
  await timed(now, 'the bound ones are gone', areGone(m, bound));
  const gone = now() - since;
  return {
    outcome: { 'bound ones lost': await lostOf(m, before), 'unbound ones lost': await lostAfter(stage, others, owner) },
    tookMs: { Terminating: terminating, gone },
  };
}

/** Neither a shrunk placement nor a deleted template reaches a Workspace that the member has marked as its own. */
export async function immune(stage: Stage): Promise<Seen> {
  const { a, m } = stage;
  const names = await hostWorkspace(a, m, { name: 'immune', cluster: 'm', count: 4 });
  const uid = await workspaceUid(m, 'immune');
  const says = () => propagation(a, kubesphere.federatedWorkspaces, { name: 'immune' }, 'm');
  await mark(m, kubesphere.workspaces, { name: 'immune' }, 'false');
  await until('the host notices', async () => (await says()) === 'ManagedLabelFalse', patient);
  const before = await observeProjects(m, names);
  await place(a, 'immune', []);
  await until('the host is done with the member', async () => (await says()) === undefined, patient);
  await lookOn(stage);
  const shrunken = await lostOf(m, before);
  await a.delete(kubesphere.workspaceTemplates, { name: 'immune' }, background);
  await untilGone(a, kubesphere.workspaceTemplates, { name: 'immune' });
  await untilGone(a, kubesphere.federatedWorkspaces, { name: 'immune' });
  await lookOn(stage);
  const kept = (await m.find(kubesphere.workspaces, { name: 'immune' }))?.metadata.uid === uid;
  return {
    outcome: { 'lost by shrinking': shrunken, 'lost by deleting': await lostOf(m, before), 'Workspace kept': kept },
  };
}

/** The member and all its controllers are down: no host reaches it, and nothing happens on it. */
async function goDown({ line, clusters }: Stage): Promise<void> {
  await line.cut();
  await clusters.m.stopControllers();
}

async function comeBack({ line, clusters }: Stage): Promise<void> {
  await line.mend();
  await clusters.m.startControllers();
}

async function awayProjects({ a, m }: Stage, name: string, count: number): Promise<ProjectsObservation> {
  return observeProjects(m, await hostWorkspace(a, m, { name, cluster: 'm', count }));
}

/** The placement shrunk while the member is away: nothing at all happens, until it is back. */
export async function shrunkWhileDown(stage: Stage): Promise<Seen> {
  const { a, m, now } = stage;
  const before = await awayProjects(stage, 'away', 5);
  const owner = { name: 'away', uid: await workspaceUid(m, 'away') };
  await goDown(stage);
  await until('kubefed noticed', isTrue(a, 'KubeFedCluster', 'Offline'), patient);
  await place(a, 'away', []);
  const federated = () => a.get(kubesphere.federatedWorkspaces, { name: 'away' });
  await until(
    'the host is done',
    async () => listed((await federated()).status?.clusters).includes('m') === false,
    patient,
  );
  const well = (await federated()).status?.conditions?.[0]?.status;
  await comeBack(stage);
  const gone = await timed(now, 'its Workspace is gone', isGone(m, kubesphere.workspaces, { name: 'away' }));
  return {
    outcome: { 'A says of the propagation': well ?? 'nothing', Workspace: 'deleted' },
    tookMs: { 'Workspace deleted after the return': gone },
    note: `${await lostAfter(stage, before, owner)} lost`,
  };
}

/** Its Cluster deleted while the member is away: the host forgets it, and it never hears of it. */
export async function forgottenWhileDown(stage: Stage): Promise<Seen> {
  const { a, m, now } = stage;
  const before = await awayProjects(stage, 'forgotten', 5);
  await goDown(stage);
  const cluster = isGone(a, kubesphere.clusters, { name: 'm' });
  const [finished] = await Promise.all([timed(now, 'its Cluster is gone', cluster), detach(a, 'm')]);
  await place(a, 'forgotten', []);
  await a.delete(kubesphere.workspaceTemplates, { name: 'forgotten' }, background);
  await untilGone(a, kubesphere.federatedWorkspaces, { name: 'forgotten' });
  await comeBack(stage);
  // Its own controllers are at work again, and so is every garbage collector, once a new project is bound.
  await createProjects(m, { workspace: 'forgotten', names: ['forgotten-witness'], creator: 'forgotten-manager' });
  await lookOn(stage);
  const outcome = { Cluster: 'gone at once', lost: await lostOf(m, before) };
  await m.delete(kubesphere.workspaces, { name: 'forgotten' }, { propagationPolicy: 'Orphan' });
  await untilGone(m, kubesphere.workspaces, { name: 'forgotten' });
  await stage.joinFully(a);
  return { outcome, tookMs: { 'Cluster gone': finished } };
}

/** A member that is away holds up the deletion of what was copied to it, until its Cluster is deleted (H19). */
export async function deadMember(stage: Stage): Promise<Seen> {
  const { a, x } = stage;
  const at = { name: 'leaving-manager' };
  await a.create(kubesphere.clusters, {
    metadata: { name: 'third' },
    spec: {
      joinFederation: true,
      connection: { type: 'direct', kubeconfig: Buffer.from(stage.clusters.x.kubeconfig).toString('base64') },
    },
  });
  await until('a third member is joined', isTrue(a, 'KubeFedCluster', 'Ready', 'third'), patient);
  await workspaceOn(a, 'leaving', ['m', 'third']);
  await untilFederated(a, { name: 'third', workspaces: ['leaving'] });
  await untilFederated(a, { name: 'm', workspaces: ['leaving'] });
  await goDown(stage);
  await until('kubefed noticed', isTrue(a, 'KubeFedCluster', 'Offline'), patient);
  await until(
    'and says so',
    async () => (await propagation(a, kubesphere.federatedUsers, at, 'm')) === 'ClusterNotReady',
    patient,
  );
  const going = async (): Promise<boolean> =>
    (await a.get(kubesphere.federatedUsers, at)).metadata.deletionTimestamp !== undefined;
  // Deleted just as kubefed looks at everything, it is made again before the garbage collector comes.
  await until(
    'the user goes for good',
    async () => {
      await a.delete(kubesphere.users, at, background).catch(() => undefined);
      return (await a.find(kubesphere.users, at)) === undefined && (await going());
    },
    patient,
  );
  await untilGone(a, kubesphere.users, at);
  await untilGone(x, kubesphere.users, at);
  const hangs = await going();
  await detach(a, 'm');
  await untilGone(a, kubesphere.federatedUsers, at);
  await comeBack(stage);
  await detach(a, 'third');
  await stage.joinFully(a);
  return {
    outcome: {
      'user of the host': 'gone',
      'copy on the ready member': 'gone',
      FederatedUser: hangs ? 'hangs until the dead Cluster is deleted' : 'gone at once',
    },
  };
}

/** Namespaces need their controller to go: while it is down they stay Terminating, emptied (H14). */
export async function controllersDown({ a, m, clusters }: Stage): Promise<Seen> {
  const [name = ''] = await hostWorkspace(a, m, { name: 'unattended', cluster: 'm', count: 1 });
  await clusters.m.stopControllers();
  await m.delete(core.namespaces, { name }, background);
  await untilGone(m, core.configMaps, { namespace: name, name: 'settings' });
  const { finalizers = [], deletionTimestamp } = await project(m, name);
  const outcome = {
    contents: 'gone',
    namespace: deletionTimestamp === undefined ? 'kept' : 'Terminating',
    held: finalizers.join(),
  };
  await clusters.m.startControllers();
  await untilGone(m, core.namespaces, { name });
  return { outcome };
}
