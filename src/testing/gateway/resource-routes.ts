import type { KubeObject, ObjectName, Resource } from '../../kube/objects.ts';
import { core } from '../../kube/resources.ts';
import { type Cluster, kubesphere } from '../../kubesphere/resources.ts';
import { withoutKubeconfig } from './clusters.ts';
import type { GatewayContext } from './context.ts';
import { listResult } from './list-query.ts';
import { jsonAnswer, Refusal } from './refusal.ts';
import { only, type Route } from './routes.ts';

const resources: ReadonlyMap<string, Resource> = new Map(
  [...Object.values<Resource>(core), ...Object.values<Resource>(kubesphere)].map((resource) => [
    resource.plural,
    resource,
  ]),
);

/** @throws Refusal 404 for a kind that these lists do not know */
function known(plural: string): Resource {
  const resource = resources.get(plural);
  if (resource === undefined) throw new Refusal(404, 'resource is not supported');
  return resource;
}

const isCluster = (object: KubeObject): object is Cluster => object.kind === kubesphere.clusters.kind;

async function list({ kube }: GatewayContext, plural: string, namespace: string): Promise<KubeObject[]> {
  const objects = await kube.list(known(plural), namespace === '' ? {} : { namespace });
  return objects.map((object) => (isCluster(object) ? withoutKubeconfig(object) : object));
}

async function get({ kube }: GatewayContext, plural: string, at: ObjectName): Promise<KubeObject> {
  const resource = known(plural);
  try {
    const object = await kube.lookUp(resource, at);
    return isCluster(object) ? withoutKubeconfig(object) : object;
  } catch (error) {
    // An object that does not exist is told as a fault inside; 404 is for kinds.
    throw error instanceof Refusal ? new Refusal(500, error.message) : error;
  }
}

const base = '/kapis/resources.kubesphere.io/v1alpha3';

/** Lists and lookups of objects of any kind, with pages (pkg/kapis/resources/v1alpha3). */
export const resourceRoutes: readonly Route[] = [`${base}`, `${base}/namespaces/{namespace}`].flatMap(
  (place): Route[] => [
    {
      method: 'GET',
      pattern: `${place}/{resources}`,
      failure: only(500, 404),
      async handle(gate, { at, query }) {
        return jsonAnswer(listResult(await list(gate, at('resources'), at('namespace')), query));
      },
    },
    {
      method: 'GET',
      pattern: `${place}/{resources}/{name}`,
      failure: only(500, 404),
      async handle(gate, { at }) {
        const [name, namespace] = [at('name'), at('namespace')];
        return jsonAnswer(await get(gate, at('resources'), namespace === '' ? { name } : { namespace, name }));
      },
    },
  ],
);
