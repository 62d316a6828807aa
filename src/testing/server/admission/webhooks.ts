import { randomUUID } from 'node:crypto';
import { Agent, request as send } from 'undici';
import type { AdmissionRequest, Ground } from '../call.ts';
import { isRecord, recordAt, recordsAt, text } from '../object.ts';
import { badRequest, internalError, StatusError } from '../status.ts';
import { keyOf } from '../store.ts';
import { compile, requestVariables } from './expressions.ts';
import { constrains, webhookConstraints } from './match.ts';

/** Table of the configurations that are asked. */
const webhookTable = 'validatingwebhookconfigurations.admissionregistration.k8s.io';

type Webhook = Record<string, unknown>;

/** Asks every webhook that is about this request, all at once. @throws StatusError when one refuses, or fails closed */
export async function askWebhooks(ground: Ground, request: AdmissionRequest): Promise<void> {
  const configurations = ground.store.table(webhookTable);
  if (configurations.size === 0) return;
  const hooks = configurations
    .all()
    .flatMap((configuration) => recordsAt(configuration, 'webhooks'))
    .filter(
      (hook) => constrains(ground, webhookConstraints(hook), request, false) && conditionsHold(ground, hook, request),
    );
  await Promise.all(hooks.map((hook) => askWebhook(ground, hook, request)));
}

function conditionsHold(ground: Ground, hook: Webhook, request: AdmissionRequest): boolean {
  const conditions = recordsAt(hook, 'matchConditions');
  if (conditions.length === 0) return true;
  const variables = requestVariables(ground, request);
  let failure: unknown;
  for (const { expression } of conditions) {
    try {
      if (compile(text(expression) ?? '')(variables) !== true) return false;
    } catch (error) {
      failure = error;
    }
  }
  if (failure === undefined) return true;
  if (hook['failurePolicy'] === 'Ignore') return false;
  throw new StatusError(
    403,
    'Forbidden',
    `match conditions of webhook ${JSON.stringify(hook['name'])} could not be evaluated`,
  );
}

async function askWebhook(ground: Ground, hook: Webhook, request: AdmissionRequest): Promise<void> {
  const name = text(hook['name']) ?? '';
  if (request.call.dryRun && hook['sideEffects'] !== 'None' && hook['sideEffects'] !== 'NoneOnDryRun') {
    throw badRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`);
  }
  let verdict: Record<string, unknown>;
  try {
    verdict = await call(ground, hook, request);
  } catch (error) {
    if (hook['failurePolicy'] === 'Ignore') return;
    const why = error instanceof Error ? error.message : 'unknown';
    throw internalError(`failed calling webhook ${JSON.stringify(name)}: failed to call webhook: ${why}`);
  }
  if (verdict['allowed'] !== true) throw refused(name, recordAt(verdict, 'status'));
}

function refused(name: string, status: Record<string, unknown>): StatusError {
  const by = `admission webhook ${JSON.stringify(name)} denied the request`;
  const code = typeof status['code'] === 'number' && status['code'] >= 400 ? status['code'] : 400;
  const why = text(status['message']) || text(status['reason']);
  return new StatusError(code, text(status['reason']) ?? '', why ? `${by}: ${why}` : `${by} without explanation`);
}

/** Posts an AdmissionReview and answers its `response`. */
async function call(ground: Ground, hook: Webhook, request: AdmissionRequest): Promise<Record<string, unknown>> {
  const config = recordAt(hook, 'clientConfig');
  const seconds = typeof hook['timeoutSeconds'] === 'number' ? hook['timeoutSeconds'] : 10;
  const url = text(config['url']) ?? serviceUrl(ground, recordAt(config, 'service'), seconds);
  const ca = text(config['caBundle']);
  const dispatcher = new Agent({ connect: ca === undefined ? {} : { ca: Buffer.from(ca, 'base64').toString('utf8') } });
  const review = {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: reviewRequest(ground, request),
  };
  try {
    const { statusCode, body } = await send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(review),
      dispatcher,
      signal: AbortSignal.timeout(seconds * 1000),
    });
    const answer: unknown = await body.json();
    if (statusCode !== 200)
      throw new Error(`an error on the server (status ${statusCode}) has prevented the request from succeeding`);
    const response = isRecord(answer) ? answer['response'] : undefined;
    if (!isRecord(response)) throw new Error('webhook response was absent');
    if (response['uid'] !== review.request.uid)
      throw new Error(`expected response.uid=${JSON.stringify(review.request.uid)}`);
    return response;
  } catch (error) {
    throw new Error(`Post ${JSON.stringify(url)}: ${failureOf(error)}`, { cause: error });
  } finally {
    await dispatcher.close();
  }
}

function failureOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.name === 'TimeoutError') return 'context deadline exceeded';
  if (/ECONNREFUSED/.test(error.message)) return 'connect: connection refused';
  return error.message;
}

/** No pods run here, so a service never has an endpoint behind it. */
function serviceUrl(ground: Ground, service: Record<string, unknown>, seconds: number): string {
  const [name, namespace] = [text(service['name']) ?? '', text(service['namespace']) ?? ''];
  const url = `https://${name}.${namespace}.svc:${Number(service['port'] ?? 443)}${text(service['path']) ?? '/'}?timeout=${seconds}s`;
  const found = ground.store.table('services').get(keyOf(namespace, name)) !== undefined;
  const why = found
    ? `no endpoints available for service ${JSON.stringify(name)}`
    : `service ${JSON.stringify(name)} not found`;
  throw new Error(`Post ${JSON.stringify(url)}: ${why}`);
}

function reviewRequest(ground: Ground, request: AdmissionRequest): { readonly uid: string } {
  const { object, oldObject, request: attributes } = requestVariables(ground, request);
  return { ...(isRecord(attributes) ? attributes : {}), uid: randomUUID(), ...{ object, oldObject } };
}
