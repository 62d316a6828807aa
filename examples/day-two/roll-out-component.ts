/**
 * Switches a component on everywhere, one cluster after the other: `node examples/day-two/roll-out-component.ts [--kubeconfig host.yaml]`.
 * The first that does not get there ends the roll-out; those before it stay as they are.
 */
import type { Federation, PluggableName } from 'kubesphere-federation';
import { withFederation } from './with-federation.ts';

/** Answers the clusters that have the component now. */
export async function rollOut(
  federation: Federation,
  component: PluggableName,
  first: string,
): Promise<readonly string[]> {
  const members: string[] = [];
  for await (const { name, role, ready } of federation.clusters.list())
    if (role === 'member' && ready) members.push(name);
  const order = [first, ...members.filter((name) => name !== first)];
  for (const cluster of order) {
    const [outcome] = await federation.components.enable(component, { clusters: [cluster] });
    console.log(
      `${cluster}: ${component} ${outcome?.outcome === 'already' ? 'is on' : 'ordered'}, waiting for the installer`,
    );
    await federation.components.waitUntilReady(component, { clusters: [cluster] });
    console.log(`${cluster}: ${component} is installed`);
  }
  return order;
}

await withFederation(async ({ federation }) => {
  const clusters = await rollOut(federation, 'logging', 'berlin');
  console.log(`logging runs on ${clusters.join(', ')}`);
});
