/** What a field of a built-in kind holds. */
export type Node = ScalarNode | MapNode | ListNode | StructNode;

/** A single value. */
export interface ScalarNode {
  readonly is: 'string' | 'bool' | 'int32' | 'int64' | 'bytes' | 'time' | 'any';
}

/** Names chosen by whoever writes. */
export interface MapNode {
  readonly is: 'map';
  readonly of: Node;
}

/** A list: replaced as a whole, or merged element by element. */
export interface ListNode {
  readonly is: 'list';
  readonly of: Node;
  /** The field that tells elements apart; `true`: the elements are a set. */
  readonly key?: string | true;
}

/** A structure of known fields. */
export interface StructNode {
  readonly is: 'struct';
  readonly name: string;
  readonly fields: Readonly<Record<string, Field>>;
  /** Whether it has one owner, whoever wrote which of its fields. */
  readonly whole: boolean;
}

/** A field, and how it is written when it holds nothing. */
export interface Field {
  readonly node: Node;
  /** `omit`: left out when empty; `keep`: left out only when absent; `always`: there in any case. */
  readonly empty: 'omit' | 'keep' | 'always';
}

const scalar = (is: ScalarNode['is']): ScalarNode => ({ is });
export const string = scalar('string');
export const bool = scalar('bool');
export const int32 = scalar('int32');
export const int64 = scalar('int64');
export const bytes = scalar('bytes');
export const time = scalar('time');
export const any = scalar('any');

export const map = (of: Node): MapNode => ({ is: 'map', of });
export const list = (of: Node, key?: string | true): ListNode =>
  key === undefined ? { is: 'list', of } : { is: 'list', of, key };

const isField = (value: Node | Field): value is Field => 'node' in value;

/** A structure; fields that are given as mere nodes are left out when empty. */
export function struct(name: string, fields: Readonly<Record<string, Node | Field>>, whole = false): StructNode {
  const all = Object.entries(fields).map(([field, value]): [string, Field] => [
    field,
    isField(value) ? value : { node: value, empty: 'omit' },
  ]);
  return { is: 'struct', name, fields: Object.fromEntries(all), whole };
}

/** A structure that has one owner as a whole. */
export const wholeStruct = (name: string, fields: Parameters<typeof struct>[1]): StructNode =>
  struct(name, fields, true);

/** A field whose zero differs from its absence. */
export const keep = (node: Node): Field => ({ node, empty: 'keep' });
/** A field that is written even when nothing was given. */
export const always = (node: Node): Field => ({ node, empty: 'always' });

/** The Go type of a field, as decoding errors name it. */
export function goType(node: Node): string {
  switch (node.is) {
    case 'map':
      return `map[string]${goType(node.of)}`;
    case 'list':
      return `[]${goType(node.of)}`;
    case 'struct':
      return `v1.${node.name}`;
    case 'bytes':
      return '[]uint8';
    case 'time':
      return 'v1.Time';
    case 'any':
      return 'interface {}';
    default:
      return node.is;
  }
}
