import { describe, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { managedLabel, notificationNamespace } from '../../../src/kubesphere/names.ts';
import { kubesphere, type Placement } from '../../../src/kubesphere/resources.ts';
import { createUser, createWorkspace, until } from '../../../src/testing/index.ts';
import { all, background, blocked, during, refused, scene } from './kit.ts';

describe('a plan is blocked by what the new host has already', () => {
  test('while a workspace would become another one of the member', async () => {
    await blocked('SAME_TARGET', /"team-b" would become "team-b", as another/, {
      retain: 'all',
      workspaces: { 'team-a': { to: 'team-b' } },
    });
  });

  test('while the new host has things placed on a cluster of this name', async () => {
    const { connection } = scene.clusters.b;
    const at = { namespace: 'inherited', name: 'inherited' };
    await during(
      async () => {
        await createWorkspace(connection, { name: 'old', manager: 'team-a-manager', clusters: ['m'] });
        await connection.create(core.namespaces, { metadata: { name: 'inherited' } });
        await connection.create(kubesphere.federatedNamespaces, {
          metadata: at,
          spec: { template: {}, placement: { clusters: [{ name: 'm' }] } },
        });
      },
      async () => {
        await connection.delete(kubesphere.federatedNamespaces, at, background);
        await connection.delete(core.namespaces, { name: 'inherited' }, background);
        await connection.delete(kubesphere.workspaceTemplates, { name: 'old' }, background);
      },
      async () => {
        await blocked('INHERITED_PLACEMENT', /old of b.*Take "m" out of their placement/s);
        await blocked('INHERITED_PROJECTS', /inherited of b are multi-cluster projects/);
      },
    );
  });

  test('while the new host has a multi-cluster project named like a project of the member', async () => {
    const { connection } = scene.clusters.b;
    const at = { namespace: 'team-a-001', name: 'team-a-001' };
    await during(
      async () => {
        await connection.create(core.namespaces, { metadata: { name: at.name } });
        await connection.create(kubesphere.federatedNamespaces, {
          metadata: at,
          spec: { template: {}, placement: { clusters: [] } },
        });
      },
      async () => {
        await connection.delete(kubesphere.federatedNamespaces, at, background);
        await connection.delete(core.namespaces, { name: at.name }, background);
      },
      () => blocked('PROJECT_NAME', /named like projects of the member: team-a-001/s),
    );
  });

  test('while a multi-cluster project of the new host would take over what is no project of the member', async () => {
    const { b, m } = scene.clusters;
    const names = ['chosen', 'apart', 'istio-system'];
    const placements: Readonly<Record<string, Placement>> = {
      chosen: { clusterSelector: {} },
      // kubefed leaves that namespace alone, and writes into it all the same.
      apart: { clusterSelector: { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] } },
      'istio-system': { clusterSelector: {} },
      elsewhere: { clusterSelector: { matchLabels: { tier: 'gold' } } },
      unknown: { clusterSelector: {} },
      // Every host has that one, by its installer.
      [notificationNamespace]: { clusterSelector: {} },
    };
    const labelled = new Map([['apart', { [managedLabel]: 'false' }]]);
    const onM = [...names, 'elsewhere'];
    const made: (() => Promise<unknown>)[] = [];
    const namespace = async ({ connection }: typeof m, name: string, labels = {}): Promise<void> => {
      if ((await connection.find(core.namespaces, { name })) !== undefined) return;
      await connection.create(core.namespaces, { metadata: { name, labels } });
      made.unshift(() => connection.delete(core.namespaces, { name }, background));
    };
    await during(
      async () => {
        for (const name of onM) await namespace(m, name, labelled.get(name));
        for (const [name, placement] of Object.entries(placements)) {
          await namespace(b, name);
          const metadata = { namespace: name, name };
          await b.connection.create(kubesphere.federatedNamespaces, { metadata, spec: { template: {}, placement } });
          made.unshift(() => b.connection.delete(kubesphere.federatedNamespaces, metadata, background));
        }
      },
      async () => {
        for (const remove of made) await remove();
      },
      async () => {
        const error = String(await refused(all));
        expect(error).toMatch(/\[PROJECT_NAME\] Namespace\(s\) [^.]* are on m, and b has multi-cluster projects/);
        const [, taken = ''] = /Namespace\(s\) ([^.]*) are on m/.exec(error) ?? [];
        expect(taken.split(', ').sort()).toEqual([...names].sort());
        expect(error).toMatch(/a list of clusters without "m" \(federation\.namespaces\.setFederatedPlacement on b\)/);
      },
    );
    for (const name of onM.filter((name) => name !== 'istio-system'))
      await until('it is gone', async () => !(await m.connection.find(core.namespaces, { name })));
  });

  test('while a multi-cluster project of the new host would take a project over by its selector; it is told once', async () => {
    const { connection } = scene.clusters.b;
    const at = { namespace: 'team-a-001', name: 'team-a-001' };
    await during(
      async () => {
        await connection.create(core.namespaces, { metadata: { name: at.name } });
        await connection.create(kubesphere.federatedNamespaces, {
          metadata: at,
          spec: { template: {}, placement: { clusterSelector: {} } },
        });
      },
      async () => {
        await connection.delete(kubesphere.federatedNamespaces, at, background);
        await connection.delete(core.namespaces, { name: at.name }, background);
      },
      async () => {
        await blocked('PROJECT_NAME', /named like projects of the member: team-a-001/);
        expect(String(await refused(all)).match(/\[PROJECT_NAME\]/g)).toHaveLength(1);
      },
    );
  });

  test('while one user name stands for two people', async () => {
    const { b, m } = scene.clusters;
    await during(
      async () => {
        await createUser(b.connection, { name: 'carol', email: 'carol@one.example' });
        await createUser(m.connection, { name: 'carol', email: 'carol@two.example' });
      },
      () =>
        Promise.all([b, m].map(({ connection }) => connection.delete(kubesphere.users, { name: 'carol' }, background))),
      () => blocked('SAME_USER_NAME', /carol: user\(s\) with the same name but another e-mail/),
    );
  });
});
