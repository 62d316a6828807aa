import type { CallOptions } from '../types.ts';
import type { KubeObject, NewObject, ObjectMeta, ObjectName, Resource } from './objects.ts';

/** Options of {@link Connection.list} and {@link Connection.watch}. */
export interface SelectOptions extends CallOptions {
  /** Absent on a namespaced resource: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Options of {@link Connection.list}. */
export interface ListOptions extends SelectOptions {
  /** Objects per page. @defaultValue 500 */
  readonly limit?: number;
}

/**
 * A list that is fetched page by page while it is read, all pages in one state of the server. Reading it twice asks the
 * server twice. When the server forgets that state between two pages (some minutes), iterating throws `EXPIRED`, for what
 * was yielded cannot be taken back; `toArray` reads everything again at once. Neither ever ends early.
 */
export interface Listing<T> extends AsyncIterable<T> {
  /** `timeoutMs` is for each page. */
  pages(): AsyncIterable<ListPage<T>>;
  /** `timeoutMs` is for the whole list. */
  toArray(): Promise<T[]>;
}

/** One answer of the server; `resourceVersion` is where a watch of this list goes on. */
export interface ListPage<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/**
 * What a watch yields. It begins with one `synced` that holds every object there is, and yields `synced` again whenever
 * the server forgot where the watch stood (410) or the connection was lost for too long: whatever is not in it is gone.
 */
export type WatchEvent<T> =
  | { readonly type: 'synced'; readonly objects: readonly T[] }
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly object: T };

/** Options of {@link Connection.watch}. */
export interface WatchOptions extends Omit<SelectOptions, 'timeoutMs'> {
  /** The connection counts as dead after this long without any byte; bookmarks keep a quiet one alive. @defaultValue 90000 */
  readonly deadAfterMs?: number;
}

/** A patch. Which one decides what happens to lists and to what must be as expected beforehand. */
export type Patch =
  /** RFC 7386: `null` removes, lists are replaced whole. */
  | { readonly type: 'merge'; readonly body: object }
  /** RFC 6902. With a `test` among the operations, or a precondition, every failure to apply it is `CONFLICT`: the server does not tell which operation failed. */
  | { readonly type: 'json'; readonly operations: readonly JsonPatchOperation[] };

/** One operation of RFC 6902. */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

/** The very object a write is meant for: another one, or a newer state of it, is `CONFLICT`. */
export interface Preconditions {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** Options of the writes. `dryRun` lets the server check everything, admission included, and persist nothing. */
export interface KubeWriteOptions extends CallOptions {
  readonly dryRun?: boolean;
  /** Name recorded in managedFields. @defaultValue the connection's */
  readonly fieldManager?: string;
}

/** Options of {@link Connection.patch}. */
export interface PatchOptions extends KubeWriteOptions, Preconditions {
  readonly subresource?: 'status';
}

/** Options of {@link Connection.delete}. There is no default policy: what becomes of dependents is the caller's decision. */
export interface DeleteOptions extends KubeWriteOptions, Preconditions {
  readonly propagationPolicy: 'Orphan' | 'Background' | 'Foreground';
}

/**
 * One cluster's API server: pooled, typed, with one mapping of failures to `ApiError`.
 *
 * Reads and dry runs are repeated on 429, 5xx and broken connections. Writes are repeated only where the first attempt
 * certainly had no effect (429, nothing was sent), or where doing it twice is doing it once: a delete or merge patch with
 * `uid` or `resourceVersion`, a JSON patch with `resourceVersion`. Then, after an answer was lost, a delete that finds
 * nothing resolves, and every other failure bears `details.answerLost`: the call itself may have made the change that it
 * now meets. An `UNREACHABLE` write bears `details.sent`: `false` is certainly without effect, `true` may have had one. A
 * create is never repeated after a lost answer; look for the object.
 *
 * A 401 is answered once by renewed credentials (plugin, token file), for reads and writes alike.
 *
 * @throws ApiError `NOT_FOUND`, `ALREADY_EXISTS`, `CONFLICT`, `REJECTED`, `FORBIDDEN`, `UNAUTHENTICATED`, `EXPIRED`,
 * `RATE_LIMITED`, `SERVER_ERROR`, `UNREACHABLE`, `TIMEOUT`, `ABORTED`; every method may throw these.
 */
export interface Connection extends AsyncDisposable {
  /** What messages call the cluster. */
  readonly cluster: string;
  /** Address of the API server, without credentials. */
  readonly server: string;
  /** Whether the credentials hold a client certificate, which KubeSphere 3.3 insists on. */
  readonly clientCertificate: boolean;
  /**
   * Namespace and name of the ServiceAccount whose token the credentials are, as `namespace/name`; `undefined` where they are none's, and where a
   * credential plugin is yet to be run.
   */
  readonly serviceAccount: string | undefined;
  /** @throws ApiError `NOT_FOUND` */
  get<T extends KubeObject>(resource: Resource<T>, name: ObjectName, options?: CallOptions): Promise<T>;
  /**
   * Like {@link Connection.get}; `undefined` where the object, or its kind, does not exist. Whether the kind is served, {@link Connection.resources}
   * tells. A 404 that something else than an API server wrote is `SERVER_ERROR`, never `undefined`.
   */
  find<T extends KubeObject>(resource: Resource<T>, name: ObjectName, options?: CallOptions): Promise<T | undefined>;
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Listing<T>;
  /** Like {@link Connection.list}, metadata only: what inventories need. */
  listMetadata(resource: Resource, options?: ListOptions): Listing<{ readonly metadata: ObjectMeta }>;
  /**
   * Lists, then follows; ends quietly when `signal` is aborted, else only by throwing what no reconnect can heal:
   * credentials or rights that are gone, a kind that is no longer served, `ABORTED` when the connection is closed. A
   * cluster that does not answer makes it throw at first, after the usual repeats, and wait later.
   */
  watch<T extends KubeObject>(resource: Resource<T>, options?: WatchOptions): AsyncIterable<WatchEvent<T>>;
  create<T extends KubeObject>(resource: Resource<T>, object: NewObject<T>, options?: KubeWriteOptions): Promise<T>;
  /** With `uid` or `resourceVersion` the server refuses (`CONFLICT`) when the object is not the one meant. */
  patch<T extends KubeObject>(
    resource: Resource<T>,
    name: ObjectName,
    patch: Patch,
    options?: PatchOptions,
  ): Promise<T>;
  /** Resolves when the server accepted the request: the object may live on until its finalizers are gone. */
  delete(resource: Resource, name: ObjectName, options: DeleteOptions): Promise<void>;
  /**
   * Every kind that the server serves with the verb `list`, each in its preferred version. A group whose server does not
   * answer fails the call (`SERVER_ERROR`, retryable), for a list without it would look complete.
   */
  resources(options?: CallOptions): Promise<readonly ServedResource[]>;
  /**
   * Whether these credentials may do something, by the server's own review of access; nothing is changed by asking.
   * @throws ApiError `FORBIDDEN` or `NOT_FOUND` where the server keeps such answers to itself
   */
  allows(question: AccessQuestion, options?: CallOptions): Promise<boolean>;
  /** `gitVersion` of `/version`. */
  version(options?: CallOptions): Promise<string>;
  /** GET of a path outside the resource API, as text: `/readyz`, a service proxy. */
  raw(path: string, options?: CallOptions): Promise<string>;
}

/** Something that one may be allowed to do, for {@link Connection.allows}. */
export interface AccessQuestion {
  /** `get`, `list`, `watch`, `create`, `patch`, `delete` and the like. */
  readonly verb: string;
  /** `*` stands for all of them. */
  readonly resource: Pick<Resource, 'group' | 'plural'>;
  /** Absent on a namespaced resource: in all namespaces. */
  readonly namespace?: string;
  /** Absent: any. */
  readonly name?: string;
}

/** A {@link Resource} with what the server lets one do with it. */
export interface ServedResource extends Resource {
  readonly verbs: readonly string[];
}
