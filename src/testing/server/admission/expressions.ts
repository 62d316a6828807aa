import { Environment, ParseError } from '@marcbachmann/cel-js';
import type { AdmissionRequest, Ground } from '../call.ts';

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  enableOptionalTypes: true,
});

/** A CEL expression, ready to be evaluated. */
export type Expression = (variables: Record<string, unknown>) => unknown;

/** Parses `source`. @throws Error where it is no CEL */
export function compile(source: string): Expression {
  const parsed = environment.parse(source);
  return (variables) => parsed(variables);
}

/** Knows by name what expressions may read: their content is known only when they are evaluated. */
const typed = new Environment({ homogeneousAggregateLiterals: false, enableOptionalTypes: true });
for (const name of ['object', 'oldObject', 'request', 'params', 'namespaceObject', 'variables', 'authorizer']) {
  typed.registerVariable(name, 'dyn');
}

/** What is wrong with the text of an expression that has to come to a `wanted`; `undefined` where nothing is known to be. */
export function expressionProblem(source: string, wanted?: 'bool' | 'string'): string | undefined {
  const { valid, type, error } = typed.check(source);
  if (valid) {
    return wanted === undefined || type === wanted || type === 'dyn'
      ? undefined
      : `must evaluate to ${wanted} but got ${type}`;
  }
  const line = firstLine(error);
  const [, unknown] = /^Unknown variable: (.*)$/.exec(line) ?? [];
  if (unknown !== undefined) {
    return compilation(source, error?.range?.start ?? 0, `undeclared reference to '${unknown}' (in container '')`);
  }
  // Whether functions exist, and for what, the real server's libraries decide: those are not all here.
  return error instanceof ParseError
    ? compilation(source, error.range?.start ?? 0, `Syntax error: ${line}`)
    : undefined;
}

/** A failure with a drawing of its place, as the real server makes it. */
function compilation(source: string, at: number, why: string): string {
  const before = source.slice(0, at).split('\n');
  const column = before.at(-1)?.length ?? 0;
  const line = source.split('\n')[before.length - 1] ?? '';
  const place = `<input>:${before.length}:${column + 1}`;
  return `compilation failed: ERROR: ${place}: ${why}\n | ${line}\n | ${'.'.repeat(column)}^`;
}

/** The first line of a failure: the rest is the library's drawing of the place. */
export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}

/** What expressions of policies and webhooks see of a request. */
export function requestVariables(ground: Ground, request: AdmissionRequest): Record<string, unknown> {
  const { call, operation, object, oldObject, name, options } = request;
  const { type, user, namespace, subresource } = call;
  const kind = { group: type.group, version: type.version, kind: type.kind };
  const resource = { group: type.group, version: type.version, resource: type.plural };
  const attributes: Record<string, unknown> = {
    kind,
    resource,
    subResource: subresource ?? '',
    requestKind: kind,
    requestResource: resource,
    requestSubResource: subresource ?? '',
    // What is empty is not there: an expression that reads it fails.
    ...(name === '' ? {} : { name }),
    operation,
    userInfo: { username: user.name, uid: user.uid ?? '', groups: user.groups, extra: {} },
    dryRun: call.dryRun,
    options: options ?? {},
    namespace: namespace ?? (type.storage === 'namespaces' ? name : ''),
  };
  return {
    object: object ?? null,
    oldObject: oldObject ?? null,
    request: attributes,
    namespaceObject: namespace === undefined ? null : (ground.store.table('namespaces').get(namespace) ?? null),
    params: null,
  };
}

/** Adds `variables.x`, each evaluated when, and only when, it is read; later ones see earlier ones. */
export function withVariables(
  base: Record<string, unknown>,
  definitions: readonly { readonly name: string; readonly expression: Expression }[],
): Record<string, unknown> {
  const variables: Record<string, unknown> = {};
  const all = { ...base, variables };
  for (const { name, expression } of definitions) {
    let known: { readonly value: unknown } | undefined;
    Object.defineProperty(variables, name, {
      enumerable: true,
      get() {
        known ??= { value: expression(all) };
        return known.value;
      },
    });
  }
  return all;
}
