import type { ServedType } from '../catalogue.ts';
import { type Draft, isRecord, recordAt, recordsAt } from '../object.ts';

const group = 'admissionregistration.k8s.io';
const selection = { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} };
const withScope = (rules: readonly Record<string, unknown>[]): object[] =>
  rules.map((rule) => ({ scope: '*', ...rule }));

/** Fills in what the real server fills in, so that what was written can be compared with what is there. */
export function withDefaults(type: ServedType, draft: Draft): void {
  if (type.group !== group) return;
  if (Array.isArray(draft['webhooks'])) draft['webhooks'] = recordsAt(draft, 'webhooks').map(webhookDefaults);
  if (type.kind === 'ValidatingAdmissionPolicy') {
    const spec = recordAt(draft, 'spec');
    const { matchConstraints } = spec;
    const filled = isRecord(matchConstraints) ? { matchConstraints: constraintDefaults(matchConstraints) } : {};
    draft['spec'] = { failurePolicy: 'Fail', ...spec, ...filled };
  }
  if (type.kind === 'ValidatingAdmissionPolicyBinding' && isRecord(recordAt(draft, 'spec')['matchResources'])) {
    const spec = recordAt(draft, 'spec');
    draft['spec'] = { ...spec, matchResources: constraintDefaults(spec['matchResources']) };
  }
}

function constraintDefaults(constraints: unknown): object {
  const filled: Record<string, unknown> = { ...selection, ...recordAt(constraints) };
  for (const field of ['resourceRules', 'excludeResourceRules']) {
    if (Array.isArray(filled[field])) filled[field] = withScope(recordsAt(filled, field));
  }
  return filled;
}

function webhookDefaults(webhook: Record<string, unknown>): object {
  const client = recordAt(webhook, 'clientConfig');
  const service = isRecord(client['service']) ? { service: { port: 443, ...client['service'] } } : {};
  return {
    failurePolicy: 'Fail',
    timeoutSeconds: 10,
    ...selection,
    ...webhook,
    clientConfig: { ...client, ...service },
    rules: withScope(recordsAt(webhook, 'rules')),
  };
}
