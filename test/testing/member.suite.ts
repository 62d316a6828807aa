import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { core } from '../../src/kube/resources.ts';
import { finalizers, namespaceLabel, workspaceLabel } from '../../src/kubesphere/names.ts';
import { until } from '../../src/testing/index.ts';
import type { Federation, Ground } from '../grounds.ts';
import { forbidDelete, localWorkspace, patient, slow, workspaceUid } from './support.ts';

/** One cluster with WorkspaceTemplates of its own: where the page's commands are typed. */
export function describeMember(ground: Ground): void {
  describe(`a member with workspaces of its own, on ${ground.name}`, slow, () => {
    let federation: Federation<'m'>;
    beforeAll(async () => {
      federation = await ground.start({ m: { role: 'standalone' } });
    }, slow.timeout);
    afterAll(() => federation?.[Symbol.asyncDispose](), slow.timeout);
    const m = () => federation.clusters.m.connection;

    it('binds a labelled namespace: finalizer, own name, owner, built-in roles, the creator as admin', async () => {
      const [name = ''] = await localWorkspace(m(), 'bound', 1);
      const { metadata } = await m().get(core.namespaces, { name });
      expect(metadata.finalizers).toContain(finalizers.namespace);
      expect(metadata.labels?.[namespaceLabel]).toBe(name);
      expect(metadata.ownerReferences).toEqual([
        expect.objectContaining({ kind: 'Workspace', uid: await workspaceUid(m(), 'bound'), controller: true }),
      ]);
      const roles = await m().list(core.roles, { namespace: name }).toArray();
      expect(roles.map((role) => role.metadata.name).sort()).toEqual(['admin', 'operator', 'viewer']);
      const creator = await m().get(core.roleBindings, { namespace: name, name: 'bound-manager-admin' });
      expect(creator.roleRef.name).toBe('admin');
    });

    it('removes workspace and owner by label alone, keeps foreign owners, and puts a removed owner back', async () => {
      const [name = ''] = await localWorkspace(m(), 'owners', 1);
      const foreign = await m().create(core.configMaps, {
        metadata: { namespace: 'default', name: 'foreign' },
        data: {},
      });
      const uid = await workspaceUid(m(), 'owners');
      const owners = async () => (await m().get(core.namespaces, { name })).metadata.ownerReferences ?? [];
      const { metadata: before } = await m().get(core.namespaces, { name });
      const reference = {
        apiVersion: 'tenant.kubesphere.io/v1alpha1',
        kind: 'Cluster',
        name: 'x',
        uid: foreign.metadata.uid,
      };
      expect(before.ownerReferences?.[0]?.uid).toBe(uid);

      await m().patch(core.namespaces, { name }, { type: 'merge', body: { metadata: { ownerReferences: [] } } });
      await until('the owner is back', async () => (await owners())[0]?.uid === uid, patient);

      const lift = await forbidDelete(m(), core.namespaces, [name]);
      const body = {
        metadata: { ownerReferences: [...(await owners()), reference], labels: { [workspaceLabel]: null } },
      };
      await m().patch(core.namespaces, { name }, { type: 'merge', body });
      await until(
        'the workspace is no longer an owner',
        async () => (await owners()).every((one) => one.uid !== uid),
        patient,
      );
      expect(await owners()).toEqual([reference]);
      await m().patch(core.namespaces, { name }, { type: 'merge', body: { metadata: { ownerReferences: [] } } });
      await lift();
    });
  });
}
