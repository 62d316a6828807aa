import type { ServedType } from '../catalogue.ts';
import { objectMeta, structs } from './kinds.ts';
import type { Node } from './node.ts';
import { readStruct } from './read.ts';

/** The lists of workloads, services and claims that merge, by the name of their field. */
const mergedByName: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  ephemeralContainers: 'name',
  volumes: 'name',
  env: 'name',
  imagePullSecrets: 'name',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
  hostAliases: 'ip',
  topologySpreadConstraints: 'topologyKey',
  ports: 'port',
  conditions: 'type',
  webhooks: 'name',
  matchConditions: 'name',
  variables: 'name',
};
/** Their lists that are sets. */
const sets = new Set(['validationActions']);
/** Their structures and maps that have one owner; of lists named here, each element has one. */
const wholes = new Set([
  'selector',
  'labelSelector',
  'namespaceSelector',
  'objectSelector',
  'nodeSelector',
  'scopeSelector',
  'matchConstraints',
  'matchResources',
  'imagePullSecrets',
  'secretRef',
  'secretKeyRef',
  'configMapKeyRef',
  'fieldRef',
  'resourceFieldRef',
  'dataSource',
  'variables',
]);
const containerLists = new Set(['containers', 'initContainers', 'ephemeralContainers']);

/** What the server knows about the fields of an object, as far as merging and ownership of fields need it. */
export interface Shape {
  /** The shape of a field. */
  field(name: string): Shape;
  /** The shape of the elements of a list. */
  element(): Shape;
  /** The field that tells elements of a list apart, `true` for sets, nothing for lists that are one value. */
  readonly key: string | true | undefined;
  /** Whether it has one owner, whatever is in it. */
  readonly whole: boolean;
}

class Known implements Shape {
  readonly #node: Node | undefined;

  constructor(node: Node | undefined) {
    this.#node = node;
  }

  get key(): string | true | undefined {
    return this.#node?.is === 'list' ? this.#node.key : undefined;
  }

  get whole(): boolean {
    return this.#node?.is === 'struct' && this.#node.whole;
  }

  field(name: string): Shape {
    const node = this.#node;
    return new Known(node?.is === 'struct' ? node.fields[name]?.node : node?.is === 'map' ? node.of : undefined);
  }

  element(): Shape {
    return new Known(this.#node?.is === 'list' ? this.#node.of : undefined);
  }
}

/** Kinds that are kept as they were sent: their metadata is known, and the lists that merge. */
class Plain implements Shape {
  readonly #path: readonly string[];
  readonly #merges: boolean;

  constructor(path: readonly string[], merges: boolean) {
    this.#path = path;
    this.#merges = merges;
  }

  get key(): string | true | undefined {
    const [last = '', parent = ''] = this.#path.toReversed();
    if (!this.#merges) return undefined;
    if (sets.has(last)) return true;
    return last === 'ports' && containerLists.has(parent) ? 'containerPort' : mergedByName[last];
  }

  get whole(): boolean {
    return this.#merges && wholes.has(this.#path.at(-1) ?? '');
  }

  field(name: string): Shape {
    if (this.#path.length === 0 && name === 'metadata') return new Known(objectMeta);
    return new Plain([...this.#path, name], this.#merges);
  }

  element(): Shape {
    return this;
  }
}

/** The shape of the objects of a kind. Lists of custom resources are single values, but for those of their metadata. */
export function shapeOf({ storage, custom }: ServedType): Shape {
  const node = structs[storage];
  return node === undefined ? new Plain([], !custom) : new Known(node);
}

/** What is there in a kind without known fields when nothing is given. */
const emptyParts: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  persistentvolumeclaims: { spec: { resources: {} } },
  services: { status: { loadBalancer: {} } },
  'customresourcedefinitions.apiextensions.k8s.io': {
    spec: { group: '', names: { plural: '', kind: '' }, scope: '', versions: null },
    status: { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: null },
  },
};

/** What every object of a kind has in it, whatever was given. */
export function nothingOf({ storage, custom }: ServedType): Record<string, unknown> {
  const node = structs[storage];
  if (node !== undefined) return readStruct(node, {}, '', { wording: 'json', unknown() {} });
  return custom ? {} : { spec: {}, status: {}, ...emptyParts[storage] };
}
