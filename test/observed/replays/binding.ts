import { core } from '../../../src/kube/resources.ts';
import { finalizers, managedLabel, systemWorkspace, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { observeProjects, until } from '../../../src/testing/index.ts';
import {
  addOrphanFlag,
  background,
  localWorkspace,
  patient,
  unbindAsThePageSays,
  untilGone,
  workspaceUid,
} from '../../testing/support.ts';
import type { Seen } from '../entry.ts';
import { isGone, isOwned, label, lostAfter, of, project, timed, unboundOf } from '../kit.ts';
import type { Stage } from '../stage.ts';

/** A label set before its Workspace exists, and one set while its Workspace is on its way out. */
export async function labelTooEarlyAndTooLate({ m, now }: Stage): Promise<Seen> {
  await m.create(core.namespaces, { metadata: { name: 'early', labels: { [workspaceLabel]: 'late' } } });
  const looked = async () => (await project(m, 'early')).finalizers?.includes(finalizers.namespace);
  await until('the namespace was looked at', looked, patient);
  const dangles = (await project(m, 'early')).ownerReferences === undefined;
  await localWorkspace(m, 'late', 0);
  await until('it is bound', isOwned(m, 'early', await workspaceUid(m, 'late')), patient);

  await localWorkspace(m, 'going', 0);
  const at = { name: 'going' };
  const hold = { metadata: { finalizers: ['kubesphere-federation/hold'] } };
  await m.patch(kubesphere.workspaces, at, { type: 'merge', body: hold });
  await m.delete(kubesphere.workspaces, at, background);
  await m.create(core.namespaces, { metadata: { name: 'tardy' } });
  await until('tardy was looked at', async () => (await project(m, 'tardy')).finalizers !== undefined, patient);
  await label(m, 'tardy', 'going');
  const unlabelled = async () => (await project(m, 'tardy')).labels?.[workspaceLabel] === undefined;
  const off = await timed(now, 'the label is off', unlabelled);
  // The template goes first, so that the next Workspace of that name is another one.
  await m.delete(kubesphere.workspaceTemplates, at, background);
  await m.patch(kubesphere.workspaces, at, { type: 'merge', body: { metadata: { finalizers: [] } } });
  await untilGone(m, kubesphere.workspaces, at);
  await untilGone(m, kubesphere.workspaceTemplates, at);
  await localWorkspace(m, 'going', 1);
  const { ownerReferences = [], labels } = await project(m, 'tardy');
  return {
    outcome: {
      'label before the Workspace': dangles ? 'dangles' : 'owned',
      'once the Workspace is there': 'bound',
      'label while it is Terminating': 'taken off',
      'bound later': ownerReferences.length > 0 || labels?.[workspaceLabel] !== undefined,
    },
    tookMs: { 'taken off': off },
  };
}

/** The page's loop over all namespaces that are not on their way out (H8). Puts the system's labels back, as an installer run would. */
export async function unbindEverything({ m }: Stage): Promise<Seen> {
  const own = await localWorkspace(m, 'looped', 2);
  const metadata = async (labelSelector?: string) =>
    (await m.listMetadata(core.namespaces, labelSelector === undefined ? {} : { labelSelector }).toArray()).map(
      (one) => one.metadata,
    );
  const looped = (await metadata()).filter(({ deletionTimestamp }) => deletionTimestamp === undefined);
  const system = looped.filter(({ labels }) => labels?.[workspaceLabel] === systemWorkspace).map(({ name }) => name);
  for (const { name } of looped) await unbindAsThePageSays(m, name);
  const some = [...own, ...system];
  const areUnbound = async () => (await unboundOf(m, some)) === of(some.length, some);
  await until('the controllers leave it so', areUnbound, patient);
  const left = (await metadata(workspaceLabel)).filter(({ name }) => looped.some((one) => one.name === name));
  for (const name of system) await label(m, name, systemWorkspace);
  // What kubefed manages it puts back.
  const plain = left.filter(({ labels }) => labels?.[managedLabel] !== 'true');
  return {
    outcome: {
      'kube-system was in system-workspace': system.includes('kube-system'),
      'namespaces left in system-workspace': left.filter(({ labels }) => labels?.[workspaceLabel] === systemWorkspace)
        .length,
      'plain namespaces left in any workspace': plain.map(({ name }) => name).join() || 'none',
    },
    note: `${system.length} namespaces of the system among ${looped.length}`,
  };
}

/** What hangs on a workspace besides its projects goes although every project was unbound (H13). */
export async function sideObjects(stage: Stage): Promise<Seen> {
  const { m, now } = stage;
  const [name = ''] = await localWorkspace(m, 'quoted', 1);
  const quota = { name: 'quoted' };
  const uid = await workspaceUid(m, 'quoted');
  await m.create(kubesphere.resourceQuotas, {
    metadata: { ...quota, labels: { [workspaceLabel]: 'quoted' } },
    spec: { quota: { hard: { pods: '10' } } },
  });
  const ofWorkspace = async () =>
    (await m.get(kubesphere.resourceQuotas, quota)).metadata.ownerReferences?.some((owner) => owner.uid === uid);
  await until('the quota is the workspace’s', ofWorkspace, patient);
  const before = await observeProjects(m, [name]);
  await unbindAsThePageSays(m, name);
  await until('unbound', async () => (await project(m, name)).ownerReferences === undefined, patient);
  const roles = (await m.list(core.roles, { namespace: name }).toArray()).length;
  await m.delete(kubesphere.workspaceTemplates, quota, background);
  const gone = await timed(now, 'the quota is gone', isGone(m, kubesphere.resourceQuotas, quota));
  await untilGone(m, kubesphere.workspaceRoleBindings, { name: 'quoted-admin' });
  await untilGone(m, kubesphere.workspaceRoles, { name: 'quoted-viewer' });
  const kept = (await m.list(core.roles, { namespace: name }).toArray()).length;
  return {
    outcome: {
      'project lost': await lostAfter(stage, before, { name: 'quoted', uid }),
      'workspace quota': 'gone',
      'WorkspaceRoles and their bindings': 'gone',
      'roles in the project kept': of(kept, roles),
    },
    tookMs: { 'quota gone': gone },
  };
}

const marks = (app: string) => ({
  labels: { 'app.kubernetes.io/managed-by': 'Helm' },
  annotations: { 'meta.helm.sh/release-name': app },
});

/** An app of the App Store: a HelmRelease, what its chart made, and helm's own record of it. */
async function installApp({ m }: Stage, project: string, app: string, workspace?: string): Promise<void> {
  await m.create(core.deployments, {
    metadata: { namespace: project, name: app, ...marks(app) },
    spec: {
      selector: { matchLabels: { app } },
      template: { metadata: { labels: { app } }, spec: { containers: [{ name: app, image: 'nginx:1.27' }] } },
    },
  });
  await m.create(core.persistentVolumeClaims, {
    metadata: { namespace: project, name: app, ...marks(app) },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
  const label = workspace === undefined ? {} : { [workspaceLabel]: workspace };
  await m.create(kubesphere.helmReleases, {
    metadata: { name: app, labels: { 'kubesphere.io/namespace': project, ...label } },
    spec: { name: app },
  });
  const watched = async () =>
    (await m.get(kubesphere.helmReleases, { name: app })).metadata.finalizers?.includes(finalizers.helmRelease);
  await until('the release is watched over', watched, patient);
}

/** The apps of a workspace whose template goes with the orphan flag: no project is lost, and the apps in them are (H1). */
export async function appsUninstalled(stage: Stage): Promise<Seen> {
  const { m, now } = stage;
  const [name = ''] = await localWorkspace(m, 'apps', 1);
  await installApp(stage, name, 'shop', 'apps');
  await installApp(stage, name, 'wiki');
  const owner = { name: 'apps', uid: await workspaceUid(m, 'apps') };
  const before = await observeProjects(m, [name]);
  await addOrphanFlag(m, 'apps');
  const since = now();
  await m.delete(kubesphere.workspaceTemplates, { name: 'apps' }, background);
  await timed(now, 'the release is gone', isGone(m, kubesphere.helmReleases, { name: 'shop' }));
  const took = now() - since;
  const at = (app: string) => ({ namespace: name, name: app });
  await untilGone(m, core.deployments, at('shop'));
  await untilGone(m, core.persistentVolumeClaims, at('shop'));
  await untilGone(m, kubesphere.workspaceTemplates, { name: 'apps' });
  const wiki = await m.find(kubesphere.helmReleases, { name: 'wiki' });
  const works = await m.find(core.deployments, at('wiki'));
  return {
    outcome: {
      'projects lost': await lostAfter(stage, before, owner),
      'labelled release': 'deleted',
      'its Deployment and claim': 'uninstalled',
      'release without the label': wiki !== undefined && works !== undefined ? 'untouched' : 'gone',
    },
    tookMs: { 'release deleted': took },
  };
}

/** The record of an app on a member goes with its Cluster, and helm is not asked (H1's other side). */
export async function appOfCluster(stage: Stage): Promise<Seen> {
  const { a, m } = stage;
  const [name = ''] = await localWorkspace(m, 'remote', 1);
  const app = { namespace: name, name: 'web' };
  await m.patch(core.deployments, app, { type: 'merge', body: { metadata: marks('remote') } });
  const labels = { 'kubesphere.io/cluster': 'm', 'kubesphere.io/namespace': name, [workspaceLabel]: 'remote' };
  await a.create(kubesphere.helmReleases, { metadata: { name: 'remote', labels }, spec: { name: 'remote' } });
  const owned = async () =>
    (await a.get(kubesphere.helmReleases, { name: 'remote' })).metadata.ownerReferences?.[0]?.kind === 'Cluster';
  await until('it belongs to its Cluster', owned, patient);
  await stage.leave(a);
  await untilGone(a, kubesphere.helmReleases, { name: 'remote' });
  const { deletionTimestamp } = (await m.get(core.deployments, app)).metadata;
  await stage.joinFully(a);
  return {
    outcome: {
      HelmRelease: 'gone with the Cluster',
      'its Deployment': deletionTimestamp === undefined ? 'kept' : 'lost',
    },
  };
}
