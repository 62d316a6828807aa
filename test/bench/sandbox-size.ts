/** Starts a sandbox with so many members and projects in each, and prints as JSON what that took: one line, in a process of its own. */
import { createSandbox, type SandboxClusterSpec } from '../../src/testing/index.ts';

const [members, projects] = process.argv.slice(2).map(Number);
const spec: SandboxClusterSpec = { role: 'member', workspaces: { team: projects ?? 0 } };
const begun = performance.now();
await using sandbox = await createSandbox({
  clusters: Object.fromEntries(Array.from({ length: members ?? 0 }, (_, index) => [`m${index + 1}`, spec])),
});
const startMs = performance.now() - begun;
const found = Object.values(sandbox.clusters).map(
  ({ objects }) =>
    objects().filter(
      ({ kind, metadata }) => kind === 'Namespace' && metadata.labels?.['kubesphere.io/workspace'] === 'team',
    ).length,
);
const { rss } = process.memoryUsage();
console.log(
  JSON.stringify({
    members,
    projects: found.reduce((sum, count) => sum + count, 0),
    startMs: Math.round(startMs),
    rssMiB: Math.round(rss / 2 ** 20),
  }),
);
