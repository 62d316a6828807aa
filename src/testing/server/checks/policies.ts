import { type Draft, isRecord, recordAt, recordsAt, strings } from '../object.ts';
import type { FieldError } from '../status.ts';

const required = (field: string, detail = ''): FieldError => ({ field, type: 'FieldValueRequired', detail });
const unsupported = (field: string, value: unknown, values: readonly string[]): FieldError => ({
  field,
  type: 'FieldValueNotSupported',
  value,
  detail: `supported values: ${values.map((item) => JSON.stringify(item)).join(', ')}`,
});

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const actions = ['Audit', 'Deny', 'Warn'];

function operationErrors(at: string, constraints: unknown): FieldError[] {
  return recordsAt(constraints, 'resourceRules').flatMap((rule, i) =>
    strings(rule['operations']).flatMap((operation, n) =>
      operations.includes(operation)
        ? []
        : [unsupported(`${at}.resourceRules[${i}].operations[${n}]`, operation, operations)],
    ),
  );
}

/** What is wrong with a ValidatingAdmissionPolicy, but for its expressions. */
export function policyErrors(draft: Draft): FieldError[] {
  const spec = recordAt(draft, 'spec');
  const { failurePolicy, matchConstraints } = spec;
  const errors: FieldError[] = [];
  if (failurePolicy !== 'Fail' && failurePolicy !== 'Ignore') {
    errors.push(unsupported('spec.failurePolicy', failurePolicy, ['Fail', 'Ignore']));
  }
  if (!isRecord(matchConstraints)) errors.push(required('spec.matchConstraints'));
  else errors.push(...operationErrors('spec.matchConstraints', matchConstraints));
  if (recordsAt(spec, 'validations').length + recordsAt(spec, 'auditAnnotations').length === 0) {
    const detail = 'validations or auditAnnotations must contain at least one item';
    errors.push(required('spec.validations', detail), required('spec.auditAnnotations', detail));
  }
  if (isRecord(spec['paramKind'])) {
    for (const field of ['apiVersion', 'kind']) {
      if (!spec['paramKind'][field]) errors.push(required(`spec.paramKind.${field}`));
    }
  }
  return errors;
}

/** What is wrong with the `paramRef` of a binding. */
function paramRefErrors(paramRef: unknown): FieldError[] {
  if (!isRecord(paramRef)) return [];
  const { name, selector, parameterNotFoundAction: action } = paramRef;
  const errors: FieldError[] = [];
  if (!name && selector === undefined)
    errors.push(required('spec.paramRef', 'one of name or selector must be specified'));
  if (!action) errors.push(required('spec.paramRef.parameterNotFoundAction'));
  else if (action !== 'Allow' && action !== 'Deny')
    errors.push(unsupported('spec.paramRef.parameterNotFoundAction', action, ['Deny', 'Allow']));
  return errors;
}

/** What is wrong with a ValidatingAdmissionPolicyBinding. */
export function policyBindingErrors(draft: Draft): FieldError[] {
  const spec = recordAt(draft, 'spec');
  const wanted = strings(spec['validationActions']);
  const errors = spec['policyName'] ? [] : [required('spec.policyName')];
  errors.push(...paramRefErrors(spec['paramRef']));
  if (wanted.length === 0)
    errors.push(required('spec.validationActions', 'at least one validation action is required'));
  for (const [i, action] of wanted.entries()) {
    if (!actions.includes(action)) errors.push(unsupported(`spec.validationActions[${i}]`, action, actions));
  }
  if (wanted.includes('Deny') && wanted.includes('Warn')) {
    const detail =
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';
    errors.push({ field: 'spec.validationActions', type: 'FieldValueInvalid', value: wanted, detail });
  }
  return errors;
}
