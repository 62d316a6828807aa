import type { ServedType } from './catalogue.ts';
import { type ApiObject, isRecord } from './object.ts';
import { badRequest } from './status.ts';

/** Whether an object is selected. */
export type Selector = (object: ApiObject) => boolean;

type Labels = Readonly<Record<string, string>>;
type LabelTest = (labels: Labels) => boolean;

const requirement =
  /^\s*(?:(?<absent>!)\s*(?<absentKey>[^\s!=<>(),]+)|(?<key>[^\s!=<>(),]+)(?:\s*(?<op>==|=|!=|<|>)\s*(?<value>[^\s!=<>(),]*)|\s+(?<set>in|notin)\s*\((?<values>[^()]*)\))?)\s*(?:,|$)/;

/** Parses the text form of a label selector, set-based requirements included. */
export function parseLabelSelector(source: string): LabelTest {
  const tests: LabelTest[] = [];
  let rest = source;
  while (rest.trim() !== '') {
    const match = requirement.exec(rest);
    if (match?.groups === undefined) throw badRequest(`unable to parse requirement: ${unexpected(rest)}`);
    tests.push(labelTest(match.groups));
    rest = rest.slice(match[0].length);
  }
  return (labels) => tests.every((test) => test(labels));
}

function unexpected(source: string): string {
  const [, operator] = /^\s*[^\s!=<>(),]+\s*(\S+)/.exec(source) ?? [];
  if (operator !== undefined && !/^(?:in|notin|==?|!=|[<>])$/.test(operator)) {
    return `found '${operator}', expected: in, notin, =, ==, !=, gt, lt`;
  }
  return `found '${source.trim()}'`;
}

function labelTest(part: Readonly<Record<string, string | undefined>>): LabelTest {
  const { absent, absentKey = '', key = '', op, value = '', set, values = '' } = part;
  if (absent !== undefined) return (labels) => labels[absentKey] === undefined;
  if (set !== undefined) {
    const wanted = new Set(values.split(',').map((item) => item.trim()));
    return set === 'in'
      ? (labels) => labels[key] !== undefined && wanted.has(labels[key])
      : (labels) => labels[key] === undefined || !wanted.has(labels[key]);
  }
  switch (op) {
    case undefined:
      return (labels) => labels[key] !== undefined;
    case '!=':
      return (labels) => labels[key] !== value;
    case '<':
      return (labels) => labels[key] !== undefined && Number(labels[key]) < Number(value);
    case '>':
      return (labels) => labels[key] !== undefined && Number(labels[key]) > Number(value);
    default:
      return (labels) => labels[key] === value;
  }
}

/** The structured form of a label selector, as bodies carry it: `matchLabels` and `matchExpressions`. */
export function structuredSelector(selector: unknown): LabelTest {
  if (!isRecord(selector)) return () => true;
  const tests: LabelTest[] = [];
  if (isRecord(selector['matchLabels'])) {
    for (const [key, value] of Object.entries(selector['matchLabels'])) tests.push((labels) => labels[key] === value);
  }
  const expressions = Array.isArray(selector['matchExpressions']) ? selector['matchExpressions'].filter(isRecord) : [];
  for (const { key, operator, values } of expressions) {
    const name = String(key);
    const wanted: readonly unknown[] = Array.isArray(values) ? values : [];
    if (operator === 'Exists') tests.push((labels) => labels[name] !== undefined);
    else if (operator === 'DoesNotExist') tests.push((labels) => labels[name] === undefined);
    else if (operator === 'In') tests.push((labels) => wanted.includes(labels[name]) && labels[name] !== undefined);
    else tests.push((labels) => !wanted.includes(labels[name]));
  }
  return (labels) => tests.every((test) => test(labels));
}

const common = ['metadata.name', 'metadata.namespace'];
const supported: Readonly<Record<string, readonly string[]>> = {
  namespaces: ['status.phase'],
  secrets: ['type'],
  pods: ['status.phase', 'spec.nodeName', 'spec.serviceAccountName', 'spec.restartPolicy'],
  events: [
    'involvedObject.kind',
    'involvedObject.name',
    'involvedObject.namespace',
    'involvedObject.uid',
    'reason',
    'type',
  ],
  nodes: ['spec.unschedulable'],
  'replicasets.apps': ['status.replicas'],
  'jobs.batch': ['status.successful'],
};

function fieldOf(object: ApiObject, path: string): string {
  let value: unknown = object;
  for (const field of path.split('.')) value = isRecord(value) ? value[field] : undefined;
  return value === undefined || value === null ? '' : String(value);
}

/** Parses a field selector; knows the fields that the real server knows for that resource. */
function parseFieldSelector(source: string, type: ServedType): Selector {
  const known = [...common, ...(supported[type.storage] ?? [])];
  const tests = source
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part): Selector => {
      const match = /^\s*([^=!\s]+)\s*(==|=|!=)\s*(.*?)\s*$/.exec(part);
      const [, path = '', op, value] = match ?? [];
      if (match === null) throw badRequest(`invalid selector: '${source}'; can't understand '${part}'`);
      if (!known.includes(path)) {
        throw badRequest(
          type.custom || supported[type.storage] !== undefined
            ? `field label not supported: ${path}`
            : `"${path}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
        );
      }
      return op === '!=' ? (object) => fieldOf(object, path) !== value : (object) => fieldOf(object, path) === value;
    });
  return (object) => tests.every((test) => test(object));
}

/** The selector of a list, watch or deletecollection. */
export function selectorOf(query: URLSearchParams, type: ServedType, namespace: string | undefined): Selector {
  const tests: Selector[] = [];
  if (namespace !== undefined) tests.push((object) => object.metadata.namespace === namespace);
  const labels = query.get('labelSelector');
  if (labels) {
    const test = parseLabelSelector(labels);
    tests.push((object) => test(object.metadata.labels ?? {}));
  }
  const fields = query.get('fieldSelector');
  if (fields) tests.push(parseFieldSelector(fields, type));
  return tests.length === 0 ? () => true : (object) => tests.every((test) => test(object));
}
