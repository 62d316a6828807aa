import type { Cluster } from '../../kubesphere/resources.ts';
import type { SandboxVersion } from '../attach.ts';
import type { User } from '../server/call.ts';
import type { KubeClient } from './kube.ts';
import type { Passwords } from './passwords.ts';
import type { Attributes } from './request-info.ts';
import type { Settings } from './settings.ts';
import type { Tokens } from './tokens.ts';
import type { Upstream } from './upstream.ts';

/** What every part of one cluster's gateway is given. */
export interface GatewayContext {
  readonly version: SandboxVersion;
  /** The cluster's API server, as ks-apiserver's clients see it. */
  readonly kube: KubeClient;
  /** The cluster's API server, for requests that are passed on. */
  readonly upstream: Upstream;
  readonly tokens: Tokens;
  readonly passwords: Passwords;
  readonly members: Members;
  /** As they are now: objects are the source of truth, and nothing is kept. */
  settings(): Promise<Settings>;
  allowed(user: User, wish: Wish): Promise<boolean>;
}

/** Ways to other clusters. */
export interface Members extends AsyncDisposable {
  /** The API server of a Cluster, by what the object stores. @throws FederationError `KUBECONFIG_INVALID` */
  cluster(cluster: Cluster): Promise<Upstream>;
  /** The API server of any kubeconfig, until the caller disposes it. @throws FederationError `KUBECONFIG_INVALID` */
  open(kubeconfig: string): Promise<Upstream>;
  /** Another gateway by its address. @throws TypeError for what is no address */
  gateway(address: string): Pick<Upstream, 'send'>;
}

/** What rights are asked for; what is not named is empty. */
export type Wish = Partial<Attributes> & Pick<Attributes, 'verb'>;
