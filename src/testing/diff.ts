import { canonical } from '../internal/digest.ts';
import type { Snapshot } from './snapshot.ts';

/** One field that is not as it was; `before` or `after` is absent where the field was, or is. */
export interface FieldChange {
  /** JSON pointer (RFC 6901). */
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** What happened between two snapshots. Plain JSON. */
export interface SnapshotDiff {
  /** Keys of objects that only the later one has. */
  readonly created: readonly string[];
  /** Keys of objects that only the earlier one has. */
  readonly deleted: readonly string[];
  /** By key, in the order of their paths. Another UID is a change like any other: the object was deleted and made again. */
  readonly changed: Readonly<Record<string, readonly FieldChange[]>>;
}

/** Options of {@link diff}. */
export interface DiffOptions {
  /**
   * JSON pointers of what does not count, with everything below; `*` stands for one field.
   * @defaultValue `/metadata/resourceVersion`, `/metadata/managedFields`, `/metadata/generation`
   */
  readonly ignore?: readonly string[];
  /** Whether status counts. @defaultValue true */
  readonly status?: boolean;
  /** Whether texts that are times on both sides count where they differ. @defaultValue true */
  readonly times?: boolean;
}

const unimportant = ['/metadata/resourceVersion', '/metadata/managedFields', '/metadata/generation'];

/** Compares two snapshots of the same clusters. */
export function diff(before: Snapshot, after: Snapshot, options: DiffOptions = {}): SnapshotDiff {
  const { ignore = unimportant, status = true, times = true } = options;
  const ignored = [...ignore, ...(status ? [] : ['/status'])].map((pointer) => pointer.split('/'));
  const counts = (path: string): boolean => {
    const fields = path.split('/');
    return !ignored.some((pattern) => pattern.every((field, i) => field === '*' || field === fields[i]));
  };
  const changed: Record<string, readonly FieldChange[]> = {};
  for (const [key, was] of Object.entries(before)) {
    const is = after[key];
    if (is === undefined) continue;
    const changes = [...changesOf(was, is, '')].filter(
      (change) => counts(change.path) && (times || !(isTime(change.before) && isTime(change.after))),
    );
    if (changes.length > 0) changed[key] = changes.sort((one, other) => (one.path < other.path ? -1 : 1));
  }
  const only = (some: Snapshot, others: Snapshot): string[] => Object.keys(some).filter((key) => !(key in others));
  return { created: only(after, before), deleted: only(before, after), changed };
}

/** Whether nothing happened. */
export function isSame({ created, deleted, changed }: SnapshotDiff): boolean {
  return created.length === 0 && deleted.length === 0 && Object.keys(changed).length === 0;
}

function* changesOf(before: unknown, after: unknown, path: string): Generator<FieldChange> {
  if (isObject(before) && isObject(after)) {
    for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const at = `${path}/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      yield* changesOf(before[field], after[field], at);
    }
  } else if (canonical(before) !== canonical(after)) {
    yield { path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
  }
}

/** Lists are compared as a whole. */
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(value);
}
