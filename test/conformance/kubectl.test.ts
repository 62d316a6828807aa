import { describe, expect, it } from 'vitest';
import {
  createProjects,
  createSandbox,
  createUser,
  createWorkspace,
  observeProjects,
  startApiServer,
} from '../../src/testing/index.ts';
import { createFixtures } from './fixtures.ts';
import { kubectlScript } from './kubectl.ts';
import { hasKubectl, Kubectl, playKubectl } from './kubectl-play.ts';
import { Target } from './target.ts';

describe.skipIf(!hasKubectl)('kubectl', () => {
  it('works on an API server of the sandbox', { timeout: 300_000 }, async () => {
    await using server = await startApiServer({ name: 'sandbox', speed: 10 });
    await using target = new Target(server.kubeconfig);
    await createFixtures(target);
    const outcomes = await playKubectl(server.kubeconfig, kubectlScript);
    const amiss = outcomes.filter(({ code, stdout, stderr }, index) => {
      const call = kubectlScript[index];
      return code !== call?.code || (call.keep === undefined && !`${stdout}\n${stderr}`.includes(call.says));
    });
    expect(amiss).toEqual([]);
  });

  it("loses, by the page's three commands, the projects that were not named", { timeout: 120_000 }, async () => {
    await using sandbox = await createSandbox({ clusters: { m: { role: 'standalone' } }, speed: 50 });
    const { connection, kubeconfig } = sandbox.clusters.m;
    await createUser(connection, { name: 'manager' });
    await createWorkspace(connection, { name: 'team-a', manager: 'manager' });
    const names = ['named', 'forgotten', 'unknown'];
    await createProjects(connection, { workspace: 'team-a', names, creator: 'manager' });
    await using kubectl = await Kubectl.with(kubeconfig);
    const runs = [];
    for (const command of [
      'label ns named kubesphere.io/workspace-',
      'patch ns named -p {"metadata":{"ownerReferences":[]}} --type=merge',
      'delete workspacetemplate team-a',
      'wait --for=delete ns/forgotten ns/unknown --timeout=60s',
      'get ns named -o name',
    ]) {
      runs.push(await kubectl.run(command.split(' ')));
    }
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    expect(runs[2]?.stdout).toBe('workspacetemplate.tenant.kubesphere.io "team-a" deleted\n');
    expect(Object.keys(await observeProjects(connection, names))).toEqual(['named']);
  });

  it('is refused what RBAC does not give to whom its kubeconfig names', async () => {
    await using server = await startApiServer({ name: 'sandbox' });
    await using admin = await Kubectl.with(server.kubeconfig);
    await using jane = await Kubectl.with(server.kubeconfigFor({ user: 'jane' }));
    const asked = ['get', 'ns', '-o', 'name'];
    const refused = await jane.run(asked);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain(
      'Error from server (Forbidden): namespaces is forbidden: User "jane" cannot list resource "namespaces"',
    );
    await admin.run('create clusterrole looks --verb=list --resource=namespaces'.split(' '));
    await admin.run('create clusterrolebinding jane --clusterrole=looks --user=jane'.split(' '));
    expect(await jane.run(asked)).toMatchObject({ code: 0, stderr: '' });
  });
});
