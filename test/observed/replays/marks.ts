import { core } from '../../../src/kube/resources.ts';
import { managedLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { observeProjects, until } from '../../../src/testing/index.ts';
import {
  background,
  createFederatedProject,
  hostWorkspace,
  localWorkspace,
  mark,
  patient,
  propagation,
  untilGone,
  workspaceUid,
} from '../../testing/support.ts';
import type { Seen } from '../entry.ts';
import { areGoing, isOwned, label, lostOf, project, timed, untilOld } from '../kit.ts';
import type { Stage } from '../stage.ts';

const inside = (namespace: string) => ({ namespace, name: 'shared' });

/** A multi-cluster project of host A on the member, arrived there with its ConfigMap, in a workspace of the same name. */
async function sharedProject({ a, m }: Stage, workspace: string): Promise<string> {
  if ((await a.find(kubesphere.workspaceTemplates, { name: workspace })) === undefined)
    await hostWorkspace(a, m, { name: workspace, cluster: 'm', count: 0 });
  const name = `${workspace}-shared-${Math.floor(performance.now())}`;
  await createFederatedProject(a, { name, workspace, cluster: 'm' });
  await until(
    `${name} is on the member`,
    async () => (await m.find(core.configMaps, inside(name))) !== undefined,
    patient,
  );
  return name;
}

const hasLabel =
  ({ m }: Stage, name: string, workspace: string) =>
  async () =>
    (await project(m, name)).labels?.[workspaceLabel] === workspace;

/** The label taken off what the host still manages. */
export async function labelOff(stage: Stage): Promise<Seen> {
  const { m, now } = stage;
  const name = await sharedProject(stage, 'held');
  const { uid } = await project(m, name);
  await untilOld(now);
  await label(m, name, null);
  const back = await timed(now, 'the label is back', hasLabel(stage, name, 'held'));
  const body = { metadata: { labels: { [workspaceLabel]: null, [managedLabel]: null } } };
  await untilOld(now);
  await m.patch(core.namespaces, { name }, { type: 'merge', body });
  const both = await timed(now, 'both labels are back', async () => {
    const { labels } = await project(m, name);
    return labels?.[workspaceLabel] === 'held' && labels[managedLabel] === 'true';
  });
  return {
    outcome: {
      'label off': 'back',
      'label and mark off': 'both back',
      'same UID': (await project(m, name)).uid === uid,
    },
    tookMs: { 'label back': back, 'both back': both },
  };
}

/** Only the mark taken off: the namespace controller is not told to keep away any more. */
export async function markOff(stage: Stage): Promise<Seen> {
  const { m, now } = stage;
  const name = await sharedProject(stage, 'held');
  const uid = await workspaceUid(m, 'held');
  await mark(m, core.namespaces, { name }, null);
  const bound = await timed(now, 'it is bound', isOwned(m, name, uid));
  return { outcome: { owner: 'the local Workspace' }, tookMs: { bound } };
}

/** The same, and then the Workspace goes: what was no part of it a second ago goes with it (H6). */
export async function markOffAndCleared(stage: Stage): Promise<Seen> {
  const { a, m, now } = stage;
  const name = await sharedProject(stage, 'freed');
  const before = await observeProjects(m, [name]);
  await stage.leave(a);
  await mark(m, core.namespaces, { name }, null);
  await until('it is bound', isOwned(m, name, await workspaceUid(m, 'freed')), patient);
  await m.delete(kubesphere.workspaces, { name: 'freed' }, background);
  const gone = await timed(now, 'it is going', areGoing(m, [name]));
  const outcome = { 'multi-cluster project lost': await lostOf(m, before) };
  await a.delete(kubesphere.workspaceTemplates, { name: 'freed' }, background);
  await stage.joinFully(a);
  return { outcome, tookMs: { Terminating: gone } };
}

/** The mark set to false and the label off: kubefed keeps away for good. */
export async function markFalse(stage: Stage): Promise<Seen> {
  const { a, m, now } = stage;
  const [name, witness] = [await sharedProject(stage, 'held'), await sharedProject(stage, 'held')];
  const at = { namespace: name, name };
  const body = { metadata: { labels: { [workspaceLabel]: null, [managedLabel]: 'false' } } };
  await m.patch(core.namespaces, { name }, { type: 'merge', body });
  const said = await timed(
    now,
    'the host says so',
    async () => (await propagation(a, kubesphere.federatedNamespaces, at, 'm')) === 'ManagedLabelFalse',
  );
  // What kubefed does about a label that was taken off later, it has done about this one as well.
  await label(m, witness, null);
  await until('another label is back', hasLabel(stage, witness, 'held'), patient);
  const { labels, uid } = await project(m, name);
  const held = labels?.[workspaceLabel] === undefined;
  await a.delete(kubesphere.federatedNamespaces, at, background);
  await untilGone(a, kubesphere.federatedNamespaces, at);
  await untilGone(m, core.configMaps, inside(name));
  const after = await project(m, name);
  return {
    outcome: {
      'label stays off': held,
      status: 'ManagedLabelFalse',
      'FederatedNamespace deleted: namespace':
        after.uid === uid && after.deletionTimestamp === undefined ? 'kept' : 'lost',
      'its managed ConfigMap': 'deleted',
    },
    tookMs: { 'status says so': said },
  };
}

/** A Workspace deleted on the member while the host wants it there. */
export async function workspaceDeleted({ a, m, now }: Stage): Promise<Seen> {
  await hostWorkspace(a, m, { name: 'again', cluster: 'm', count: 0 });
  const uid = await workspaceUid(m, 'again');
  await untilOld(now);
  await m.delete(kubesphere.workspaces, { name: 'again' }, background);
  const recreated = await timed(now, 'another one is there', async () => {
    const found = await m.find(kubesphere.workspaces, { name: 'again' });
    return found !== undefined && found.metadata.uid !== uid;
  });
  return { outcome: { Workspace: 'recreated', UID: 'another' }, tookMs: { recreated } };
}

/** The owner taken off while the label is still there: the controller puts it back (H3). */
export async function ownerFirst({ m, now }: Stage): Promise<Seen> {
  const [name = ''] = await localWorkspace(m, 'owner-first', 1);
  const uid = await workspaceUid(m, 'owner-first');
  const before = await observeProjects(m, [name]);
  await m.patch(core.namespaces, { name }, { type: 'merge', body: { metadata: { ownerReferences: [] } } });
  const back = await timed(now, 'the owner is back', isOwned(m, name, uid));
  await m.delete(kubesphere.workspaceTemplates, { name: 'owner-first' }, background);
  await until('it is going', areGoing(m, [name]), patient);
  return { outcome: { owner: 'put back', 'then lost with the workspace': await lostOf(m, before) }, tookMs: { back } };
}

/** A label that an outside tool applies again from its manifest, after somebody unbound the project (H21). */
export async function labelFromOutside({ m, now }: Stage): Promise<Seen> {
  const [name = ''] = await localWorkspace(m, 'manifest', 1);
  const uid = await workspaceUid(m, 'manifest');
  const before = await observeProjects(m, [name]);
  const manifest = { metadata: { labels: { [workspaceLabel]: 'manifest' } } };
  await label(m, name, null);
  await until('unbound', async () => ((await project(m, name)).ownerReferences ?? []).length === 0, patient);
  await m.patch(core.namespaces, { name }, { type: 'merge', body: manifest }, { fieldManager: 'gitops' });
  const bound = await timed(now, 'bound again', isOwned(m, name, uid));
  await m.delete(kubesphere.workspaceTemplates, { name: 'manifest' }, background);
  await until('it is going', areGoing(m, [name]), patient);
  return {
    outcome: { project: 'bound again', 'then lost with the workspace': await lostOf(m, before) },
    tookMs: { bound },
  };
}
