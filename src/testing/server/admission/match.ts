import type { AdmissionRequest, Ground } from '../call.ts';
import { type ApiObject, type Draft, recordsAt, strings, text } from '../object.ts';
import { structuredSelector } from '../selectors.ts';

/** What policies, bindings and webhooks share: which requests they are about. */
export interface Constraints {
  readonly rules: readonly Record<string, unknown>[];
  readonly excluded: readonly Record<string, unknown>[];
  readonly namespaceSelector: unknown;
  readonly objectSelector: unknown;
  readonly matchPolicy: unknown;
}

/** Constraints of a policy or of a binding. A binding without any matches everything its policy matches. */
export function policyConstraints(from: Record<string, unknown>): Constraints {
  return {
    rules: recordsAt(from, 'resourceRules'),
    excluded: recordsAt(from, 'excludeResourceRules'),
    namespaceSelector: from['namespaceSelector'],
    objectSelector: from['objectSelector'],
    matchPolicy: from['matchPolicy'],
  };
}

/** Constraints of a webhook. */
export function webhookConstraints(from: Record<string, unknown>): Constraints {
  return { ...policyConstraints(from), rules: recordsAt(from, 'rules') };
}

/** Whether `request` is one of those that `constraints` are about. No rules at all: `unruled` decides. */
export function constrains(
  ground: Ground,
  constraints: Constraints,
  request: AdmissionRequest,
  unruled: boolean,
): boolean {
  if (!selectsNamespace(ground, constraints.namespaceSelector, request)) return false;
  if (!selectsObject(constraints.objectSelector, request)) return false;
  const equivalent = constraints.matchPolicy !== 'Exact';
  if (constraints.excluded.some((rule) => ruleFits(ground, rule, request, equivalent))) return false;
  if (constraints.rules.length === 0) return unruled;
  return constraints.rules.some((rule) => ruleFits(ground, rule, request, equivalent));
}

const listed = (list: unknown, wanted: string): boolean =>
  strings(list).some((item) => item === '*' || item === wanted);

function ruleFits(
  ground: Ground,
  rule: Record<string, unknown>,
  request: AdmissionRequest,
  equivalent: boolean,
): boolean {
  const { type, subresource, namespace } = request.call;
  const names = strings(rule['resourceNames']);
  const scope = text(rule['scope']) ?? '*';
  // A namespace itself counts as cluster-scoped, as every other object without a namespace.
  const scopeFits = scope === '*' || (scope === 'Cluster') === (namespace === undefined);
  const versions = equivalent
    ? ground.registry
        .all()
        .filter(({ storage }) => storage === type.storage)
        .map(({ version }) => version)
    : [type.version];
  return (
    scopeFits &&
    listed(rule['operations'], request.operation) &&
    listed(rule['apiGroups'], type.group) &&
    versions.some((version) => listed(rule['apiVersions'], version)) &&
    strings(rule['resources']).some((pattern) => resourceFits(pattern, type.plural, subresource)) &&
    (names.length === 0 || names.includes(request.name))
  );
}

function resourceFits(pattern: string, plural: string, subresource: string | undefined): boolean {
  const [resource = '', sub] = pattern.split('/');
  if (resource !== '*' && resource !== plural) return false;
  return sub === undefined ? subresource === undefined : sub === '*' || sub === subresource;
}

const labelsOf = (object: ApiObject | Draft): Readonly<Record<string, string>> => object.metadata.labels ?? {};

/** Applies to a namespace itself by its own labels; never excludes any other cluster-scoped object. */
function selectsNamespace(ground: Ground, selector: unknown, { call, object, oldObject }: AdmissionRequest): boolean {
  const selected = structuredSelector(selector);
  const namespaces = ground.store.table('namespaces');
  if (call.type.storage === 'namespaces') {
    const self = object ?? oldObject ?? namespaces.get(call.name);
    return selected(self === undefined ? {} : labelsOf(self));
  }
  if (call.namespace === undefined) return true;
  const namespace = namespaces.get(call.namespace);
  return selected(namespace === undefined ? {} : labelsOf(namespace));
}

function selectsObject(selector: unknown, { object, oldObject }: AdmissionRequest): boolean {
  const selected = structuredSelector(selector);
  return [object, oldObject].some((known) => known !== undefined && selected(labelsOf(known)));
}
