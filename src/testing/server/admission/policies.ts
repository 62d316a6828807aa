import type { AdmissionRequest, Ground } from '../call.ts';
import { type ApiObject, recordAt, recordsAt, strings, text } from '../object.ts';
import { forbidden, type Status, StatusError } from '../status.ts';
import {
  compile,
  type Expression,
  expressionProblem,
  firstLine,
  requestVariables,
  withVariables,
} from './expressions.ts';
import { type Constraints, constrains, policyConstraints } from './match.ts';
import { paramsFor } from './params.ts';

interface Named {
  readonly name: string;
  readonly source: string;
  readonly expression: Expression;
}

interface Validation extends Named {
  readonly message: string | undefined;
  readonly messageExpression: Expression | undefined;
  readonly reason: string | undefined;
}

interface Policy {
  readonly name: string;
  readonly constraints: Constraints;
  readonly failsClosed: boolean;
  readonly paramKind: unknown;
  readonly conditions: readonly Named[];
  readonly variables: readonly Named[];
  readonly validations: readonly Validation[];
}

/** A policy with one of its bindings, compiled: what is asked on every request. */
export interface ActivePolicy {
  readonly policy: Policy;
  /** Whether it refuses; otherwise it warns. */
  readonly denies: boolean;
  readonly binding: string;
  readonly paramRef: unknown;
  readonly constraints: Constraints;
}

const group = 'admissionregistration.k8s.io';
/** Tables of policies and bindings. */
export const policyTables = [
  `validatingadmissionpolicies.${group}`,
  `validatingadmissionpolicybindings.${group}`,
] as const;

/** Every policy with a binding that denies or warns. */
export function activePolicies({ store }: Ground): readonly ActivePolicy[] {
  const policies = new Map(
    store
      .table(policyTables[0])
      .all()
      .map((object) => [object.metadata.name, compilePolicy(object)]),
  );
  return store
    .table(policyTables[1])
    .all()
    .flatMap((binding) => {
      const spec = recordAt(binding, 'spec');
      const policy = policies.get(text(spec['policyName']) ?? '');
      const actions = strings(spec['validationActions']);
      const denies = actions.includes('Deny');
      if (policy === undefined || (!denies && !actions.includes('Warn'))) return [];
      return [
        {
          policy,
          denies,
          binding: binding.metadata.name,
          paramRef: spec['paramRef'],
          constraints: policyConstraints(recordAt(spec, 'matchResources')),
        },
      ];
    });
}

function compilePolicy(object: ApiObject): Policy {
  const spec = recordAt(object, 'spec');
  const named = (field: string): Named[] =>
    recordsAt(spec, field).map((entry) => {
      const source = text(entry['expression']) ?? '';
      return { name: text(entry['name']) ?? '', source, expression: compile(source) };
    });
  const validations = recordsAt(spec, 'validations').map((entry): Validation => {
    const source = text(entry['expression']) ?? '';
    const worded = text(entry['messageExpression']);
    return {
      name: '',
      source,
      expression: compile(source),
      message: text(entry['message']),
      messageExpression: worded === undefined ? undefined : compile(worded),
      reason: text(entry['reason']),
    };
  });
  return {
    name: object.metadata.name,
    constraints: policyConstraints(recordAt(spec, 'matchConstraints')),
    failsClosed: spec['failurePolicy'] !== 'Ignore',
    paramKind: spec['paramKind'],
    conditions: named('matchConditions'),
    variables: named('variables'),
    validations,
  };
}

/** Asks one policy, once with each of its parameters. @throws StatusError when it denies */
export function askPolicy(ground: Ground, active: ActivePolicy, request: AdmissionRequest): void {
  const { policy } = active;
  if (!constrains(ground, policy.constraints, request, false)) return;
  if (!constrains(ground, active.constraints, request, true)) return;
  let params: ReturnType<typeof paramsFor>;
  try {
    params = paramsFor(ground, policy.paramKind, active.paramRef, request);
  } catch (error) {
    if (!policy.failsClosed) return;
    throw denied(active, request, firstLine(error), undefined);
  }
  for (const one of params) askWith(active, request, { ...requestVariables(ground, request), params: one });
}

function askWith(active: ActivePolicy, request: AdmissionRequest, base: Record<string, unknown>): void {
  const { policy } = active;
  const variables = withVariables(base, policy.variables);
  if (!conditionsHold(active, request, variables)) return;
  for (const validation of policy.validations) {
    let holds: unknown;
    try {
      holds = validation.expression(variables);
    } catch (error) {
      if (policy.failsClosed) object(active, request, evaluationFailure(validation, error), undefined);
      continue;
    }
    if (holds !== true) object(active, request, refusal(validation, variables), validation.reason);
  }
}

function object(active: ActivePolicy, request: AdmissionRequest, why: string, reason: string | undefined): void {
  if (active.denies) throw denied(active, request, why, reason);
  const { policy, binding } = active;
  request.call.warn(
    `Validation failed for ValidatingAdmissionPolicy '${policy.name}' with binding '${binding}': ${why}`,
  );
}

/** A condition that is false outweighs one that cannot be evaluated. */
function conditionsHold(active: ActivePolicy, request: AdmissionRequest, variables: Record<string, unknown>): boolean {
  let failure: string | undefined;
  for (const condition of active.policy.conditions) {
    try {
      if (condition.expression(variables) !== true) return false;
    } catch (error) {
      failure ??= evaluationFailure(condition, error);
    }
  }
  if (failure === undefined) return true;
  if (active.policy.failsClosed) throw denied(active, request, failure, undefined);
  return false;
}

function evaluationFailure({ source }: Named, error: unknown): string {
  return `expression '${source}' resulted in error: ${firstLine(error).replace(/^No such key/, 'no such key')}`;
}

function refusal({ messageExpression, message, source }: Validation, variables: Record<string, unknown>): string {
  try {
    const worded = messageExpression?.(variables);
    if (typeof worded === 'string' && worded.trim() !== '') return worded;
  } catch {
    // The real server falls back to the message too.
  }
  return message ?? `failed expression: ${source.trim()}`;
}

const codes: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  RequestEntityTooLarge: 413,
  Invalid: 422,
};

/** The name a refusal tells; a create has none yet where it is to be generated, the objects of a collection never. */
function nameIn({ name, object: subject }: AdmissionRequest): string {
  const metadata = subject?.metadata;
  return name || metadata?.generateName || metadata?.name || 'Unknown';
}

function denied(
  { policy, binding }: ActivePolicy,
  request: AdmissionRequest,
  why: string,
  reason = 'Invalid',
): StatusError {
  const message = `ValidatingAdmissionPolicy '${policy.name}' with binding '${binding}' denied request: ${why}`;
  const { status } = forbidden(request.call.type, nameIn(request), message);
  const details: Status['details'] = { ...status.details, causes: [{ message }] };
  return new StatusError(codes[reason] ?? 422, reason, status.message ?? message, details);
}

/** Where a policy has expressions, and what they have to come to. */
const expressionFields = [
  { list: 'validations', field: 'expression', type: 'bool' },
  { list: 'validations', field: 'messageExpression', type: 'string' },
  { list: 'variables', field: 'expression', type: undefined },
  { list: 'matchConditions', field: 'expression', type: 'bool' },
] as const;

/** Expressions of a policy that are no CEL, by field; the server refuses such a policy. */
export function policyProblems(
  spec: Record<string, unknown>,
): readonly { field: string; value: string; problem: string }[] {
  return expressionFields.flatMap(({ list, field, type }) =>
    recordsAt(spec, list).flatMap((entry, i) => {
      const value = text(entry[field]);
      if (value === undefined) return [];
      const problem = expressionProblem(value, type);
      return problem === undefined ? [] : [{ field: `spec.${list}[${i}].${field}`, value, problem }];
    }),
  );
}
