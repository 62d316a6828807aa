import { core, kubesphere } from 'kubesphere-federation';
import { createWorkspace, joinCluster, observeProjects, until } from 'kubesphere-federation/testing';
import { observe, untilQuiet } from './observe.ts';
import type { Printer } from './print.ts';
import { speed, type World, workspaces } from './world.ts';

/** Real garbage collectors were done after 8 s: twice that without any change is the end of it, and never below a second. */
const quietMs = Math.max(1_000, 16_000 / speed);

/** Takes the Cluster object off host a, as one does before another host imports the member. */
async function unbindCluster({ clusters: { a } }: World): Promise<void> {
  await a.connection.delete(kubesphere.clusters, { name: 'm' }, { propagationPolicy: 'Background' });
  await until(
    'cluster m is gone from a',
    async () => (await a.connection.find(kubesphere.clusters, { name: 'm' })) === undefined,
  );
}

/** Step 1: kubectl label ns NAME kubesphere.io/workspace- && kubectl patch ns NAME -p '{"metadata":{"ownerReferences":[]}}' */
async function unbindProjects({ clusters: { m } }: World, names: readonly string[]): Promise<void> {
  for (const name of names)
    for (const metadata of [{ labels: { 'kubesphere.io/workspace': null } }, { ownerReferences: [] }])
      await m.connection.patch(core.namespaces, { name }, { type: 'merge', body: { metadata } });
}

/** Step 2: kubectl delete workspacetemplate NAME. It answers at once; what it does, it does afterwards. */
async function clearWorkspaces({ clusters: { m } }: World): Promise<void> {
  for (const name of Object.keys(workspaces))
    await m.connection.delete(kubesphere.workspaceTemplates, { name }, { propagationPolicy: 'Background' });
}

/** Step 3: the workspaces on host b, the member in b, and kubectl label ns NAME kubesphere.io/workspace=WORKSPACE */
async function bindProjects({ clusters: { b, m } }: World, named: ReadonlyMap<string, string>): Promise<void> {
  for (const name of Object.keys(workspaces))
    await createWorkspace(b.connection, { name, manager: `${name}-manager`, clusters: ['m'] });
  await joinCluster(b.connection, { name: 'm', kubeconfig: m.clientCertificateKubeconfig });
  for (const [name, workspace] of named)
    await m.connection.patch(
      core.namespaces,
      { name },
      { type: 'merge', body: { metadata: { labels: { 'kubesphere.io/workspace': workspace } } } },
    );
}

/** Follows the v3.3 page with five of the 200 projects named, and reports what became of all of them. */
export async function followThePage(world: World, out: Printer, shield: boolean) {
  const { clusters, projects } = world;
  const all = Object.values(projects).flat();
  const named = new Map(
    Object.entries(projects).flatMap(([workspace, names], index) =>
      names.slice(0, index === 0 ? 3 : 2).map((name) => [name, workspace] as const),
    ),
  );
  const before = await observeProjects(clusters.m.connection, all);
  const steps: { name: string; durationMs: number }[] = [];
  const step = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    const begun = performance.now();
    await work();
    steps.push({ name, durationMs: Math.round(performance.now() - begun) });
    out.line(`  ${name}`);
  };

  out.heading(`The v3.3 page's three steps, naming ${[...named.keys()].join(', ')}${shield ? ', under a shield' : ''}`);
  if (shield)
    await step('namespaces.protect: the API server of m refuses to delete any of the 200', () =>
      world.env.source.namespaces.protect({ cluster: 'm', names: all }),
    );
  await step('kubectl delete cluster m, on host a', () => unbindCluster(world));
  await step('step 1: kubectl label ns … kubesphere.io/workspace- && kubectl patch ns … ownerReferences: []', () =>
    unbindProjects(world, [...named.keys()]),
  );
  await step('step 2: kubectl delete workspacetemplate team-a team-b', () => clearWorkspaces(world));
  await step('(waiting until nothing is being deleted any more)', () => untilQuiet(world, quietMs));
  await step('step 3: workspaces on host b, m imported into b, kubectl label ns … kubesphere.io/workspace=…', () =>
    bindProjects(world, named),
  );
  await untilQuiet(world, quietMs);

  out.heading('What the cluster says now');
  const { alive, lost, contents } = await observe(world, before);
  out.line(
    `${named.size} projects were named, ${alive.length} are alive, ${lost.length} are lost, and with them ${contents.lost} objects.`,
  );
  if (!shield)
    out.line(
      'Every project that was not named still had its Workspace as owner: Kubernetes deleted it with the Workspace. `npm start` moves all of them, and loses none.',
    );
  else
    out.line(
      'The API server refused every one of those deletions. Lift the shield only once no project names an owner that is gone: namespaces.unprotect checks that.',
    );
  return { projects: { named: named.size, alive: alive.length, lost: lost.length }, contents, steps };
}
