import { core } from '../../../src/kube/resources.ts';
import { installation, kubesphereNamespace, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import {
  createUser,
  createWorkspace,
  joinCluster,
  makeMember,
  observeProjects,
  until,
} from '../../../src/testing/index.ts';
import { patient } from '../../testing/support.ts';
import type { Seen } from '../entry.ts';
import { areGoing, lostOf, timed } from '../kit.ts';
import type { Stage } from '../stage.ts';

const configuration = { namespace: kubesphereNamespace, name: installation.configuration };
const config = { namespace: kubesphereNamespace, name: installation.config };
const secret = { namespace: kubesphereNamespace, name: installation.secret };

const settingsOf = async ({ m }: Stage): Promise<string> =>
  (await m.get(core.configMaps, config)).data?.[installation.configKey] ?? '';
const jwtSecretIn = (settings: string): string | undefined => /jwtSecret: (?<jwt>\S+)/.exec(settings)?.groups?.['jwt'];

/** Lets the installer run with a secret; every state of the settings that it leaves on the way. */
async function install({ m }: Stage, jwtSecret: string, done: (settings: string) => boolean): Promise<string[]> {
  const states: string[] = [];
  const { name, namespace } = config;
  const ended = new AbortController();
  const states$ = m.watch(core.configMaps, { namespace, fieldSelector: `metadata.name=${name}`, signal: ended.signal });
  const body = { spec: { authentication: { jwtSecret } } };
  await m.patch(kubesphere.clusterConfigurations, configuration, { type: 'merge', body });
  for await (const event of states$) {
    const objects = event.type === 'synced' ? event.objects : [event.object];
    for (const { data } of objects) states.push(data?.[installation.configKey] ?? '');
    if (done(states.at(-1) ?? '')) break;
  }
  ended.abort();
  return states;
}

/** The secret of another host given to the installer, and taken away again (H15). */
export async function jwtSecret(stage: Stage): Promise<Seen> {
  const { m } = stage;
  const hasName = async () => /clusterName: "?m"?$/m.test(await settingsOf(stage));
  await until('the host has written its name for the member', hasName, patient);
  const { uid } = (await m.get(core.secrets, secret)).metadata;
  const byHand = `${await settingsOf(stage)}byHand: true\n`;
  await m.patch(core.configMaps, config, { type: 'merge', body: { data: { [installation.configKey]: byHand } } });
  const states = await install(stage, 'secret-of-b', (settings) => jwtSecretIn(settings) === 'secret-of-b');
  const first = states.at(-1) ?? '';
  const recreated = (await m.get(core.secrets, secret)).metadata.uid !== uid;
  await until('the host writes it again', hasName, patient);
  const written = await settingsOf(stage);
  await install(stage, '', (settings) => settings !== written && jwtSecretIn(settings) !== undefined);
  return {
    outcome: {
      'jwtSecret after the run': jwtSecretIn(first) === 'secret-of-b' ? 'of B' : 'another',
      'edit by hand': first.includes('byHand') ? 'kept' : 'lost',
      clusterName: first.includes('clusterName') ? 'kept' : 'gone until the next resync',
      'kubesphere-secret': recreated ? 'made again' : 'kept',
      'after setting it back to empty':
        jwtSecretIn(await settingsOf(stage)) === 'secret-of-b' ? 'still of B' : 'drawn anew',
    },
  };
}

/** A former host made a member: its own kubefed is still there, and takes away what the new host brings (H17). */
export async function formerHost({ a, b, clusters }: Stage): Promise<Seen> {
  const name = 'roving';
  await createUser(b, { name: 'roving-manager' });
  await createWorkspace(b, { name, manager: 'roving-manager', clusters: ['elsewhere'] });
  await makeMember({ host: a, member: b });
  const names = ['roving-1', 'roving-2', 'roving-3'];
  for (const project of names) {
    await b.create(core.namespaces, { metadata: { name: project, labels: { [workspaceLabel]: name } } });
    await b.create(core.configMaps, { metadata: { namespace: project, name: 'settings' }, data: {} });
  }
  const before = await observeProjects(b, names);
  await createUser(a, { name: 'roving-manager' });
  await createWorkspace(a, { name, manager: 'roving-manager', clusters: ['b'] });
  await joinCluster(a, { name: 'b', kubeconfig: clusters.b.kubeconfig });
  const going = await timed('they are going', areGoing(b, names));
  const own = await b.listMetadata(kubesphere.kubeFedClusters).toArray();
  return {
    outcome: { 'its own kubefed': own.length > 0 ? 'at work' : 'gone', 'projects lost': await lostOf(b, before) },
    tookMs: { Terminating: going },
  };
}
