import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { core } from '../../src/kube/resources.ts';
import { finalizers, namespaceLabel, workspaceLabel } from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { compareProjects, observeProjects, until } from '../../src/testing/index.ts';
import type { Federation, Ground } from '../grounds.ts';
import {
  addOrphanFlag,
  background,
  forbidDelete,
  localWorkspace,
  patient,
  slow,
  unbindAsThePageSays,
  untilCollected,
  untilGoing,
  untilGone,
  workspaceUid,
} from './support.ts';

/** One cluster with WorkspaceTemplates of its own: where the page's commands are typed. */
export function describeMember(ground: Ground): void {
  describe(`a member with workspaces of its own, on ${ground.name}`, slow, () => {
    let federation: Federation<'m'>;
    beforeAll(async () => {
      federation = await ground.start({ m: { role: 'standalone' } });
    }, slow.timeout);
    afterAll(() => federation?.[Symbol.asyncDispose](), slow.timeout);
    const m = () => federation.clusters.m.connection;
    const template = (name: string) => m().find(kubesphere.workspaceTemplates, { name });

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

    it("loses every project but those named, when the page's steps are typed", async () => {
      const names = await localWorkspace(m(), 'typed', 6);
      const named = names.slice(0, 2);
      const before = await observeProjects(m(), names);
      for (const name of named) await unbindAsThePageSays(m(), name);
      await m().delete(kubesphere.workspaceTemplates, { name: 'typed' }, background);
      await untilGone(m(), kubesphere.workspaceTemplates, { name: 'typed' });
      await untilGoing(m(), names.slice(2));
      const difference = compareProjects(before, await observeProjects(m(), names));
      expect(difference.kept).toEqual(named);
      expect(difference.lost).toEqual(names.slice(2));
      expect(difference.contents.kept).toBe(named.length * 6);
      for (const name of names.slice(2)) await untilGone(m(), core.namespaces, { name });
    });

    it('loses no project when the template bears the orphan finalizer', async () => {
      const names = await localWorkspace(m(), 'orphan', 6);
      const owner = { name: 'orphan', uid: await workspaceUid(m(), 'orphan') };
      const before = await observeProjects(m(), names);
      await addOrphanFlag(m(), 'orphan');
      await m().delete(kubesphere.workspaceTemplates, { name: 'orphan' }, background);
      await untilGone(m(), kubesphere.workspaces, { name: 'orphan' });
      await untilCollected(m(), owner);
      const after = await observeProjects(m(), names);
      expect(compareProjects(before, after)).toMatchObject({ kept: names, lost: [], contents: { lost: [] } });
      expect(Object.values(after).flatMap(({ ownerReferences }) => ownerReferences)).toEqual([]);
    });

    it('loses nothing under the shield; references dangle, and can be cleared before it is lifted', async () => {
      const names = await localWorkspace(m(), 'shielded', 4);
      const owner = { name: 'shielded', uid: await workspaceUid(m(), 'shielded') };
      const before = await observeProjects(m(), names);
      const lift = await forbidDelete(m(), core.namespaces, names);
      await m().delete(kubesphere.workspaceTemplates, { name: 'shielded' }, background);
      await untilGone(m(), kubesphere.workspaceTemplates, { name: 'shielded' });
      await untilGone(m(), kubesphere.workspaces, { name: 'shielded' });
      await untilCollected(m(), owner);
      const under = await observeProjects(m(), names);
      expect(compareProjects(before, under).lost).toEqual([]);
      expect(Object.values(under).every(({ ownerReferences }) => ownerReferences[0]?.uid === owner.uid)).toBe(true);
      for (const name of names) await unbindAsThePageSays(m(), name);
      await lift();
      await untilCollected(m(), owner);
      expect(compareProjects(before, await observeProjects(m(), names))).toMatchObject({ kept: names, lost: [] });
    });

    it('leaves a template Terminating whose Workspace may not be deleted, until its finalizers are cleared', async () => {
      const names = await localWorkspace(m(), 'refused', 3);
      const before = await observeProjects(m(), names);
      const uid = await workspaceUid(m(), 'refused');
      const lift = await forbidDelete(m(), kubesphere.workspaces, ['refused']);
      await m().create(kubesphere.helmReleases, {
        metadata: { name: 'witness', labels: { [workspaceLabel]: 'refused' } },
        spec: { name: 'witness' },
      });
      await m().delete(kubesphere.workspaceTemplates, { name: 'refused' }, background);
      // Apps go first: once this one is gone, the controller has come to the Workspace.
      await untilGone(m(), kubesphere.helmReleases, { name: 'witness' });
      expect((await template('refused'))?.metadata.deletionTimestamp).toBeDefined();
      const body = { metadata: { finalizers: [] } };
      await m().patch(kubesphere.workspaceTemplates, { name: 'refused' }, { type: 'merge', body });
      await untilGone(m(), kubesphere.workspaceTemplates, { name: 'refused' });
      expect(await workspaceUid(m(), 'refused')).toBe(uid);
      await lift();
      const difference = compareProjects(before, await observeProjects(m(), names));
      expect(difference).toMatchObject({ kept: names, lost: [], written: [] });
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

    it('binds a dangling label as soon as the Workspace appears', async () => {
      await m().create(core.namespaces, { metadata: { name: 'early', labels: { [workspaceLabel]: 'late' } } });
      await until(
        'the namespace was looked at',
        async () =>
          (await m().get(core.namespaces, { name: 'early' })).metadata.finalizers?.includes(finalizers.namespace),
        patient,
      );
      expect((await m().get(core.namespaces, { name: 'early' })).metadata.ownerReferences ?? []).toEqual([]);
      await localWorkspace(m(), 'late', 0);
      const uid = await workspaceUid(m(), 'late');
      await until(
        'the namespace is bound',
        async () => (await m().get(core.namespaces, { name: 'early' })).metadata.ownerReferences?.[0]?.uid === uid,
        patient,
      );
    });

    it('takes a label off that was set while the Workspace is Terminating, and does not bind it later', async () => {
      await localWorkspace(m(), 'going', 0);
      const hold = { metadata: { finalizers: ['kubesphere-federation/hold'] } };
      await m().patch(kubesphere.workspaces, { name: 'going' }, { type: 'merge', body: hold });
      await m().delete(kubesphere.workspaces, { name: 'going' }, background);
      await until(
        'the controller let go of the Workspace',
        async () =>
          !(await m().get(kubesphere.workspaces, { name: 'going' })).metadata.finalizers?.includes(
            finalizers.workspace,
          ),
        patient,
      );
      await m().create(core.namespaces, { metadata: { name: 'tardy', labels: { [workspaceLabel]: 'going' } } });
      await until(
        'the label is off',
        async () => (await m().get(core.namespaces, { name: 'tardy' })).metadata.labels?.[workspaceLabel] === undefined,
        patient,
      );
      expect((await m().get(core.namespaces, { name: 'tardy' })).metadata.ownerReferences ?? []).toEqual([]);
      await m().patch(
        kubesphere.workspaces,
        { name: 'going' },
        { type: 'merge', body: { metadata: { finalizers: [] } } },
      );
    });

    it('uninstalls the apps of a workspace although its template bears the orphan finalizer', async () => {
      const [name = ''] = await localWorkspace(m(), 'apps', 1);
      for (const app of ['labelled', 'detached']) {
        await m().create(core.deployments, {
          metadata: {
            namespace: name,
            name: app,
            labels: { 'app.kubernetes.io/managed-by': 'Helm' },
            annotations: { 'meta.helm.sh/release-name': app },
          },
          spec: {
            selector: { matchLabels: { app } },
            template: { metadata: { labels: { app } }, spec: { containers: [{ name: app, image: 'nginx:1.27' }] } },
          },
        });
        await m().create(core.secrets, {
          metadata: { namespace: name, name: `sh.helm.release.v1.${app}.v1`, labels: { owner: 'helm', name: app } },
          type: 'helm.sh/release.v1',
          data: { release: Buffer.from('{}').toString('base64') },
        });
        await m().create(kubesphere.helmReleases, {
          metadata: {
            name: app,
            labels: { 'kubesphere.io/namespace': name, ...(app === 'labelled' ? { [workspaceLabel]: 'apps' } : {}) },
          },
          spec: { name: app },
        });
        await until(
          'the release is watched over',
          async () =>
            (await m().get(kubesphere.helmReleases, { name: app })).metadata.finalizers?.includes(
              finalizers.helmRelease,
            ),
          patient,
        );
      }
      await addOrphanFlag(m(), 'apps');
      await m().delete(kubesphere.workspaceTemplates, { name: 'apps' }, background);
      await untilGone(m(), kubesphere.workspaceTemplates, { name: 'apps' });
      await untilGone(m(), kubesphere.helmReleases, { name: 'labelled' });
      await untilGone(m(), core.deployments, { namespace: name, name: 'labelled' });
      expect(await m().find(core.deployments, { namespace: name, name: 'detached' })).toBeDefined();
      expect(await m().find(kubesphere.helmReleases, { name: 'detached' })).toBeDefined();
    });
  });
}
