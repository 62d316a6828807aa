import { apart, isRecord } from './json.ts';

/** Something that two servers cannot agree on, and why. */
interface Volatile {
  readonly field: string;
  readonly why: string;
}

/**
 * Everything that is not compared as it stands. What is numbered (`uid#1`) keeps its identity within a case: equal
 * values stay equal and different ones different.
 */
export const volatileFields = [
  { field: 'uid', why: 'random; numbered by first appearance' },
  {
    field: 'resourceVersion of an object',
    why: 'a counter shared with everything else that happens; numbered by first appearance',
  },
  {
    field: 'resourceVersion of a list or bookmark, and the oldest that a watch can begin at',
    why: 'moves with the work of other cases',
  },
  { field: 'bookmarks between events', why: 'they come with time' },
  { field: 'times and days', why: 'the clock' },
  { field: 'generated names', why: 'random after generateName; numbered by first appearance' },
  { field: 'metadata.continue', why: 'opaque to clients, holds a revision' },
  { field: 'data.token and data["ca.crt"] of token Secrets', why: 'credentials of one server' },
  { field: 'storageVersionHash', why: 'a hash of internals' },
  { field: 'serverAddressByClientCIDRs[].serverAddress', why: 'the address of one server' },
  { field: 'build of /version', why: 'the commit, the date and the compiler of one build' },
  {
    field: 'the patched object that a refused patch repeats',
    why: 'its field order is an accident',
  },
  {
    field: 'spec.versions that a refused CustomResourceDefinition repeats',
    why: 'shown in the form of an internal Go structure',
  },
  { field: 'order of rules in a SelfSubjectRulesReview', why: 'that of a map, different every time' },
  { field: 'order of resources in discovery', why: 'of custom resources that of a map, different every time' },
  { field: 'prefix of etcd keys in messages', why: 'where one server keeps its objects' },
] as const satisfies readonly Volatile[];

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const time = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g;
/** Lists whose order says nothing. */
const unordered = new Set(['managedFields', 'resourceRules', 'nonResourceRules']);
const buildFields = ['gitCommit', 'gitTreeState', 'buildDate', 'goVersion', 'platform'];

/** Replaces what is volatile; one per case and server, because it numbers what it meets. */
export class Steady {
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  readonly #generated: RegExp | undefined;

  /** `prefixes`: what the case gives as `generateName`. */
  constructor(prefixes: readonly string[]) {
    const known = prefixes.map((prefix) => prefix.replaceAll(/[^A-Za-z0-9]/g, '\\$&'));
    this.#generated = known.length === 0 ? undefined : new RegExp(`(?:${known.join('|')})[a-z0-9]{5}(?![a-z0-9])`, 'g');
  }

  /** A copy of `value` without anything volatile, its fields in alphabetical order. */
  of(value: unknown): unknown {
    this.#learn(value);
    return this.#steady(value, '');
  }

  #learn(value: unknown): void {
    if (typeof value === 'string') {
      for (const [found] of value.matchAll(uuid)) this.#number('uid', found);
      for (const [, found] of value.matchAll(/in record \((\d+)\)/g)) this.#number('rv', found ?? '');
      if (this.#generated !== undefined)
        for (const [found] of value.matchAll(this.#generated)) this.#number('generated', found);
    } else if (Array.isArray(value)) for (const item of value) this.#learn(item);
    else if (isRecord(value)) {
      const { resourceVersion } = value;
      if (typeof resourceVersion === 'string' && /^\d+$/.test(resourceVersion) && typeof value['uid'] === 'string') {
        this.#number('rv', resourceVersion);
      }
      for (const field of Object.keys(value).sort()) this.#learn(value[field]);
    }
  }

  #number(kind: string, value: string): void {
    if (this.#names.has(value)) return;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    this.#names.set(value, `${kind}#${count}`);
  }

  #steady(value: unknown, field: string): unknown {
    if (typeof value === 'string') return this.#text(value, field);
    if (Array.isArray(value)) {
      const items = value.map((item) => this.#steady(item, field));
      return unordered.has(field) || (field === 'resources' && items.some(isRecord))
        ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
        : items;
    }
    if (!isRecord(value)) return value;
    const isToken = value['type'] === 'kubernetes.io/service-account-token';
    const entries = Object.keys(value)
      .sort()
      .filter((name) => name !== 'storageVersionHash')
      .map((name): [string, unknown] => [this.#text(name, ''), this.#field(value, name, isToken)]);
    return Object.fromEntries(entries);
  }

  #field(value: Record<string, unknown>, name: string, isToken: boolean): unknown {
    const item = value[name];
    if (isToken && name === 'data' && isRecord(item)) return apart(item, ['token', 'ca.crt'], 'of this server');
    if (name === 'metadata' && Array.isArray(value['items']) && isRecord(item) && item['resourceVersion'] !== '0') {
      return this.#steady({ ...item, ...('resourceVersion' in item ? { resourceVersion: 'rv' } : {}) }, name);
    }
    if (name === 'object' && value['type'] === 'BOOKMARK' && isRecord(item) && isRecord(item['metadata'])) {
      return this.#steady({ ...item, metadata: { ...item['metadata'], resourceVersion: 'rv' } }, name);
    }
    if (name === 'serverAddress' || (name === 'continue' && item !== '')) return 'of this server';
    if (buildFields.includes(name) && typeof value['gitVersion'] === 'string') return 'of this build';
    return this.#steady(item, name);
  }

  #text(value: string, field: string): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    if (field === 'resourceVersion' && /^\d+$/.test(value) && value !== '0') return 'rv';
    return value
      .replace(uuid, (found) => this.#names.get(found) ?? found)
      .replace(time, 'time')
      .replace(/^\d{4}-\d\d-\d\d$/, 'day')
      .replace(/(?<=too old resource version: \d+ \()\d+(?=\))/, 'rv')
      .replace(/(?<=Too large resource version: \d+, current: )\d+/, 'rv')
      .replace(/^(Invalid value: )"(?:map\[|\{).*"(?=: (?!.*": ))/s, '$1"the patched object"')
      .replace(/(?<= is invalid: patch: Invalid value: )"(?:map\[|\{).*"(?=: (?!.*": ))/s, '"the patched object"')
      .replace(/Invalid value: \[\{"Name":.*?\}\]/g, 'Invalid value: the versions')
      .replace(/(?<=Key: )\/[a-z]+\/(?=\S+\/)/, '/registry/')
      .replace(/\b\d{2,}\b/g, (found) => this.#names.get(found) ?? found)
      .replace(this.#generated ?? /$^/, (found) => this.#names.get(found) ?? found);
  }
}
