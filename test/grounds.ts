import { type Clock, createSandbox, type KubeSphere, type SandboxClusterSpec } from '../src/testing/index.ts';

/** One cluster with KubeSphere on it, wherever its API server comes from. */
export interface GroundCluster extends Omit<KubeSphere, typeof Symbol.asyncDispose> {
  /** Administrator's kubeconfig with a client certificate, as KubeSphere 3.3 wants it for imports. */
  readonly kubeconfig: string;
  /** The same with a token. */
  readonly tokenKubeconfig: string;
}

/** Clusters that run until disposed. */
export interface Federation<Name extends string> extends AsyncDisposable {
  readonly clusters: Readonly<Record<Name, GroundCluster>>;
  /** The time that all of it lives in, where there is one. */
  readonly clock?: Clock;
}

/** Where contract suites run: the same suite on the sandbox's API servers and on real control planes. */
export interface Ground {
  readonly name: string;
  /** What KubeSphere's delays are divided by. */
  readonly speed: number;
  start<const Name extends string>(clusters: Readonly<Record<Name, SandboxClusterSpec>>): Promise<Federation<Name>>;
}

/** Clusters as kubesphere.md section 8 observed them: their hosts looked at every Cluster every 30 s. */
export const asObserved = { clusterResyncMs: 30_000 } as const;

/** The sandbox: everything in this process. */
export const sandboxGround: Ground = {
  name: 'sandbox',
  speed: 60,
  start: startSandbox,
};

/** The sandbox with Kubernetes before 1.30, which has no admission policies: shields are webhook configurations there. */
export const oldSandboxGround: Ground = {
  name: 'sandbox of Kubernetes 1.29',
  speed: sandboxGround.speed,
  start: (clusters) => startSandbox(clusters, { gitVersion: 'v1.29.9' }),
};

async function startSandbox<const Name extends string>(
  clusters: Readonly<Record<Name, SandboxClusterSpec>>,
  all: Partial<SandboxClusterSpec> = {},
): Promise<Federation<Name>> {
  const specs = Object.entries<SandboxClusterSpec>(clusters).map(([name, spec]) => [
    name,
    { ...asObserved, ...all, ...spec },
  ]);
  const sandbox = await createSandbox({ clusters: Object.fromEntries(specs), speed: sandboxGround.speed });
  const entries = Object.entries(sandbox.clusters).map(([name, cluster]) => [
    name,
    { ...cluster, kubeconfig: cluster.clientCertificateKubeconfig, tokenKubeconfig: cluster.kubeconfig },
  ]);
  return {
    clusters: Object.fromEntries(entries) as Record<Name, GroundCluster>,
    clock: sandbox.clock,
    [Symbol.asyncDispose]: sandbox.close,
  };
}
