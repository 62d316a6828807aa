import { Buffer } from 'node:buffer';
import { FederationError } from '../../errors.ts';
import { core } from '../../kube/resources.ts';
import { hostLabel, installation, kubesphereNamespace } from '../../kubesphere/names.ts';
import { type Cluster, kubesphere } from '../../kubesphere/resources.ts';
import { parseSettings } from '../controllers/settings.ts';
import type { Answer } from '../server/answer.ts';
import { recordAt, text } from '../server/object.ts';
import type { GatewayContext } from './context.ts';
import { serviceProxyPath } from './dispatch.ts';
import { recordEntity } from './entity.ts';
import { type KubeClient, kubeClient } from './kube.ts';
import { plainAnswer, Refusal } from './refusal.ts';
import type { Route, RoutedRequest } from './routes.ts';
import { type Settings, settingsOf } from './settings.ts';
import type { Upstream } from './upstream.ts';

/** Nothing is said about success. */
const empty: Answer = { code: 200, body: '' };
const refused = (message: string): Refusal => new Refusal(400, message);
const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString();

interface Member extends AsyncDisposable {
  readonly kube: KubeClient;
  readonly upstream: Upstream;
}

/** The cluster of a kubeconfig, until it is disposed. @throws Refusal 400 for a kubeconfig that is none */
async function reach({ members }: GatewayContext, kubeconfig: string): Promise<Member> {
  try {
    const upstream = await members.open(decoded(kubeconfig));
    return { upstream, kube: kubeClient(upstream), [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose]() };
  } catch (error) {
    throw FederationError.is(error, 'KUBECONFIG_INVALID') ? refused(error.message) : error;
  }
}

/** @throws Refusal 400 unless the member's ks-apiserver answers behind its API server's service proxy */
async function checkFrontDoor({ upstream }: Member): Promise<void> {
  const invalid = (body: string): Refusal =>
    refused(
      `unable validate kubesphere endpoint, invalid response: ks-apiserver , please make sure ${kubesphereNamespace}.${body}.svc of member cluster is up and running`,
    );
  let content: string;
  try {
    const answer = await upstream.send({ method: 'GET', path: `${serviceProxyPath}/kapis/version` });
    content = await answer.body.text();
    if (answer.statusCode !== 200) throw invalid(content);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw refused(`unable validate kubesphere endpoint, ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    JSON.parse(content);
  } catch {
    throw invalid(content);
  }
}

async function settingsIn(kube: KubeClient): Promise<Settings> {
  const config = await kube.get(core.configMaps, { namespace: kubesphereNamespace, name: installation.config });
  return settingsOf(parseSettings(config));
}

/** Why the member's configuration does not fit the host's; only 3.4 looks at the role. */
async function configurationProblem(gate: GatewayContext, { kube }: Member): Promise<string | undefined> {
  const because = (problem: string): string => `failed to validate member cluster configuration, err: ${problem}`;
  try {
    const member = await settingsIn(kube);
    if (gate.version === '3.4' && member.multicluster.role !== 'member')
      return because("the clusterRole of the member cluster must be 'member'");
    if ((await gate.settings()).jwtSecret !== member.jwtSecret)
      return because(
        'hostcluster Jwt is not equal to member cluster jwt, please edit the member cluster cluster config',
      );
    return undefined;
  } catch (error) {
    return because(error instanceof Error ? error.message : String(error));
  }
}

const kubeSystem = { name: 'kube-system' } as const;

/** What the console asks before it creates a Cluster; nobody else is made to. */
async function validate(gate: GatewayContext, request: RoutedRequest): Promise<Answer> {
  const cluster = recordEntity(request);
  const name = text(recordAt(cluster, 'metadata')['name']) ?? '';
  const connection = recordAt(cluster, 'spec', 'connection');
  if (connection['type'] !== 'direct') throw refused('cluster connection type MUST be direct');
  await using member = await reach(gate, givenKubeconfig(connection));
  const { uid } = (await member.kube.get(core.namespaces, kubeSystem)).metadata;
  const twin = (await gate.kube.list(kubesphere.clusters)).find(({ status }) => status?.uid === uid);
  if (twin !== undefined)
    throw refused(`cluster ${name} already exists (${twin.metadata.name}), MUST not import the same cluster twice`);
  await member.kube.path('/version');
  await checkFrontDoor(member);
  const problem = await configurationProblem(gate, member);
  return problem === undefined ? empty : plainAnswer(400, problem);
}

function givenKubeconfig(record: Record<string, unknown>): string {
  const kubeconfig = text(record['kubeconfig']) ?? '';
  if (kubeconfig === '') throw refused('cluster kubeconfig MUST NOT be empty');
  return kubeconfig;
}

/** @throws Refusal 400 for a cluster whose kubeconfig is not the caller's to change */
function checkReplaceable({ metadata, spec }: Cluster): void {
  if (metadata.labels?.[hostLabel] !== undefined) throw refused('update kubeconfig of the host cluster is not allowed');
  if (spec.connection.type === 'proxy')
    throw refused(
      'update kubeconfig of member clusters which using proxy mode is not allowed, their certs are managed and will be renewed by tower',
    );
}

/**
 * Replaces the stored kubeconfig by another one of the same cluster. Both 3.3 and 3.4 go on after having answered 400 for
 * a configuration that does not fit: the caller is told that it failed, and it is stored all the same.
 */
async function updateKubeconfig(gate: GatewayContext, request: RoutedRequest): Promise<Answer> {
  const body = recordEntity(request);
  const cluster = await gate.kube.lookUp(kubesphere.clusters, { name: request.at('cluster') });
  checkReplaceable(cluster);
  const kubeconfig = givenKubeconfig(body);
  await using member = await reach(gate, kubeconfig);
  await member.kube.path('/version');
  await checkFrontDoor(member);
  const problem = await configurationProblem(gate, member);
  const said = problem === undefined ? '' : `${problem}\n`;
  try {
    await store(gate, cluster, member, kubeconfig);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return plainAnswer(400, `${said}${error.message}`);
  }
  return problem === undefined ? empty : plainAnswer(400, problem);
}

async function store({ kube }: GatewayContext, cluster: Cluster, member: Member, kubeconfig: string): Promise<void> {
  const { uid } = (await member.kube.get(core.namespaces, kubeSystem)).metadata;
  if (uid !== cluster.status?.uid)
    throw refused(
      'this kubeconfig corresponds to a different cluster than the previous one, you need to make sure that kubeconfig is not from another cluster',
    );
  const { spec } = cluster;
  const updated: Cluster = { ...cluster, spec: { ...spec, connection: { ...spec.connection, kubeconfig } } };
  await kube.update(kubesphere.clusters, updated);
}

/** Every failure is told as 400. */
const failure = (): number => 400;

/** Importing clusters (pkg/kapis/cluster/v1alpha1). */
export const clusterImportRoutes: readonly Route[] = [
  {
    method: 'POST',
    pattern: '/kapis/cluster.kubesphere.io/v1alpha1/clusters/validation',
    handle: validate,
    failure,
  },
  {
    method: 'PUT',
    pattern: '/kapis/cluster.kubesphere.io/v1alpha1/clusters/{cluster}/kubeconfig',
    handle: updateKubeconfig,
    failure,
  },
];
