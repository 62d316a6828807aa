import { ApiError } from '../errors.ts';
import type { CallOptions } from '../types.ts';
import type { Caller } from './call.ts';
import type { ServedResource } from './connection.ts';
import { senseless } from './failures.ts';
import { isRecord } from './json.ts';
import type { Operation } from './operation.ts';

/** Aggregated discovery (Kubernetes 1.26 and later), with the classic form for servers that know no other. */
const accept = [
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
  'application/json',
].join(',');

/**
 * Every listable kind in its preferred version. A group whose server does not answer fails the whole call: a closure
 * computed without it would be incomplete.
 *
 * @throws ApiError `SERVER_ERROR`, retryable, naming the group
 */
export async function servedResources(
  caller: Caller,
  options: CallOptions | undefined,
): Promise<readonly ServedResource[]> {
  const found = await Promise.all(['/api', '/apis'].map((path) => discover(caller, path, options)));
  return found.flat();
}

async function discover(caller: Caller, path: string, options: CallOptions | undefined): Promise<ServedResource[]> {
  const operation: Operation = { cluster: caller.cluster, verb: 'GET', name: path };
  const answer = await caller.json(operation, { method: 'GET', path, headers: { accept }, repeat: 'always' }, options);
  if (isRecord(answer)) {
    if (answer['kind'] === 'APIGroupDiscoveryList')
      return records(answer['items']).flatMap((group) => aggregated(group, operation));
    if (answer['kind'] === 'APIVersions')
      return preferred(
        await Promise.all(strings(answer['versions']).map((version) => classic(caller, '', version, options))),
      );
    if (answer['kind'] === 'APIGroupList') {
      const groups = await Promise.all(records(answer['groups']).map((group) => classicGroup(caller, group, options)));
      return groups.flat();
    }
  }
  throw senseless(operation, 'no list of API groups');
}

function aggregated(group: Fields, operation: Operation): ServedResource[] {
  const metadata = group['metadata'];
  const name = isRecord(metadata) ? string(metadata['name']) : '';
  return preferred(
    records(group['versions']).map((entry) => {
      const version = string(entry['version']);
      if (entry['freshness'] === 'Stale') throw silent(operation, name, version);
      return records(entry['resources']).map((resource) => ({
        group: name,
        version,
        kind: isRecord(resource['responseKind']) ? string(resource['responseKind']['kind']) : '',
        plural: string(resource['resource']),
        namespaced: resource['scope'] === 'Namespaced',
        verbs: strings(resource['verbs']),
      }));
    }),
  );
}

async function classicGroup(
  caller: Caller,
  group: Fields,
  options: CallOptions | undefined,
): Promise<ServedResource[]> {
  const first = isRecord(group['preferredVersion']) ? string(group['preferredVersion']['version']) : '';
  const versions = records(group['versions']).map((entry) => string(entry['version']));
  const ordered = [first, ...versions.filter((version) => version !== first)].filter((version) => version !== '');
  return preferred(
    await Promise.all(ordered.map((version) => classic(caller, string(group['name']), version, options))),
  );
}

async function classic(
  caller: Caller,
  group: string,
  version: string,
  options: CallOptions | undefined,
): Promise<ServedResource[]> {
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const operation: Operation = { cluster: caller.cluster, verb: 'GET', name: path };
  const answer = await caller
    .json(operation, { method: 'GET', path, repeat: 'always' }, options)
    .catch((error: unknown) => {
      throw error instanceof ApiError && error.status !== undefined && error.status >= 500
        ? silent(operation, group, version, error)
        : error;
    });
  if (!isRecord(answer) || answer['kind'] !== 'APIResourceList') throw senseless(operation, 'no list of resources');
  return records(answer['resources'])
    .filter((resource) => !string(resource['name']).includes('/'))
    .map((resource) => ({
      group,
      version,
      kind: string(resource['kind']),
      plural: string(resource['name']),
      namespaced: resource['namespaced'] === true,
      verbs: strings(resource['verbs']),
    }));
}

/** Of the versions of one group, best first: each kind from the first that serves it, where it can be listed. */
function preferred(versions: readonly (readonly ServedResource[])[]): ServedResource[] {
  const byPlural = new Map<string, ServedResource>();
  for (const resource of versions.flat())
    if (resource.verbs.includes('list') && !byPlural.has(resource.plural)) byPlural.set(resource.plural, resource);
  return [...byPlural.values()];
}

function silent({ cluster }: Operation, group: string, version: string, cause?: ApiError): ApiError {
  return new ApiError(
    'SERVER_ERROR',
    `${cluster}: the API group ${group}/${version} does not answer, so which kinds it holds is not known. Repair its server, or delete the APIService ${version}.${group} if it is no longer wanted.`,
    { cluster, retryable: true, ...(cause !== undefined && { cause }) },
  );
}

type Fields = Readonly<Record<string, unknown>>;
const records = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isRecord) : []);
const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
const string = (value: unknown): string => (typeof value === 'string' ? value : '');
