import { builtinTypes, type ServedType, typesOf } from './catalogue.ts';
import { isEstablished } from './definitions.ts';
import { type ApiObject, recordAt, recordsAt, strings, text } from './object.ts';

const customVerbs = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];

/** Every resource served now: the built-in ones and those of CustomResourceDefinitions. */
export class Registry {
  readonly #types = new Map<string, ServedType>();
  /** Where the types of each definition are, by its name. */
  readonly #custom = new Map<string, readonly string[]>();
  /** What follows from `#types`; made when it is first asked for. */
  #ordered: readonly ServedType[] | undefined;
  #storages: readonly ServedType[] | undefined;
  #kinds: ReadonlyMap<string, ServedType> | undefined;

  /** Of a server of that version of Kubernetes. */
  constructor(gitVersion: string) {
    for (const type of typesOf(gitVersion)) this.#add(type);
  }

  find(group: string, version: string, plural: string): ServedType | undefined {
    return this.#types.get(`${group}/${version}/${plural}`);
  }

  /** A resource of {@link builtinTypes} that every version serves. */
  builtin(group: string, plural: string): ServedType {
    const type = this.find(group, 'v1', plural);
    if (type === undefined) throw new Error(`${plural} is not in the catalogue.`);
    return type;
  }

  /** Whether a group's version is served by Kubernetes itself. */
  isBuiltin(group: string, version: string): boolean {
    return builtinTypes.some((type) => type.group === group && type.version === version);
  }

  /** Every served version of every resource. */
  all(): readonly ServedType[] {
    this.#ordered ??= [...this.#types.values()];
    return this.#ordered;
  }

  /** One served version per resource: what walks over all objects once. */
  storages(): readonly ServedType[] {
    this.#storages ??= [
      ...firstBy(
        this.all().filter(({ verbs }) => verbs.includes('list')),
        ({ storage }) => storage,
      ).values(),
    ];
    return this.#storages;
  }

  /** The served version that `apiVersion` and `kind` name: how owner references name their owners. */
  findKind(apiVersion: string, kind: string): ServedType | undefined {
    this.#kinds ??= firstBy(this.all(), (type) => `${apiVersionOfType(type)} ${type.kind}`);
    return this.#kinds.get(`${apiVersion} ${kind}`);
  }

  /** Serves what a CustomResourceDefinition declares, in the order in which Kubernetes prefers versions. */
  serve(definition: ApiObject): void {
    this.withdraw(definition);
    if (!isEstablished(definition)) return;
    const types = customTypes(definition);
    for (const type of types) this.#add(type);
    this.#custom.set(definition.metadata.name, types.map(pathOf));
  }

  /** Serves it no longer. */
  withdraw(definition: ApiObject): void {
    const paths = this.#custom.get(definition.metadata.name);
    if (paths === undefined) return;
    this.#custom.delete(definition.metadata.name);
    for (const path of paths) this.#types.delete(path);
    this.#changed();
  }

  #add(type: ServedType): void {
    this.#types.set(pathOf(type), type);
    this.#changed();
  }

  #changed(): void {
    this.#ordered = undefined;
    this.#storages = undefined;
    this.#kinds = undefined;
  }
}

function pathOf({ group, version, plural }: ServedType): string {
  return `${group}/${version}/${plural}`;
}

/** The first of each key, in the order of the list. */
function firstBy(types: readonly ServedType[], keyFor: (type: ServedType) => string): Map<string, ServedType> {
  const first = new Map<string, ServedType>();
  for (const type of types) {
    const key = keyFor(type);
    if (!first.has(key)) first.set(key, type);
  }
  return first;
}

/** `v1`, `apps/v1`. */
export function apiVersionOfType({ group, version }: Pick<ServedType, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}

function customTypes(definition: ApiObject): ServedType[] {
  const spec = recordAt(definition, 'spec');
  const names = recordAt(spec, 'names');
  const kind = text(names['kind']) ?? '';
  const group = text(spec['group']) ?? '';
  const plural = text(names['plural']) ?? '';
  const versions = recordsAt(spec, 'versions').map(({ name }) => text(name) ?? '');
  return recordsAt(spec, 'versions')
    .filter((version) => version['served'] === true)
    .sort((a, b) => compareVersions(text(b['name']) ?? '', text(a['name']) ?? ''))
    .map((version) => ({
      group,
      version: text(version['name']) ?? '',
      versions,
      kind,
      listKind: text(names['listKind']) ?? `${kind}List`,
      plural,
      singular: text(names['singular']) ?? kind.toLowerCase(),
      shortNames: strings(names['shortNames']),
      categories: strings(names['categories']),
      namespaced: spec['scope'] === 'Namespaced',
      storage: definition.metadata.name,
      verbs: customVerbs,
      status: recordAt(version, 'subresources')['status'] !== undefined,
      generation: true,
      createOnUpdate: false,
      unconditionalUpdate: false,
      answersRemoved: false,
      custom: true,
    }));
}

/** Kubernetes' order of versions: v2 before v1 before v1beta1 before v1alpha1; anything else after, by name. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [rank(a), rank(b)];
  for (let i = 0; i < x.length; i++) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a < b ? 1 : a > b ? -1 : 0;
}

function rank(version: string): readonly number[] {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (match === null) return [0, 0, 0];
  const stage = match[2] === undefined ? 3 : match[2] === 'beta' ? 2 : 1;
  return [stage, Number(match[1]), Number(match[3] ?? 0)];
}
