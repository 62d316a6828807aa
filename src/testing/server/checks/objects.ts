import { policyProblems } from '../admission/policies.ts';
import type { ServedType } from '../catalogue.ts';
import { type ApiObject, type Draft, recordAt, strings } from '../object.ts';
import type { FieldError } from '../status.ts';
import { specFinalizerErrors } from '../validation.ts';
import { configMapErrors, secretErrors } from './configuration.ts';
import { definitionErrors } from './definitions.ts';
import { policyBindingErrors, policyErrors } from './policies.ts';
import { bindingErrors, ruleErrors } from './rights.ts';

const invalid = (field: string, value: unknown, detail: string): FieldError => ({
  field,
  type: 'FieldValueInvalid',
  value,
  detail,
});

function leaseErrors(draft: Draft): FieldError[] {
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = recordAt(draft, 'spec');
  return [
    ...(typeof duration === 'number' && duration <= 0
      ? [invalid('spec.leaseDurationSeconds', duration, 'must be greater than 0')]
      : []),
    ...(typeof transitions === 'number' && transitions < 0
      ? [invalid('spec.leaseTransitions', transitions, 'must be greater than or equal to 0')]
      : []),
  ];
}

/** An event lies in the namespace of what it is about; `default` takes those about what has none. */
function eventErrors(draft: Draft): FieldError[] {
  const about = recordAt(draft, 'involvedObject')['namespace'] ?? '';
  const { namespace = '' } = draft.metadata;
  if (about === namespace || (about === '' && namespace === 'default')) return [];
  return [invalid('involvedObject.namespace', about, 'does not match event.namespace')];
}

function expressionErrors(draft: Draft): FieldError[] {
  return policyProblems(recordAt(draft, 'spec')).map(({ field, value, problem }) => invalid(field, value, problem));
}

const checks: Readonly<Record<string, (draft: Draft) => FieldError[]>> = {
  configmaps: configMapErrors,
  secrets: secretErrors,
  events: eventErrors,
  namespaces: (draft) => specFinalizerErrors(strings(recordAt(draft, 'spec')['finalizers'])),
  'leases.coordination.k8s.io': leaseErrors,
  'roles.rbac.authorization.k8s.io': (draft) => ruleErrors(draft, true),
  'clusterroles.rbac.authorization.k8s.io': (draft) => ruleErrors(draft, false),
  'rolebindings.rbac.authorization.k8s.io': (draft) => bindingErrors(draft, true),
  'clusterrolebindings.rbac.authorization.k8s.io': (draft) => bindingErrors(draft, false),
  'customresourcedefinitions.apiextensions.k8s.io': definitionErrors,
  'validatingadmissionpolicies.admissionregistration.k8s.io': (draft) => [
    ...policyErrors(draft),
    ...expressionErrors(draft),
  ],
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': policyBindingErrors,
};

/** What is wrong with an object of a built-in kind, new or changed. */
export function contentErrors({ storage }: ServedType, draft: Draft, current?: ApiObject): FieldError[] {
  const errors = checks[storage]?.(draft) ?? [];
  // The name of what is there already was looked at when it was new.
  return current === undefined ? errors : errors.filter(({ field }) => field !== 'metadata.name');
}
