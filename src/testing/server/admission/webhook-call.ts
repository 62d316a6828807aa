import { randomUUID } from 'node:crypto';
import { Agent, type Dispatcher, request as send } from 'undici';
import type { Ground } from '../call.ts';
import { dispatcherTo } from '../local.ts';
import { isRecord, recordAt, strings, text } from '../object.ts';
import { keyOf } from '../store.ts';

/** A review that the server sends and a webhook answers. */
export interface Call {
  readonly config: Record<string, unknown>;
  readonly versions: unknown;
  readonly timeoutSeconds: number;
  /** Everything of the request but its UID. */
  readonly request: Record<string, unknown>;
}

const known = ['v1', 'v1beta1'];
const apiVersionOf = (version: string): string => `admission.k8s.io/${version}`;

/** Posts an AdmissionReview and answers its `response`. @throws Error with the real server's words, which blame the webhook */
export async function callWebhook(ground: Ground, { config, versions, timeoutSeconds, request }: Call) {
  const version = strings(versions).find((item) => known.includes(item));
  if (version === undefined) {
    throw new Error('could not create admission objects: webhook does not accept known AdmissionReview versions');
  }
  const service = recordAt(config, 'service');
  const base = text(config['url']) ?? serviceUrl(service);
  const url = `${/^https:\/\/[^/]+$/.test(base) ? `${base}/` : base}?timeout=${timeoutSeconds}s`;
  if (text(config['url']) === undefined) throw failed(posting(url, missing(ground, service)));
  const uid = randomUUID();
  const review = { kind: 'AdmissionReview', apiVersion: apiVersionOf(version), request: { uid, ...request } };
  const way = dispatcherFor(ground, new URL(url).origin, text(config['caBundle']));
  const answer = await post(way, url, timeoutSeconds, JSON.stringify(review));
  const response = answer['response'];
  if (!isRecord(response)) throw invalid('webhook response was absent');
  if (version === 'v1') {
    const given = text(response['uid']) ?? '';
    if (given !== uid) throw invalid(`expected response.uid="${uid}", got ${JSON.stringify(given)}`);
    const [wanted, kind] = [groupVersionKind(review), groupVersionKind(answer)];
    if (kind !== wanted) throw invalid(`expected webhook response of ${wanted}, got ${kind}`);
  }
  return response;
}

const invalid = (why: string): Error => new Error(`received invalid webhook response: ${why}`);
const failed = (why: string): Error => new Error(`failed to call webhook: ${why}`);

function groupVersionKind({ apiVersion, kind }: Record<string, unknown>): string {
  return `${text(apiVersion) ?? ''}, Kind=${text(kind) ?? ''}`;
}

const posting = (url: string, why: string): string => `Post "${url}": ${why}`;

async function post(
  dispatcher: Dispatcher,
  url: string,
  timeoutSeconds: number,
  body: string,
): Promise<Record<string, unknown>> {
  let statusCode: number;
  let content: string;
  try {
    const answer = await send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, */*' },
      body,
      dispatcher,
      signal: AbortSignal.timeout(timeoutSeconds * 1000),
    });
    statusCode = answer.statusCode;
    content = await answer.body.text();
  } catch (error) {
    throw failed(posting(url, failureOf(url, error)));
  }
  const parsed = parsedOrUndefined(content);
  if (statusCode < 200 || statusCode > 206) throw failed(refusal(statusCode, content, parsed));
  if (!isRecord(parsed)) throw failed(`couldn't get version/kind; json parse error: ${JSON.stringify(content)}`);
  return parsed;
}

function parsedOrUndefined(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

/** Ways that are kept open; a webhook that is registered anew brings another certificate every time. */
const mostWays = 32;
const ways = new WeakMap<Ground, Map<string, Dispatcher>>();

/** One way per webhook server: a handshake for every write would cost more than the write. */
function dispatcherFor(ground: Ground, origin: string, bundle: string | undefined): Dispatcher {
  const dispatchers = ways.get(ground) ?? new Map<string, Dispatcher>();
  ways.set(ground, dispatchers);
  const key = `${origin} ${bundle ?? ''}`;
  const present = dispatchers.get(key);
  // What was used last stands last: the first goes first.
  dispatchers.delete(key);
  if (present !== undefined) {
    dispatchers.set(key, present);
    return present;
  }
  for (const [oldest, way] of dispatchers) {
    if (dispatchers.size < mostWays) break;
    dispatchers.delete(oldest);
    // Requests under way are answered first.
    void way.close();
  }
  const ca = bundle === undefined ? undefined : Buffer.from(bundle, 'base64').toString('utf8');
  const tls = ca === undefined ? {} : { ca };
  const dispatcher = dispatcherTo(origin, tls) ?? new Agent({ connect: tls });
  dispatchers.set(key, dispatcher);
  return dispatcher;
}

function failureOf(url: string, error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.name === 'TimeoutError') return 'context deadline exceeded';
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ECONNREFUSED') return `dial tcp ${new URL(url).host}: connect: connection refused`;
  if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET') return 'EOF';
  if (code === 'CERT_HAS_EXPIRED') return `tls: failed to verify certificate: x509: ${error.message}`;
  if (typeof code === 'string' && /SELF_SIGNED|UNABLE_TO/.test(code))
    return 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
  return error.message;
}

const said: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  409: 'the server reported a conflict',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
};

/** What the real server's client makes of an answer that is no success. */
function refusal(code: number, content: string, parsed: unknown): string {
  if (recordAt(parsed)['kind'] === 'Status') return text(recordAt(parsed)['message']) ?? 'unknown';
  if (code === 403) return content;
  if (code >= 500 && said[code] === undefined)
    return `an error on the server (${JSON.stringify(content.trim())}) has prevented the request from succeeding`;
  return said[code] ?? `the server responded with the status code ${code} but did not return more information`;
}

function serviceUrl(service: Record<string, unknown>): string {
  const path = text(service['path']) ?? '/';
  return `https://${text(service['name'])}.${text(service['namespace'])}.svc:${Number(service['port'] ?? 443)}${path}`;
}

/** No pods run here, so a service never has an endpoint behind it. */
function missing(ground: Ground, service: Record<string, unknown>): string {
  const [name, namespace] = [text(service['name']) ?? '', text(service['namespace']) ?? ''];
  return ground.store.table('services').get(keyOf(namespace, name)) === undefined
    ? `service ${JSON.stringify(name)} not found`
    : `no endpoints available for service ${JSON.stringify(name)}`;
}
