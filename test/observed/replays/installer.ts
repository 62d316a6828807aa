import type { Connection } from '../../../src/kube/connection.ts';
import { core } from '../../../src/kube/resources.ts';
import { installation, kubesphereNamespace, managedLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { joinCluster, makeMember, until } from '../../../src/testing/index.ts';
import { detach, patient } from '../../testing/support.ts';
import type { Seen } from '../entry.ts';
import { timed } from '../kit.ts';
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
  const watch = m.watch(core.configMaps, { namespace, fieldSelector: `metadata.name=${name}`, signal: ended.signal });
  const body = { spec: { authentication: { jwtSecret } } };
  await m.patch(kubesphere.clusterConfigurations, configuration, { type: 'merge', body });
  for await (const event of watch) {
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

const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };

/** A multi-cluster project with a claim in it, placed on a cluster. */
async function createClaim(host: Connection, namespace: string, cluster: string): Promise<void> {
  const placement = { clusters: [{ name: cluster }] };
  await host.create(core.namespaces, { metadata: { name: namespace, labels: { [managedLabel]: 'false' } } });
  await host.create(kubesphere.federatedNamespaces, {
    metadata: { name: namespace, namespace },
    spec: { template: { metadata: {} }, placement },
  });
  await host.create(kubesphere.federatedPersistentVolumeClaims, {
    metadata: { name: 'data', namespace },
    spec: { template: { spec: claim }, placement },
  });
}

/** A former host made a member: its own kubefed is still there, and takes away what the new host brings (H17). */
export async function formerHost({ a, b, clusters, now }: Stage): Promise<Seen> {
  const at = { namespace: 'roving', name: 'data' };
  await createClaim(b, at.namespace, 'elsewhere');
  await makeMember({ host: a, member: b });
  await createClaim(a, at.namespace, 'b');
  await joinCluster(a, { name: 'b', kubeconfig: clusters.b.kubeconfig });
  const uid = () => b.find(core.persistentVolumeClaims, at).then((found) => found?.metadata.uid);
  const first = await until('the claim is there', uid, patient);
  const gone = await timed(now, 'it is gone', async () => (await uid()) !== first);
  await until('another one is there', uid, patient);
  const own = await b.listMetadata(kubesphere.kubeFedClusters).toArray();
  await detach(a, 'b');
  return {
    outcome: { 'its own kubefed': own.length > 0 ? 'at work' : 'gone', claim: 'lost with its data, made again empty' },
    tookMs: { lost: gone },
  };
}
