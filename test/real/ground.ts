import { connectCluster } from '../../src/kube/connect.ts';
import {
  installDefinitions,
  type KubeSphere,
  type SandboxClusterSpec,
  startKubeSphere,
} from '../../src/testing/index.ts';
import { asObserved, type Ground, type GroundCluster } from '../grounds.ts';
import { startControlPlanes } from './control-plane/start.ts';

/** Unmodified etcd, kube-apiserver and kube-controller-manager, with the sandbox's KubeSphere controllers attached. */
export const realGround: Ground = {
  name: 'real control planes',
  speed: 20,
  async start<const Name extends string>(specs: Readonly<Record<Name, SandboxClusterSpec>>) {
    const entries = Object.entries<SandboxClusterSpec>(specs);
    const planes = await startControlPlanes(Object.keys(specs), {
      // The garbage collector learns of new kinds only every 30 s: they have to be there when it starts.
      async prepare({ kubeconfig, name }) {
        await using connection = await connectCluster({ kubeconfig, name });
        await installDefinitions(connection, specs[name as Name]);
      },
    });
    const running: KubeSphere[] = [];
    const stop = async (): Promise<void> => {
      try {
        for (const one of running.splice(0)) await one[Symbol.asyncDispose]();
      } finally {
        await planes.stop();
      }
    };
    try {
      const clusters: [string, GroundCluster][] = await Promise.all(
        entries.map(async ([name, spec]): Promise<[string, GroundCluster]> => {
          const plane = planes.clusters[name];
          if (plane === undefined) throw new Error(`no control plane was started for ${name}`);
          const { kubeconfig, tokenKubeconfig } = plane;
          const kubeSphere = await startKubeSphere({ ...asObserved, ...spec, name, kubeconfig, speed: this.speed });
          running.push(kubeSphere);
          return [name, { ...kubeSphere, kubeconfig, tokenKubeconfig }];
        }),
      );
      return { clusters: Object.fromEntries(clusters) as Record<Name, GroundCluster>, [Symbol.asyncDispose]: stop };
    } catch (error) {
      await stop();
      throw error;
    }
  },
};
