import type { Listing } from '../kube/connection.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { kubesphere, type User } from '../kubesphere/resources.ts';
import type { CallOptions } from '../types.ts';
import type { FederationEnv } from './env.ts';
import { mapListing } from './listing.ts';

/** A person's account; without its password hash. */
export interface UserInfo {
  readonly name: string;
  readonly uid: string;
  readonly email: string;
  readonly state: string | undefined;
}

function infoOf({ metadata, spec, status }: User): UserInfo {
  return { name: metadata.name, uid: metadata.uid, email: spec.email, state: status?.state };
}

/** The users of a federation: the host's User objects, which kubefed copies to every member. */
export class Users {
  readonly #host: KubeSphereCluster;

  constructor(env: FederationEnv) {
    this.#host = env.host;
  }

  list(options?: CallOptions): Listing<UserInfo> {
    return mapListing(this.#host.connection.list(kubesphere.users, options), infoOf);
  }

  /** @throws ApiError `NOT_FOUND` */
  async get(name: string, options?: CallOptions): Promise<UserInfo> {
    return infoOf(await this.#host.connection.get(kubesphere.users, { name }, options));
  }
}
