import type { AdmissionRequest, Ground } from '../call.ts';
import { recordAt, recordsAt, text } from '../object.ts';
import { badRequest, forbidden, internalError, StatusError } from '../status.ts';
import { compile, firstLine, requestVariables } from './expressions.ts';
import { constrains, webhookConstraints } from './match.ts';
import { callWebhook } from './webhook-call.ts';

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
  const failures: string[] = [];
  for (const { expression } of conditions) {
    const source = text(expression) ?? '';
    try {
      if (compile(source)(variables) !== true) return false;
    } catch (error) {
      failures.push(
        `expression '${source}' resulted in error: ${firstLine(error).replace(/^No such key/, 'no such key')}`,
      );
    }
  }
  if (failures.length === 0) return true;
  if (hook['failurePolicy'] === 'Ignore') return false;
  const why = failures.length === 1 ? failures.join() : `[${failures.join(', ')}]`;
  throw forbidden(request.call.type, request.name, why);
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
    throw internalError(`failed calling webhook ${JSON.stringify(name)}: ${why}`);
  }
  if (verdict['allowed'] !== true) throw refused(name, recordAt(verdict, 'status'));
}

function refused(name: string, status: Record<string, unknown>): StatusError {
  const by = `admission webhook ${JSON.stringify(name)} denied the request`;
  const code = typeof status['code'] === 'number' && status['code'] >= 400 ? status['code'] : 400;
  const why = text(status['message']) || text(status['reason']);
  return new StatusError(code, text(status['reason']) ?? '', why ? `${by}: ${why}` : `${by} without explanation`);
}

async function call(ground: Ground, hook: Webhook, request: AdmissionRequest): Promise<Record<string, unknown>> {
  const { object, oldObject, request: attributes } = requestVariables(ground, request);
  return callWebhook(ground, {
    config: recordAt(hook, 'clientConfig'),
    versions: hook['admissionReviewVersions'],
    timeoutSeconds: typeof hook['timeoutSeconds'] === 'number' ? hook['timeoutSeconds'] : 10,
    request: { ...recordAt(attributes), object, oldObject },
  });
}
