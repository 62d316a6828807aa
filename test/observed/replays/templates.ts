import { core } from '../../../src/kube/resources.ts';
import { workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { observeProjects, until } from '../../../src/testing/index.ts';
import {
  addOrphanFlag,
  background,
  createFederatedProject,
  forbidDelete,
  hostWorkspace,
  localWorkspace,
  patient,
  unbindAsThePageSays,
  untilGone,
  workspaceUid,
} from '../../testing/support.ts';
import type { Seen } from '../entry.ts';
import { areGoing, areGone, lostAfter, lostOf, of, timed } from '../kit.ts';
import type { Stage } from '../stage.ts';

/** A template deleted on the host, plainly: everything of it dies on the member and on the host. */
async function deleteOnHost({ a, m, now }: Stage, name: string, propagationPolicy: 'Background' | 'Orphan') {
  const bound = await hostWorkspace(a, m, { name, cluster: 'm', count: 5 });
  const shared = `${name}-shared`;
  await createFederatedProject(a, { name: shared, workspace: name, cluster: 'm' });
  await until(
    'shared',
    async () => (await m.find(core.configMaps, { namespace: shared, name: 'shared' })) !== undefined,
    patient,
  );
  const own = `${name}-own`;
  await a.create(core.namespaces, { metadata: { name: own, labels: { [workspaceLabel]: name } } });
  const before = { m: await observeProjects(m, [...bound, shared]), a: await observeProjects(a, [own, shared]) };
  const since = now();
  await a.delete(kubesphere.workspaceTemplates, { name }, { propagationPolicy });
  await timed(now, 'bound ones are going', areGoing(m, bound));
  const going = now() - since;
  await until('all are going', areGoing(m, [...bound, shared]), patient);
  await until('the own ones are going', areGoing(a, [own, shared]), patient);
  return { m: await lostOf(m, before.m), a: await lostOf(a, before.a), going };
}

/** A template deleted on the host as kubectl does it, with and without `--cascade=orphan`. */
export async function templateDeleted(stage: Stage): Promise<Seen> {
  const plain = await deleteOnHost(stage, 'plainly', 'Background');
  const orphan = await deleteOnHost(stage, 'cascade', 'Orphan');
  return {
    outcome: {
      'lost on the member': plain.m,
      'lost on the host': plain.a,
      'lost on the member with --cascade=orphan': orphan.m,
      'lost on the host with --cascade=orphan': orphan.a,
    },
    tookMs: { Terminating: plain.going, 'with --cascade=orphan': orphan.going },
  };
}

/** The page's second step on a cluster with a template of its own, projects still bound. */
export async function pageStepTwo(stage: Stage): Promise<Seen> {
  const { m, now } = stage;
  const names = await localWorkspace(m, 'typed', 10);
  const before = await observeProjects(m, names);
  const since = now();
  await m.delete(kubesphere.workspaceTemplates, { name: 'typed' }, background);
  await until('all are going', areGoing(m, names), patient);
  const lost = await lostOf(m, before);
  await timed(now, 'all are gone', areGone(m, names));
  const gone = now() - since;

  const spared = await localWorkspace(m, 'flagged', 10);
  const owner = { name: 'flagged', uid: await workspaceUid(m, 'flagged') };
  const whole = await observeProjects(m, spared);
  await addOrphanFlag(m, 'flagged');
  await m.delete(kubesphere.workspaceTemplates, { name: 'flagged' }, background);
  await untilGone(m, kubesphere.workspaces, { name: 'flagged' });
  return {
    outcome: { lost, 'lost with the orphan finalizer': await lostAfter(stage, whole, owner) },
    tookMs: { gone },
  };
}

/** The same while the API server refuses to delete those namespaces. */
export async function pageStepTwoShielded(stage: Stage): Promise<Seen> {
  const { m } = stage;
  const names = await localWorkspace(m, 'shielded', 10);
  const owner = { name: 'shielded', uid: await workspaceUid(m, 'shielded') };
  const before = await observeProjects(m, names);
  const lift = await forbidDelete(m, core.namespaces, names);
  await m.delete(kubesphere.workspaceTemplates, { name: 'shielded' }, background);
  await untilGone(m, kubesphere.workspaceTemplates, { name: 'shielded' });
  await untilGone(m, kubesphere.workspaces, { name: 'shielded' });
  const lost = await lostAfter(stage, before, owner);
  const dangling = Object.values(await observeProjects(m, names)).filter(
    ({ ownerReferences }) => ownerReferences[0]?.uid === owner.uid,
  );
  for (const name of names) await unbindAsThePageSays(m, name);
  await lift();
  return {
    outcome: {
      lost,
      'Workspace and template': 'gone',
      'references dangling': of(dangling.length, names),
      'lost after clearing and lifting': await lostAfter(stage, before, owner),
    },
  };
}
