/**
 * Switches a component on everywhere, one cluster after the other: `node examples/day-two/roll-out-component.ts` on the sandbox, with
 * `--kubeconfig host.yaml --component logging --first NAME` on your host.
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

const asks = { component: 'one that components.catalogue calls pluggable.', first: 'the cluster to begin with.' };

await withFederation(asks, async ({ federation, said = { component: 'logging', first: 'berlin' } }) => {
  // Whatever else is named here, `enable` refuses before it asks anything.
  const clusters = await rollOut(federation, said.component as PluggableName, said.first);
  console.log(`${said.component} runs on ${clusters.join(', ')}`);
});
