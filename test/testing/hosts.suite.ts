import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { core } from '../../src/kube/resources.ts';
import { managedLabel, workspaceLabel } from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import {
  compareProjects,
  createUser,
  createWorkspace,
  joinCluster,
  observeProjects,
  type SeededMember,
  seedMember,
  until,
  untilFederated,
} from '../../src/testing/index.ts';
import type { Federation, Ground } from '../grounds.ts';
import {
  background,
  createFederatedProject,
  detach,
  forbidDelete,
  mark,
  patient,
  shutOut,
  slow,
  stripMarks,
  untilCollected,
  untilGone,
  workspaceUid,
} from './support.ts';

const workspaces = { 'team-a': 4, 'team-b': 2 } as const;
const names = Object.keys(workspaces);
const shared = 'everywhere';

/** Two hosts and one member that was standalone before it joined the first. */
export function describeHosts(ground: Ground): void {
  describe(`two hosts and a member, on ${ground.name}`, slow, () => {
    let federation: Federation<'a' | 'b' | 'm'>;
    let seeded: SeededMember;
    const a = () => federation.clusters.a.connection;
    const b = () => federation.clusters.b.connection;
    const m = () => federation.clusters.m.connection;
    const join = () => ({ name: 'm', kubeconfig: federation.clusters.m.kubeconfig });
    const uids = () => Promise.all(names.map((name) => workspaceUid(m(), name)));
    const project = async (name = shared) => (await m().get(core.namespaces, { name })).metadata;
    const plain = () => Object.values(seeded.projects).flat();

    beforeAll(async () => {
      federation = await ground.start({ a: { role: 'host' }, b: { role: 'host' }, m: { role: 'standalone' } });
      seeded = await seedMember({ host: a(), member: m(), ...join(), workspaces });
      await createFederatedProject(a(), { name: shared, workspace: 'team-a', cluster: 'm' });
      await until(
        'the multi-cluster project is on the member',
        async () => (await m().find(core.configMaps, { namespace: shared, name: 'shared' })) !== undefined,
        patient,
      );
    }, slow.timeout);
    afterAll(() => federation?.[Symbol.asyncDispose](), slow.timeout);

    it('seeds a member that the host adopted: same Workspaces and projects, templates of its own', async () => {
      expect(plain()).toHaveLength(6);
      for (const name of names) {
        const { metadata, spec } = await m().get(kubesphere.workspaces, { name });
        expect(metadata.labels?.[managedLabel]).toBe('true');
        expect(spec?.manager).toBe(seeded.managers[name]);
        expect(await m().find(kubesphere.workspaceTemplates, { name })).toBeDefined();
        for (const one of seeded.projects[name as keyof typeof workspaces] ?? []) {
          expect((await project(one)).ownerReferences?.[0]?.uid).toBe(metadata.uid);
        }
      }
    });

    it('is adopted in place by the second host: Workspaces keep their UID, and no project is written', async () => {
      const before = await observeProjects(m(), plain());
      const content = await m().get(core.configMaps, { namespace: shared, name: 'shared' });
      const { uid } = await project();
      const owners = await uids();
      for (const name of names) {
        const manager = `${name}-new-manager`;
        await createUser(b(), { name: manager });
        await createWorkspace(b(), { name, manager, clusters: ['m'] });
      }
      const shields = [
        await forbidDelete(m(), kubesphere.workspaces, names),
        await forbidDelete(m(), core.namespaces, [...plain(), shared]),
      ];
      await detach(a(), 'm');
      await shutOut(m(), 'm');
      await mark(m(), core.configMaps, { namespace: shared, name: 'shared' }, null);
      await mark(m(), core.namespaces, { name: shared }, null);
      await until(
        'the multi-cluster project is a plain one',
        async () => (await project()).ownerReferences?.[0]?.uid === owners[0],
        patient,
      );
      await joinCluster(b(), join());
      await untilFederated(b(), { name: 'm', workspaces: names });
      for (const name of names) {
        const { spec } = await m().get(kubesphere.workspaces, { name });
        expect(spec?.manager).toBe(`${name}-new-manager`);
      }
      for (const lift of shields) await lift();
      expect(await uids()).toEqual(owners);
      const after = compareProjects(before, await observeProjects(m(), plain()));
      expect(after).toMatchObject({ kept: plain(), lost: [], written: [], contents: { lost: [], changed: [] } });
      expect((await project()).uid).toBe(uid);
      const kept = await m().get(core.configMaps, { namespace: shared, name: 'shared' });
      expect(kept.metadata.uid).toBe(content.metadata.uid);

      const body = { spec: { template: { spec: { networkIsolation: true } } } };
      await b().patch(kubesphere.workspaceTemplates, { name: 'team-b' }, { type: 'merge', body });
      await until(
        "the second host's edit arrives",
        async () => (await m().get(kubesphere.workspaces, { name: 'team-b' })).spec?.networkIsolation === true,
        patient,
      );
    });

    it('is taken back by the first host just so, the manager and the multi-cluster project included', async () => {
      const before = await observeProjects(m(), plain());
      const content = await m().get(core.configMaps, { namespace: shared, name: 'shared' });
      const { uid } = await project();
      const owners = await uids();
      await detach(b(), 'm');
      await shutOut(m(), 'm');
      for (const name of names) {
        await b().delete(kubesphere.workspaceTemplates, { name }, background);
        await untilGone(b(), kubesphere.workspaceTemplates, { name });
      }
      await joinCluster(a(), join());
      await until(
        'everything is as before',
        async () => {
          const managers = await Promise.all(
            names.map(async (name) => (await m().get(kubesphere.workspaces, { name })).spec?.manager),
          );
          return (
            managers.every((manager, index) => manager === seeded.managers[names[index] ?? '']) &&
            (await project()).labels?.[managedLabel] === 'true'
          );
        },
        patient,
      );
      await untilFederated(a(), { name: 'm', workspaces: names });
      expect(await uids()).toEqual(owners);
      expect((await project()).uid).toBe(uid);
      expect((await m().get(core.configMaps, { namespace: shared, name: 'shared' })).metadata.uid).toBe(
        content.metadata.uid,
      );
      const after = compareProjects(before, await observeProjects(m(), plain()));
      expect(after).toMatchObject({ kept: plain(), lost: [], written: [], contents: { lost: [], changed: [] } });
    });

    it("retires the member's own template while its Workspace may not be deleted, and nothing else changes", async () => {
      const before = await observeProjects(m(), plain());
      const owners = await uids();
      const lift = await forbidDelete(m(), kubesphere.workspaces, names);
      await m().delete(kubesphere.workspaceTemplates, { name: 'team-b' }, background);
      // One reconcile after the other: once it has come to this one, the attempt to delete the Workspace is over.
      await createWorkspace(m(), { name: 'afterwards', manager: seeded.managers['team-b'] ?? '' });
      const body = { metadata: { finalizers: [] } };
      await m().patch(kubesphere.workspaceTemplates, { name: 'team-b' }, { type: 'merge', body });
      await untilGone(m(), kubesphere.workspaceTemplates, { name: 'team-b' });
      await lift();
      expect(await uids()).toEqual(owners);
      const roles = await m()
        .list(kubesphere.workspaceRoles, { labelSelector: `${workspaceLabel}=team-b` })
        .toArray();
      expect(roles.map(({ metadata }) => metadata.name)).toContain('team-b-admin');
      const after = compareProjects(before, await observeProjects(m(), plain()));
      expect(after).toMatchObject({ kept: plain(), lost: [], written: [] });
    });

    it('loses a project to a second host that has a multi-cluster project of that name elsewhere (H5)', async () => {
      await createFederatedProject(a(), { name: 'collides', workspace: 'team-a', cluster: 'm' });
      await createFederatedProject(b(), { name: 'collides', workspace: 'team-a', cluster: 'nowhere' });
      const at = { namespace: 'collides', name: 'shared' };
      await until('it is on the member', async () => (await m().find(core.configMaps, at)) !== undefined, patient);
      const { uid } = await project();
      for (const name of names) await createWorkspace(b(), { name, manager: `${name}-new-manager`, clusters: ['m'] });
      await detach(a(), 'm');
      await shutOut(m(), 'm');
      await joinCluster(b(), join());
      await untilGone(m(), core.namespaces, { name: 'collides' });
      // What the second host knows nothing of only loses its mark.
      await until('it is unmarked', async () => (await project()).labels?.[managedLabel] === undefined, patient);
      expect((await project()).uid).toBe(uid);
      expect(await m().find(core.configMaps, { namespace: shared, name: 'shared' })).toBeDefined();
    });

    it('moves the other way too: unbound, leftover Workspace orphaned, bound to another one on the new host', async () => {
      const moving = seeded.projects['team-b'] ?? [];
      const before = await observeProjects(m(), moving);
      await createWorkspace(a(), { name: 'team-c', manager: seeded.managers['team-b'] ?? '' });
      for (const name of moving) {
        const { uid, resourceVersion } = await project(name);
        const body = { metadata: { labels: { [workspaceLabel]: null }, ownerReferences: [] } };
        await m().patch(core.namespaces, { name }, { type: 'merge', body }, { uid, resourceVersion });
      }
      await detach(b(), 'm');
      await shutOut(m(), 'm');
      await stripMarks(m());
      const old = { name: 'team-b', uid: await workspaceUid(m(), 'team-b') };
      await m().delete(kubesphere.workspaces, { name: old.name }, { propagationPolicy: 'Orphan' });
      await untilGone(m(), kubesphere.workspaces, { name: old.name });
      await untilCollected(m(), old);
      await joinCluster(a(), join());
      const bodyOf = (clusters: object[]) => ({ spec: { placement: { clusters } } });
      await a().patch(
        kubesphere.workspaceTemplates,
        { name: 'team-c' },
        { type: 'merge', body: bodyOf([{ name: 'm' }]) },
      );
      await untilFederated(a(), { name: 'm', workspaces: ['team-c'] });
      const uid = await workspaceUid(m(), 'team-c');
      for (const name of moving) {
        const body = { metadata: { labels: { [workspaceLabel]: 'team-c' } } };
        await m().patch(core.namespaces, { name }, { type: 'merge', body });
      }
      const owned = async (name: string) => (await project(name)).ownerReferences?.[0]?.uid === uid;
      await until('all are bound', async () => (await Promise.all(moving.map(owned))).every((one) => one), patient);
      const after = compareProjects(before, await observeProjects(m(), moving));
      expect(after).toMatchObject({ kept: moving, lost: [], written: moving, contents: { lost: [], changed: [] } });
    });

    it('is fought over by two hosts: passwords alternate, and what one of them places elsewhere dies again and again', async () => {
      for (const [host, password] of [
        [a(), 'First1234'],
        [b(), 'Second1234'],
      ] as const) {
        await createUser(host, { name: 'torn', password });
      }
      await joinCluster(b(), join());
      const passwords: (string | undefined)[] = [];
      const projects = new Set<string>();
      await until(
        'password and project changed several times',
        async () => {
          const password = (await m().find(kubesphere.users, { name: 'torn' }))?.spec.password;
          if (password !== undefined && password !== passwords.at(-1)) passwords.push(password);
          const found = await m().find(core.namespaces, { name: 'collides' });
          if (found !== undefined) projects.add(found.metadata.uid);
          return passwords.length >= 4 && projects.size >= 2;
        },
        { ...patient, everyMs: 10 },
      );
      expect(new Set(passwords).size).toBe(2);
    });
  });
}
