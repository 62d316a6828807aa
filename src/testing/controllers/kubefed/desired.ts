import { applyPatch, type Operation } from 'rfc6902';
import type { KubeObject } from '../../../kube/objects.ts';
import { managedLabel } from '../../../kubesphere/names.ts';
import type { FederatedObject } from '../../../kubesphere/resources.ts';
import { copy, isRecord, recordAt, recordsAt, strings, text } from '../../server/object.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The object that a federated object wants on one cluster, without `apiVersion`, `kind` and name. */
export interface Desired {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly finalizers: readonly string[];
  /** Everything but metadata. */
  readonly fields: Fields;
}

/** What of a copy that is there outlives an update. */
interface Retained {
  readonly annotations: Readonly<Record<string, string>>;
  readonly finalizers: readonly string[];
  /** Changes the fields of the template to what the cluster itself decided. */
  readonly keep: (fields: Fields) => Fields;
}

const nothing: Retained = { annotations: {}, finalizers: [], keep: (fields) => fields };
/** Never overridden: they tie a copy to its federated object. */
const tied = new Set(['/metadata/namespace', '/metadata/name', '/metadata/generateName', '/kind']);

/**
 * The template, without the annotations and finalizers that kubefed does not take from it, then the cluster's overrides,
 * then kubefed's mark. `undefined` where the overrides cannot be applied.
 */
export function desiredOf(object: FederatedObject, cluster: string, present = nothing): Desired | undefined {
  const { metadata, ...fields } = recordAt(object, 'spec', 'template');
  const labels = recordAt({ metadata }, 'metadata', 'labels');
  const { annotations, finalizers, keep } = present;
  const draft = copy({ ...keep(fields), metadata: { labels, annotations, finalizers } });
  const overrides = overridesOf(object, cluster);
  if (overrides === undefined) return undefined;
  try {
    if (applyPatch(draft, copy(overrides)).some((problem) => problem !== null)) return undefined;
  } catch {
    return undefined;
  }
  const { metadata: changed, ...rest } = draft;
  return {
    labels: { ...texts(recordAt(changed, 'labels')), [managedLabel]: 'true' },
    annotations: texts(recordAt(changed, 'annotations')),
    finalizers: strings(recordAt(changed)['finalizers']),
    fields: rest,
  };
}

/** A cluster's entry of `spec.overrides` as a JSON patch; `undefined` where kubefed refuses what is written there. */
function overridesOf({ spec }: FederatedObject, cluster: string): Operation[] | undefined {
  const entries = recordsAt(spec, 'overrides');
  const names = entries.map(({ clusterName }) => clusterName);
  const all = entries.map((entry) => recordsAt(entry, 'clusterOverrides').map(({ path }) => text(path) ?? ''));
  if (new Set(names).size < names.length) return undefined;
  if (all.some((paths) => paths.some((path) => tied.has(path)) || new Set(paths).size < paths.length)) return undefined;
  const own = entries.find(({ clusterName }) => clusterName === cluster);
  return recordsAt(own, 'clusterOverrides').map(({ op, path, value }): Operation => {
    const at = text(path) ?? '';
    if (op === 'remove') return { op, path: at };
    return { op: op === 'add' ? 'add' : 'replace', path: at, value };
  });
}

function texts(record: Fields): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, String(value)]));
}

/** pkg/controller/sync/dispatch/retain.go: annotations, finalizers, and what the cluster of the copy allocated. */
export function retained(kind: string, present: KubeObject, object: FederatedObject): Retained {
  const { annotations = {}, finalizers = [] } = present.metadata;
  const kept = { annotations, finalizers };
  if (kind === 'Service') return { ...kept, keep: (fields) => retainedService(fields, recordAt(present, 'spec')) };
  if (kind === 'ServiceAccount') return { ...kept, keep: (fields) => retainedAccount(fields, recordAt(present)) };
  const replicas = recordAt(present, 'spec')['replicas'];
  if (recordAt(object, 'spec')['retainReplicas'] !== true || typeof replicas !== 'number')
    return { ...kept, keep: (fields) => fields };
  return { ...kept, keep: (fields) => ({ ...fields, spec: { ...recordAt(fields, 'spec'), replicas } }) };
}

function retainedService(fields: Fields, present: Fields): Fields {
  const allocated = ['healthCheckNodePort', 'clusterIP', 'clusterIPs'].flatMap((name) =>
    present[name] ? [[name, present[name]] as const] : [],
  );
  const ports = recordsAt(fields, 'spec', 'ports').map((port) => {
    const same = recordsAt(present, 'ports').find((other) =>
      ['name', 'protocol', 'port'].every((key) => other[key] === port[key]),
    );
    return same?.['nodePort'] === undefined ? port : { ...port, nodePort: same['nodePort'] };
  });
  return { ...fields, spec: { ...recordAt(fields, 'spec'), ...Object.fromEntries(allocated), ports } };
}

function retainedAccount(fields: Fields, present: Fields): Fields {
  const wanted = fields['secrets'];
  if (Array.isArray(wanted) && wanted.length > 0) return fields;
  return isRecord(present) && present['secrets'] !== undefined ? { ...fields, secrets: present['secrets'] } : fields;
}
