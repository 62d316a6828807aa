import type { KubeObject } from '../../kube/objects.ts';
import type { Condition } from './cluster.ts';

/** Selects by labels: every part must hold, and an empty one selects everything. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    /** Only for `In` and `NotIn`. */
    readonly values?: readonly string[];
  }[];
}

/**
 * Which clusters a federated object or a workspace lives on. `clusters`, when there, wins over the selector, even empty; without either
 * it lives nowhere (pkg/controller/sync/placement.go of kubefed).
 */
export interface Placement {
  /** By the names of their Cluster objects; the host's is `host`, unless its installation says otherwise. */
  readonly clusters?: readonly { readonly name: string }[];
  readonly clusterSelector?: LabelSelector;
}

/** What {@link WorkspaceTemplate} and FederatedWorkspace share. */
export interface FederatedSpec {
  readonly template: {
    readonly metadata?: {
      readonly labels?: Readonly<Record<string, string>>;
      readonly annotations?: Readonly<Record<string, string>>;
    };
    readonly spec?: { readonly manager?: string; readonly networkIsolation?: boolean };
  };
  readonly placement?: Placement;
  readonly overrides?: readonly object[];
}

/** The authoritative workspace, on the host; also on any cluster that was standalone or a host once. */
export interface WorkspaceTemplate extends KubeObject {
  readonly spec: FederatedSpec;
}

/** A workspace as it lives on one cluster; owner of its plain projects. */
export interface Workspace extends KubeObject {
  readonly spec?: { readonly manager?: string; readonly networkIsolation?: boolean };
}

/** Any kubefed object: what it propagates and what became of it on each cluster (`''` is well). */
export interface FederatedObject extends KubeObject {
  readonly spec: FederatedSpec | (Readonly<Record<string, unknown>> & { readonly placement?: Placement });
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly clusters?: readonly { readonly name: string; readonly status?: string }[];
  };
}

/**
 * A quota over all projects of a workspace on one cluster: `quota.kubesphere.io/v1alpha2`, cluster-scoped, on each cluster by itself. Its
 * controller makes the Workspace its one owner; it goes with that, except where the Workspace is deleted with orphan propagation.
 */
export interface WorkspaceResourceQuota extends KubeObject {
  readonly spec?: {
    readonly quota?: { readonly hard?: Readonly<Record<string, string>> };
    /** Labels of the projects that count: the workspace's. */
    readonly selector?: Readonly<Record<string, string>>;
  };
  readonly status?: { readonly total?: { readonly used?: Readonly<Record<string, string>> } };
}
