import { randomUUID } from 'node:crypto';
import { installation, kubesphereNamespace } from '../kubesphere/names.ts';
import { installConfiguration } from './install.ts';
import { type KubeSphere, type KubeSphereOptions, runKubeSphere, startKubeSphere } from './kubesphere.ts';
import type { SandboxClusterSpec } from './sandbox.ts';
import type { ApiObject } from './server/object.ts';
import type { ApiServer } from './server/server.ts';
import type { StoreCapture } from './server/store.ts';

const isNamed = ({ metadata }: ApiObject, name: string): boolean =>
  metadata.namespace === kubesphereNamespace && metadata.name === name;

/** What every installation has of its own: secrets, tokens, and where its webhooks listen. */
const own: Readonly<Record<string, (object: ApiObject) => boolean>> = {
  configmaps: (object) => isNamed(object, installation.config),
  secrets: (object) => isNamed(object, installation.secret) || object['type'] === 'kubernetes.io/service-account-token',
  'clusterconfigurations.installer.kubesphere.io': () => true,
  'validatingwebhookconfigurations.admissionregistration.k8s.io': () => true,
};

/** An API server, and how KubeSphere is to be started on it. */
interface Begun<Server> {
  readonly server: Server;
  readonly options: KubeSphereOptions;
}

/** What clusters of the same kind have in common. */
const kindOf = ({ role, version, workspaces }: SandboxClusterSpec): string =>
  JSON.stringify([role, version, workspaces]);

/** Whether a cluster has something of its own beyond what is taken out of images. */
const isItself = ({ role, adminPassword }: SandboxClusterSpec): boolean =>
  role === 'host' || adminPassword !== undefined;

/**
 * Starts clusters that are alike: the first of a kind is installed, the others are made after its image. A host stores a way to
 * itself in many places, and is always installed; so is a cluster with a password of its own.
 */
export class Images {
  readonly #alike: ReadonlySet<string>;
  readonly #images = new Map<string, Promise<StoreCapture>>();

  constructor(specs: readonly SandboxClusterSpec[]) {
    const kinds = Map.groupBy(
      specs.filter((spec) => !isItself(spec)),
      kindOf,
    );
    this.#alike = new Set([...kinds].filter(([, { length }]) => length > 1).map(([kind]) => kind));
  }

  /**
   * Starts KubeSphere on the server that `begin` starts, with an image in it or without; `fill` makes the first of a kind what all of
   * them shall be.
   */
  async start<Server extends Pick<ApiServer, 'capture'>>(
    spec: SandboxClusterSpec,
    begin: (image?: StoreCapture) => Promise<Begun<Server>>,
    fill: (first: KubeSphere) => Promise<void>,
  ): Promise<Begun<Server> & { readonly kubeSphere: KubeSphere }> {
    const kind = kindOf(spec);
    const install = async () => {
      const begun = await begin();
      const kubeSphere = await startKubeSphere(begun.options);
      try {
        await fill(kubeSphere);
      } catch (error) {
        await Promise.allSettled([kubeSphere[Symbol.asyncDispose]()]);
        throw error;
      }
      return { ...begun, kubeSphere };
    };
    if (isItself(spec) || !this.#alike.has(kind)) return install();
    const image = this.#images.get(kind);
    if (image === undefined) {
      const installing = install();
      const taken = installing.then(({ server }) => server.capture());
      // Whoever started the first is told; the others may never be begun, and nobody ask for the image.
      taken.catch(() => {});
      this.#images.set(kind, taken);
      return installing;
    }
    const begun = await begin(copyOf(await image));
    return { ...begun, kubeSphere: await runKubeSphere(begun.options, installConfiguration) };
  }
}

/**
 * What another cluster looks like that was installed the same way: the same objects under UIDs of their own, without what every
 * installation has of its own. Installing hundreds of clusters one by one would take minutes.
 */
function copyOf(capture: StoreCapture): StoreCapture {
  const uids = new Map<string, string>();
  // One draw for all of them: of hundreds of thousands each took time and memory.
  const stem = randomUUID().slice(0, -12);
  const uidFor = (uid: string): string => {
    const known = uids.get(uid) ?? `${stem}${uids.size.toString(16).padStart(12, '0')}`;
    uids.set(uid, known);
    return known;
  };
  const copied = ({ metadata, ...rest }: ApiObject): ApiObject => {
    const { ownerReferences, uid } = metadata;
    const owners = ownerReferences?.map((owner) => Object.freeze({ ...owner, uid: uidFor(owner.uid) }));
    const own = owners === undefined ? {} : { ownerReferences: Object.freeze(owners) };
    // What is inside is frozen already and shared by all copies.
    return Object.freeze({ ...rest, metadata: Object.freeze({ ...metadata, uid: uidFor(uid), ...own }) }) as ApiObject;
  };
  return new Map(
    [...capture].map(([storage, objects]) => {
      const isOwn = own[storage] ?? (() => false);
      return [
        storage,
        new Map([...objects].filter(([, object]) => !isOwn(object)).map(([key, object]) => [key, copied(object)])),
      ];
    }),
  );
}
