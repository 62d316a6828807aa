import type { KubeObject, ObjectName, Resource } from '../../kube/objects.ts';
import { apiVersionOf } from '../../kube/objects.ts';
import { collectionPath, objectPath, query } from '../../kube/operation.ts';
import { isRecord, recordsAt, text } from '../server/object.ts';
import { notFound, Refusal } from './refusal.ts';
import type { Upstream } from './upstream.ts';

/** Kinds of patches, as content types. */
type PatchType = 'json-patch' | 'merge-patch';

/**
 * The API server as ks-apiserver's own clients see it. A `Connection` would not do: ks-apiserver replaces objects whole,
 * and tells its callers an API server's refusal word for word. @throws Refusal with the API server's status and message
 */
export interface KubeClient {
  get<T extends KubeObject>(resource: Resource<T>, name: ObjectName): Promise<T>;
  /** Like `get`; a missing object is told in the words of a cache, not of the API server. */
  lookUp<T extends KubeObject>(resource: Resource<T>, name: ObjectName): Promise<T>;
  find<T extends KubeObject>(resource: Resource<T>, name: ObjectName): Promise<T | undefined>;
  list<T extends KubeObject>(
    resource: Resource<T>,
    options?: { readonly namespace?: string; readonly labelSelector?: string },
  ): Promise<T[]>;
  create<T extends KubeObject>(resource: Resource<T>, object: object, namespace?: string): Promise<T>;
  /** Replaces the object that `object` names. */
  update<T extends KubeObject>(resource: Resource<T>, object: KubeObject): Promise<T>;
  patch<T extends KubeObject>(resource: Resource<T>, name: ObjectName, type: PatchType, body: unknown): Promise<T>;
  delete(resource: Resource, name: ObjectName, options?: object): Promise<void>;
  /** GET of any path, as JSON. */
  path(path: string): Promise<unknown>;
}

/** Recorded in managedFields of what the gateway writes itself. */
const fieldManager = 'ks-apiserver';

/** A {@link KubeClient} of one API server. */
export function kubeClient(upstream: Upstream): KubeClient {
  async function request(method: string, path: string, body?: unknown, type = 'application/json'): Promise<unknown> {
    const answer = await send(upstream, {
      method,
      path,
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const content = await answer.body.text();
    if (answer.statusCode < 300) return parsed(content);
    throw new Refusal(answer.statusCode, messageOf(content, answer.statusCode));
  }
  const written = query({ fieldManager });

  async function get<T extends KubeObject>(resource: Resource<T>, name: ObjectName): Promise<T> {
    return objectOf(resource, await request('GET', objectPath(resource, name)));
  }
  async function find<T extends KubeObject>(resource: Resource<T>, name: ObjectName): Promise<T | undefined> {
    try {
      return await get(resource, name);
    } catch (error) {
      if (error instanceof Refusal && error.status === 404) return undefined;
      throw error;
    }
  }
  return {
    get,
    find,
    async lookUp(resource, name) {
      const { group, kind } = resource;
      const object = await find(resource, name);
      if (object !== undefined) return object;
      throw notFound(`${kind.toLowerCase()}${group === '' ? '' : `.${group}`}`, name.name);
    },
    async list(resource, { namespace, labelSelector } = {}) {
      const page = await request('GET', `${collectionPath(resource, namespace)}${query({ labelSelector })}`);
      return recordsAt(page, 'items').map((item) => objectOf(resource, item));
    },
    async create(resource, object, namespace) {
      const body = { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
      return objectOf(resource, await request('POST', `${collectionPath(resource, namespace)}${written}`, body));
    },
    async update(resource, object) {
      const { name, namespace } = object.metadata;
      const path = objectPath(resource, namespace === undefined ? { name } : { name, namespace });
      return objectOf(resource, await request('PUT', `${path}${written}`, object));
    },
    async patch(resource, name, type, body) {
      const path = `${objectPath(resource, name)}${written}`;
      return objectOf(resource, await request('PATCH', path, body, `application/${type}+json`));
    },
    async delete(resource, name, options = {}) {
      await request('DELETE', objectPath(resource, name), { kind: 'DeleteOptions', apiVersion: 'v1', ...options });
    },
    path: (path) => request('GET', path),
  };
}

/** Sends, and tells a connection that failed as what it means to callers: a fault inside. */
async function send(...[upstream, request]: [Upstream, Parameters<Upstream['send']>[0]]) {
  try {
    return await upstream.send(request);
  } catch (error) {
    throw new Refusal(500, error instanceof Error ? error.message : String(error));
  }
}

/** Where the wire becomes `T`. Items of lists carry no kind of their own. */
function objectOf<T extends KubeObject>({ kind, ...resource }: Resource<T>, answer: unknown): T {
  if (!isRecord(answer) || !isRecord(answer['metadata']))
    throw new Refusal(500, `the API server answered with something that is no ${kind}`);
  return { apiVersion: apiVersionOf(resource), kind, ...answer } as unknown as T;
}

function parsed(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

function messageOf(content: string, status: number): string {
  const body = parsed(content);
  const message = isRecord(body) ? text(body['message']) : undefined;
  return message ?? (content.trim() === '' ? `HTTP ${status}` : content.trim());
}
