import { FederationError } from '../errors.ts';
import type { CallOptions } from '../types.ts';
import type { Caller, Repeat } from './call.ts';
import type { Connection, KubeWriteOptions, Patch, Preconditions } from './connection.ts';
import { servedResources } from './discovery.ts';
import { senseless } from './failures.ts';
import { isRecord } from './json.ts';
import { createListing, isObject, metadataOnly, wholeObjects } from './listing.ts';
import { apiVersionOf, type KubeObject, type ObjectName, type Resource } from './objects.ts';
import { collectionPath, type Operation, objectPath, query, rightToHandOn } from './operation.ts';
import { watch } from './watch.ts';

/** The verbs of a {@link Connection}, over a {@link Caller}. */
export function createClient(parts: {
  readonly caller: Caller;
  readonly server: string;
  readonly clientCertificate: boolean;
  readonly serviceAccount: string | undefined;
  readonly fieldManager: string;
  readonly close: () => PromiseLike<void>;
}): Connection {
  const { caller, server, clientCertificate, serviceAccount, close } = parts;
  const { cluster } = caller;
  const read = { method: 'GET', repeat: 'always' } as const;
  const about = (verb: Operation['verb'], resource: Resource, name: ObjectName): Operation => ({
    cluster,
    verb,
    resource,
    ...name,
  });
  const written = ({ dryRun, fieldManager = parts.fieldManager }: KubeWriteOptions): string =>
    query({ fieldManager, dryRun: dryRun === true ? 'All' : undefined });

  async function get<T extends KubeObject>(resource: Resource<T>, name: ObjectName, options?: CallOptions): Promise<T> {
    const operation = about('GET', resource, name);
    return objectOf<T>(await caller.json(operation, { ...read, path: objectPath(resource, name) }, options), operation);
  }

  return {
    cluster,
    server,
    clientCertificate,
    serviceAccount,
    get,
    async find(resource, name, options) {
      try {
        return await get(resource, name, options);
      } catch (error) {
        if (FederationError.is(error, 'NOT_FOUND')) return undefined;
        throw error;
      }
    },
    list: (resource, options) => createListing(caller, resource, options ?? {}, wholeObjects(resource)),
    listMetadata: (resource, options) => createListing(caller, resource, options ?? {}, metadataOnly),
    watch: (resource, options) => watch(caller, resource, options ?? {}),
    async create(resource, object, options = {}) {
      const { namespace } = object.metadata;
      const name = 'name' in object.metadata ? object.metadata.name : undefined;
      const handsOn = rightToHandOn(resource, object);
      const operation: Operation = { cluster, verb: 'CREATE', resource, namespace, name, handsOn };
      if (resource.namespaced && namespace === undefined)
        throw new FederationError(
          'INVALID',
          `${resource.plural} "${name ?? ''}" needs a namespace. Set metadata.namespace.`,
        );
      const path = `${collectionPath(resource, namespace)}${written(options)}`;
      const body = JSON.stringify({ ...object, apiVersion: apiVersionOf(resource), kind: resource.kind });
      const headers = { 'content-type': 'application/json' };
      const repeat: Repeat = options.dryRun === true ? 'always' : 'without-effect';
      return objectOf(
        await caller.json(operation, { method: 'POST', path, headers, body, repeat }, options),
        operation,
      );
    },
    async patch(resource, name, patch, options = {}) {
      const tests = patch.type === 'json' && (hasGuard(options) || patch.operations.some(({ op }) => op === 'test'));
      const operation: Operation = { ...about('PATCH', resource, name), uid: options.uid, tests };
      const subresource = options.subresource === undefined ? '' : `/${options.subresource}`;
      const path = `${objectPath(resource, name)}${subresource}${written(options)}`;
      const headers = { 'content-type': `application/${patch.type === 'json' ? 'json-patch' : 'merge-patch'}+json` };
      const request = { method: 'PATCH', path, headers, body: JSON.stringify(patchBody(patch, options)) } as const;
      return objectOf(
        await caller.json(operation, { ...request, repeat: patchRepeat(patch, options) }, options),
        operation,
      );
    },
    async delete(resource, name, options) {
      const { uid, resourceVersion, propagationPolicy, dryRun } = options;
      const operation: Operation = { ...about('DELETE', resource, name), uid };
      // Should something on the way drop the body of a DELETE, the query still says what must not become a cascade.
      const path = `${objectPath(resource, name)}${query({ propagationPolicy, dryRun: dryRun === true ? 'All' : undefined })}`;
      const body = JSON.stringify({
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        propagationPolicy,
        ...(hasGuard(options) && { preconditions: { uid, resourceVersion } }),
        ...(dryRun === true && { dryRun: ['All'] }),
      });
      const headers = { 'content-type': 'application/json' };
      const repeat: Repeat = dryRun === true ? 'always' : hasGuard(options) ? 'guarded' : 'without-effect';
      await caller.text(operation, { method: 'DELETE', path, headers, body, repeat }, options);
    },
    resources: (options) => servedResources(caller, options),
    async allows({ verb, resource: { group, plural: resource }, namespace, name }, options) {
      const operation: Operation = { cluster, verb: 'CREATE', resource: reviews };
      const body = JSON.stringify({
        apiVersion: apiVersionOf(reviews),
        kind: reviews.kind,
        spec: { resourceAttributes: { verb, group, resource, namespace, name } },
      });
      const headers = { 'content-type': 'application/json' };
      const path = collectionPath(reviews, undefined);
      const answer = await caller.json(operation, { method: 'POST', path, headers, body, repeat: 'always' }, options);
      if (isRecord(answer) && isRecord(answer['status']) && typeof answer['status']['allowed'] === 'boolean')
        return answer['status']['allowed'];
      throw senseless(operation, 'no verdict');
    },
    async version(options) {
      const operation: Operation = { cluster, verb: 'GET', name: '/version' };
      const answer = await caller.json(operation, { ...read, path: '/version' }, options);
      // Behind KubeSphere's gateway it stands below what KubeSphere says of itself.
      const kubernetes = isRecord(answer) && isRecord(answer['kubernetes']) ? answer['kubernetes'] : answer;
      if (isRecord(kubernetes) && typeof kubernetes['gitVersion'] === 'string') return kubernetes['gitVersion'];
      throw senseless(operation, 'no gitVersion');
    },
    async raw(path, options) {
      if (!path.startsWith('/')) throw new FederationError('INVALID', `"${path}" is no path. Begin it with "/".`);
      const operation: Operation = { cluster, verb: 'GET', name: path };
      return caller.text(operation, { ...read, path, headers: { accept: '*/*' } }, options);
    },
    async [Symbol.asyncDispose]() {
      await close();
    },
  };
}

const hasGuard = ({ uid, resourceVersion }: Preconditions): boolean =>
  uid !== undefined || resourceVersion !== undefined;

/** The API server compares metadata of a merge patch with the object's; a JSON patch has to test it. */
function patchBody(patch: Patch, { uid, resourceVersion }: Preconditions): object {
  if (patch.type === 'json') {
    const test = (field: string, value: string | undefined) =>
      value === undefined ? [] : [{ op: 'test', path: `/metadata/${field}`, value }];
    return [...test('uid', uid), ...test('resourceVersion', resourceVersion), ...patch.operations];
  }
  if (uid === undefined && resourceVersion === undefined) return patch.body;
  const metadata = 'metadata' in patch.body && isRecord(patch.body.metadata) ? patch.body.metadata : {};
  return {
    ...patch.body,
    metadata: {
      ...metadata,
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    },
  };
}

/** A merge patch applied twice is the same; a JSON patch is so only while the object stands where it was read. */
function patchRepeat(patch: Patch, options: Preconditions & KubeWriteOptions): Repeat {
  if (options.dryRun === true) return 'always';
  const guarded = patch.type === 'merge' ? hasGuard(options) : options.resourceVersion !== undefined;
  return guarded ? 'guarded' : 'without-effect';
}

/** Questions that everybody may ask, and nothing keeps. */
const reviews: Resource = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
};

/** Where the wire becomes `T`. */
function objectOf<T extends KubeObject>(answer: unknown, operation: Operation): T {
  if (isObject(answer)) return answer as T;
  throw senseless(operation, 'something that is no object');
}
