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
  validations: 'expression',
  matchConditions: 'name',
  variables: 'name',
};
const containerLists = new Set(['containers', 'initContainers', 'ephemeralContainers']);

/** What the server knows about the fields of an object, as far as merging and ownership of fields need it. */
export interface Shape {
  /** The shape of a field. */
  field(name: string): Shape;
  /** The shape of the elements of a list. */
  element(): Shape;
  /** The field that tells elements of a list apart, `true` for sets, nothing for lists that are one value. */
  readonly key: string | true | undefined;
}

class Known implements Shape {
  readonly #node: Node | undefined;

  constructor(node: Node | undefined) {
    this.#node = node;
  }

  get key(): string | true | undefined {
    return this.#node?.is === 'list' ? this.#node.key : undefined;
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

  get key(): string | undefined {
    const [last = '', parent = ''] = this.#path.toReversed();
    if (!this.#merges) return undefined;
    return last === 'ports' && containerLists.has(parent) ? 'containerPort' : mergedByName[last];
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

/** What every object of a kind has in it, whatever was given. */
export function nothingOf({ storage, custom }: ServedType): Record<string, unknown> {
  const node = structs[storage];
  if (node !== undefined) return readStruct(node, {}, '', { wording: 'json', unknown() {} });
  return custom ? {} : { spec: {}, status: {} };
}
