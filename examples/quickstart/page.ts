import { observeProjects } from 'kubesphere-federation/testing';
import { observe, untilQuiet } from './observe.ts';
import type { Printer } from './print.ts';
import { followRecipe } from './recipe.ts';
import { speed, type World, workspaces } from './world.ts';

/** Real garbage collectors were done after 8 s: twice that without any change is the end of it, and never below a second. */
const quietMs = Math.max(1_000, 16_000 / speed);

/** Follows the v3.3 page with five of the 200 projects named, and reports what became of all of them. */
export async function followThePage(world: World, out: Printer, shield: boolean) {
  const { clusters, projects } = world;
  const all = Object.values(projects).flat();
  const named = Object.entries(projects).flatMap(([workspace, names], index) =>
    names.slice(0, index === 0 ? 3 : 2).map((name) => ({ name, workspace })),
  );
  const before = await observeProjects(clusters.m.connection, all);
  const steps: { name: string; durationMs: number }[] = [];
  const step = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    const begun = performance.now();
    await work();
    steps.push({ name, durationMs: Math.round(performance.now() - begun) });
    out.line(`  ${name}`);
  };

  out.heading(
    `The v3.3 page's three steps, naming ${named.map(({ name }) => name).join(', ')}${shield ? ', under a shield' : ''}`,
  );
  if (shield)
    await step('namespaces.protect: the API server of m refuses to delete any of the 200', () =>
      world.env.source.namespaces.protect({ cluster: 'm', names: all }),
    );
  const { a, b, m } = clusters;
  await followRecipe(
    {
      a: a.connection,
      b: b.connection,
      m: m.connection,
      kubeconfig: m.clientCertificateKubeconfig,
      workspaces: Object.keys(workspaces).map((name) => ({ name, manager: `${name}-manager` })),
      named,
    },
    {
      types: ({ name, title }, type) => step(name === 'before' ? title : `${name}: ${title}`, type),
      looks: ({ name }) =>
        name === 'step 2'
          ? step('(waiting until nothing is being deleted any more)', () => untilQuiet(world, quietMs))
          : untilQuiet(world, quietMs),
    },
  );

  out.heading('What the cluster says now');
  const { alive, lost, contents } = await observe(world, before);
  out.line(
    `${named.length} projects were named, ${alive.length} are alive, ${lost.length} are lost, and with them ${contents.lost} objects.`,
  );
  if (!shield)
    out.line(
      'Every project that was not named still had its Workspace as owner: Kubernetes deleted it with the Workspace. `npm start` moves all of them, and loses none.',
    );
  else
    out.line(
      'The API server refused every one of those deletions. Lift the shield only once no project names an owner that is gone: namespaces.unprotect checks that.',
    );
  return { projects: { named: named.length, alive: alive.length, lost: lost.length }, contents, steps };
}
