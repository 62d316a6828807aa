/**
 * Starts a sandbox with so many members and projects in each, with `joined` one host besides that has all of them, and prints as JSON
 * what that took and the most memory that it had at once: one line, in a process of its own.
 */
import type { Connection } from '../../src/kube/connection.ts';
import { kubefedNamespace } from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { createSandbox, type SandboxClusterSpec, until } from '../../src/testing/index.ts';

const [members = 0, projects = 0] = process.argv.slice(2, 4).map(Number);
const joined = process.argv[4] === 'joined';
const spec: SandboxClusterSpec = { role: 'member', workspaces: { team: projects } };
const names = Array.from({ length: members }, (_, index) => `m${index + 1}`);
const specs: Readonly<Record<string, SandboxClusterSpec>> = {
  ...(joined ? { host: { role: 'host' } } : {}),
  ...Object.fromEntries(names.map((name) => [name, spec])),
};
const begun = performance.now();
await using sandbox = await createSandbox({ clusters: specs });
const { host, ...others } = sandbox.clusters;
if (host !== undefined) await joinAll(host.connection);
const startMs = performance.now() - begun;
const found = Object.values(others).map(
  ({ objects }) =>
    objects().filter(
      ({ kind, metadata }) => kind === 'Namespace' && metadata.labels?.['kubesphere.io/workspace'] === 'team',
    ).length,
);
console.log(
  JSON.stringify({
    members,
    joined,
    projects: found.reduce((sum, count) => sum + count, 0),
    startMs: Math.round(startMs),
    // Given in KiB on every system.
    peakMiB: Math.round(process.resourceUsage().maxRSS / 2 ** 10),
  }),
);

/** As joinCluster does with one; hundreds of those at once would ask so often that nothing else got done. */
async function joinAll(connection: Connection): Promise<void> {
  for (const [name, { clientCertificateKubeconfig }] of Object.entries(others)) {
    const kubeconfig = Buffer.from(clientCertificateKubeconfig).toString('base64');
    await connection.create(kubesphere.clusters, {
      metadata: { name },
      spec: { joinFederation: true, enable: true, provider: '', connection: { type: 'direct', kubeconfig } },
    });
  }
  await until(
    'KubeSphere and kubefed call every member ready',
    async () => {
      const lists = [
        await connection.list(kubesphere.clusters).toArray(),
        await connection.list(kubesphere.kubeFedClusters, { namespace: kubefedNamespace }).toArray(),
      ];
      return lists.every((list) => {
        const ready = list.filter(({ status }) =>
          status?.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True'),
        );
        return ready.filter(({ metadata }) => metadata.name in others).length === names.length;
      });
    },
    { timeoutMs: 600_000, everyMs: 1_000 },
  );
}
