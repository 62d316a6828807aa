import { describe, expect, it } from 'vitest';
import { startApiServer } from '../../src/testing/index.ts';
import { createFixtures } from '../conformance/fixtures.ts';
import { kubectlScript } from '../conformance/kubectl.ts';
import { hasKubectl, playKubectl } from '../conformance/kubectl-play.ts';
import { kubectlAllowed, steadyOutcomes } from '../conformance/kubectl-steady.ts';
import { Target } from '../conformance/target.ts';
import { startControlPlanes } from './control-plane/start.ts';

async function prepare({ tokenKubeconfig }: { readonly tokenKubeconfig: string }): Promise<void> {
  await using target = new Target(tokenKubeconfig);
  await createFixtures(target);
}

describe('kubectl', () => {
  it.skipIf(!hasKubectl)('prints and exits on the sandbox as it does on a real API server', async () => {
    await using planes = await startControlPlanes(['real'], { prepare });
    await using server = await startApiServer({ name: 'sandbox', speed: 10 });
    await prepare({ tokenKubeconfig: server.kubeconfig });
    const real = steadyOutcomes(await playKubectl(planes.clusters.real.tokenKubeconfig, kubectlScript));
    const sandbox = steadyOutcomes(await playKubectl(server.kubeconfig, kubectlScript));
    const differing = sandbox.flatMap((found, index) => {
      const expected = real[index];
      return JSON.stringify(found) === JSON.stringify(expected) ? [] : [{ command: found.command, expected, found }];
    });
    const allowed = new Set(kubectlAllowed.map(({ command }) => command));
    expect(differing.filter(({ command }) => !allowed.has(command))).toEqual([]);
    // What differs no more has to leave the list.
    expect([...allowed].filter((command) => !differing.some((one) => one.command === command))).toEqual([]);
    expect(real.map(({ code }) => code)).toEqual(kubectlScript.map(({ code }) => code));
  });
});
