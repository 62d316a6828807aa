import { credentialsExpire } from '../../kube/expiry.ts';
import { hostLabel } from '../../kubesphere/names.ts';
import type { Cluster, Condition } from '../../kubesphere/resources.ts';

/**
 * A finding of preflight that an import can be told to accept: a workspace of the host's takes over, or is refused for, one of the
 * member's of that name; a multi-cluster project takes over a namespace of its name; users of one name with two addresses, or two with one address.
 */
export type AcceptableFinding =
  | 'WORKSPACE_NAME'
  | 'WORKSPACE_CONFLICT'
  | 'PROJECT_NAME'
  | 'SAME_USER_NAME'
  | 'SAME_EMAIL';
export const acceptableFindings: readonly AcceptableFinding[] = [
  'WORKSPACE_NAME',
  'WORKSPACE_CONFLICT',
  'PROJECT_NAME',
  'SAME_USER_NAME',
  'SAME_EMAIL',
];

/** A cluster as its host knows it; without its credentials. */
export interface ClusterInfo {
  readonly name: string;
  /** UID of the Cluster object on the host. */
  readonly objectUid: string;
  readonly role: 'host' | 'member';
  readonly connection: 'direct' | 'proxy';
  /** The host says so; it says so for minutes after a member is gone, and before anything was synced (H18). */
  readonly ready: boolean;
  /** UID of the cluster's kube-system namespace: its identity. */
  readonly uid: string | undefined;
  readonly kubernetesVersion: string | undefined;
  readonly kubeSphereVersion: string | undefined;
  readonly conditions: readonly Condition[];
  /**
   * When the credentials in the stored kubeconfig end, as ISO 8601; `undefined` where they do not, or where that cannot be told. Nothing
   * else of the kubeconfig is told.
   */
  readonly kubeconfigExpires: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** Who may choose a cluster for a workspace: everybody, or those it was authorized for. */
export type Visibility = 'public' | 'private';

/** A change that `Clusters.watch` tells. */
export type ClusterEvent =
  | { readonly type: 'synced'; readonly clusters: readonly ClusterInfo[] }
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly cluster: ClusterInfo };

/** What `Clusters.import` needs. */
export type NewCluster = {
  /** A member that had a host before keeps its name (the v3.3 page: "you have to use the same cluster name"). */
  readonly name: string;
  readonly provider?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * The member bears the marks of a host that has let go of it, or is gone for good. Without this such a member is refused. It lifts no
   * other finding: what the former host left there, and this one would delete, has to be relabelled first.
   */
  readonly formerHostGone?: true;
  /** Findings of preflight that would stand against it, by their code: equal names that mean the same. @defaultValue none */
  readonly accept?: readonly AcceptableFinding[];
} & (
  | {
      readonly connection?: 'direct';
      /** Under which the host reaches the member: a path or YAML text. */
      readonly kubeconfig: string;
    }
  | {
      /** An agent on the member calls its host, which need not reach the member by itself. */
      readonly connection: 'agent';
      /**
       * Under which the member is reached from here, to see that no host holds it; the host never gets it. Left out only together with
       * `formerHostGone`: then nothing of the member is read, and no finding of preflight can stand against the import. Whether it is the
       * host itself, or is in the host already under another name, whether it has KubeSphere and the host's jwtSecret, whether its
       * workspaces, projects and users bear names that the host has, and what a former host left that this one would delete (H5): nobody
       * looks. Such an import is for a member that cannot be reached from here at all.
       */
      readonly kubeconfig?: string;
    }
);

/** A Cluster object without its credentials. */
export function infoOf({ metadata, spec, status }: Cluster): ClusterInfo {
  const labels = metadata.labels ?? {};
  return {
    name: metadata.name,
    objectUid: metadata.uid,
    role: hostLabel in labels ? 'host' : 'member',
    connection: spec.connection.type,
    ready: (status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True'),
    uid: status?.uid,
    kubernetesVersion: status?.kubernetesVersion,
    kubeSphereVersion: status?.kubeSphereVersion,
    conditions: status?.conditions ?? [],
    kubeconfigExpires:
      spec.connection.kubeconfig === undefined
        ? undefined
        : credentialsExpire(Buffer.from(spec.connection.kubeconfig, 'base64').toString()),
    labels,
  };
}
