import type { ServedType } from './catalogue.ts';
import { type LabelTest, parseLabelSelector } from './label-selector.ts';
import { type ApiObject, isRecord } from './object.ts';
import { badRequest } from './status.ts';

/** Whether an object is selected. */
export type Selector = (object: ApiObject) => boolean;

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
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  events: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  nodes: ['spec.unschedulable'],
  services: ['spec.clusterIP', 'spec.type'],
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
    .split(/(?<!\\),/)
    .filter((part) => part !== '')
    .map((part): Selector => {
      const match = /^([^=!]*)(==|=|!=)(.*)$/.exec(part);
      if (match === null) throw badRequest(`invalid selector: '${source}'; can't understand '${part}'`);
      const [, path = '', op, escaped = ''] = match;
      if (!known.includes(path)) {
        throw badRequest(
          type.custom || supported[type.storage] !== undefined
            ? `field label not supported: ${path}`
            : `"${path}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
        );
      }
      const value = escaped.replaceAll(/\\([\\,=])/g, '$1');
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
