import type { KubeObject } from '../../kube/objects.ts';

/** One entry of `status.conditions`. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
  readonly lastUpdateTime?: string;
  readonly lastTransitionTime?: string;
}

/**
 * A member (or the host itself), on the host. Has no status subresource in 3.x: only PATCH it.
 * Its controller ignores it until `joinFederation` is true.
 */
export interface Cluster extends KubeObject {
  readonly spec: {
    readonly joinFederation?: boolean;
    readonly enable?: boolean;
    readonly provider?: string;
    readonly connection: {
      readonly type: 'direct' | 'proxy';
      readonly kubesphereAPIEndpoint?: string;
      readonly kubernetesAPIEndpoint?: string;
      /** Base64 of a kubeconfig: a secret. */
      readonly kubeconfig?: string;
      readonly token?: string;
    };
  };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly kubernetesVersion?: string;
    readonly kubeSphereVersion?: string;
    readonly nodeCount?: number;
    readonly configz?: Readonly<Record<string, boolean>>;
    /** UID of the member's kube-system namespace: the identity of the cluster. */
    readonly uid?: string;
  };
}

/** kubefed's view of a joined cluster, on the host in kube-federation-system. */
export interface KubeFedCluster extends KubeObject {
  readonly spec: {
    readonly apiEndpoint: string;
    readonly caBundle?: string;
    readonly secretRef: { readonly name: string };
  };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** The installation of KubeSphere 3.x on one cluster; schemaless. */
export interface ClusterConfiguration extends KubeObject {
  readonly spec: Readonly<Record<string, unknown>> & {
    readonly authentication?: { readonly jwtSecret?: string };
    readonly multicluster?: { readonly clusterRole?: 'none' | 'host' | 'member' };
  };
  readonly status?: Readonly<Record<string, unknown>>;
}
