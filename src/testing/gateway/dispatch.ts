import { FederationError } from '../../errors.ts';
import { hostLabel, kubesphereNamespace } from '../../kubesphere/names.ts';
import { type Cluster, kubesphere } from '../../kubesphere/resources.ts';
import type { Answer } from '../server/answer.ts';
import type { Incoming, Outgoing } from '../server/exchange.ts';
import { StatusError } from '../server/status.ts';
import { encodedPath } from '../server/target.ts';
import type { GatewayContext } from './context.ts';
import { type PassedOn, passOn } from './pass-on.ts';
import { internalAnswer, jsonAnswer, plainAnswer } from './refusal.ts';
import type { Upstream } from './upstream.ts';

/** How a member's API server reaches the member's ks-apiserver (pkg/apiserver/dispatch). */
export const serviceProxyPath = `/api/v1/namespaces/${kubesphereNamespace}/services/:ks-apiserver:/proxy`;

/** A request for another cluster. */
export interface DispatchRequest {
  readonly cluster: string;
  /** Decoded. */
  readonly path: string;
  /** With the question mark, or empty. */
  readonly search: string;
  readonly body: Buffer;
}

/** What became of a request for a cluster. */
export type Dispatched =
  /** It is for the gateway's own cluster, under this decoded path. */
  { readonly local: string } | { readonly answer: Answer } | 'passed on';

/**
 * Passes a request on to the cluster that its path names. Who asks is not known yet, nor whether they may: that is the
 * other cluster's business. The Ready condition is believed as it stands, however old it is.
 */
export async function dispatch(
  gate: GatewayContext,
  request: DispatchRequest,
  incoming: Incoming,
  outgoing: Outgoing,
): Promise<Dispatched> {
  const { cluster: name, search } = request;
  const cluster = await gate.kube.find(kubesphere.clusters, { name });
  if (cluster === undefined) return { answer: unknownCluster(gate, name) };
  const path = request.path.replace(`/clusters/${name}`, '');
  if (cluster.metadata.labels?.[hostLabel] !== undefined) return { local: path };
  const way = isReady(cluster) ? await wayTo(gate, cluster) : undefined;
  if (way === undefined) return { answer: notReady(gate, name, incoming.url) };
  try {
    const authorization = incoming.headers.authorization ?? '';
    await (way.direct
      ? passOn(
          way.upstream,
          incoming,
          { path: `${encodedPath(path)}${search}`, headers: { authorization }, body: request.body },
          outgoing,
        )
      : passOn(way.upstream, incoming, throughServiceProxy(request, path, authorization), outgoing));
    return 'passed on';
  } catch (error) {
    return { answer: internalAnswer(incoming.url, error instanceof Error ? error.message : String(error)) };
  }
}

/**
 * An API server strips the Authorization header off what it proxies, and refuses a proxied dryRun: so the one travels in
 * a header of its own, the other in small letters, and the member's gateway puts both right.
 */
function throughServiceProxy({ search, body }: DispatchRequest, path: string, authorization: string): PassedOn {
  const withoutDryRun = new URLSearchParams(search).has('dryRun') ? search.replace('dryRun', 'dryrun') : search;
  return {
    path: `${serviceProxyPath}${encodedPath(path)}${withoutDryRun}`,
    headers: { 'x-kubesphere-authorization': authorization },
    body,
  };
}

function unknownCluster({ version }: GatewayContext, name: string): Answer {
  if (version === '3.3') return plainAnswer(404, `cluster ${name} not found`);
  // 3.4 writes the whole error instead of its Status.
  const { status } = new StatusError(400, 'BadRequest', `cluster ${name} not exists`);
  return jsonAnswer({ ErrStatus: status }, 400);
}

function notReady({ version }: GatewayContext, name: string, uri: string): Answer {
  const message = `cluster ${name} is not ready`;
  return version === '3.3' ? plainAnswer(400, message) : internalAnswer(uri, message);
}

function isReady({ status }: Cluster): boolean {
  return status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true;
}

interface Way {
  readonly upstream: Pick<Upstream, 'send'>;
  /** Straight to the other gateway. */
  readonly direct: boolean;
}

/** `undefined` where the Cluster's kubeconfig is none. */
async function wayTo({ members }: GatewayContext, cluster: Cluster): Promise<Way | undefined> {
  const { type, kubesphereAPIEndpoint = '' } = cluster.spec.connection;
  if (type === 'proxy' || kubesphereAPIEndpoint !== '')
    return { upstream: members.gateway(kubesphereAPIEndpoint), direct: true };
  try {
    return { upstream: await members.cluster(cluster), direct: false };
  } catch (error) {
    if (FederationError.is(error, 'KUBECONFIG_INVALID')) return undefined;
    throw error;
  }
}
