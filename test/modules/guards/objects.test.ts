import { describe, expect, test } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { core } from '../../../src/kube/resources.ts';
import { managedLabel, unboundAnnotation, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { observeChanges } from '../../../src/modules/changes.ts';
import { bindProject, unbindProject } from '../../../src/modules/operations/bind-project.ts';
import { setLabel } from '../../../src/modules/operations/set-label.ts';
import { create, edit, remove } from '../../../src/modules/work.ts';
import { background, cluster, given, ours, ownedBy, refusal, sandbox, there, work } from './kit.ts';

describe('remove', () => {
  const target = (uid: string) => ({ cluster, resource: core.namespaces, name: { name: 'n' }, uid, ...background });

  test('leaves another object of the same name alone', async () => {
    await given(core.namespaces, { name: 'n' });
    await remove(work, target('other'));
    expect((await cluster.connection.get(core.namespaces, { name: 'n' })).metadata.deletionTimestamp).toBeUndefined();
  });

  test('deletes only the state it judged: one that changes in between is judged again, by who still drives', async () => {
    const { uid } = await given(core.namespaces, { name: 'n' });
    let confirmed = 0;
    let looked = 0;
    const confirmDriver = async (): Promise<void> => {
      confirmed += 1;
    };
    const touching = remove(
      { ...work, confirmDriver },
      {
        ...target(uid),
        still: () => {
          looked += 1;
          if (looked > 1) throw new FederationError('WORLD_MOVED', 'not any more');
          void changing;
        },
      },
    );
    const changing = cluster.connection.patch(
      core.namespaces,
      { name: 'n' },
      { type: 'merge', body: { metadata: { labels: { a: 'b' } } } },
    );
    const lift = sandbox.clusters.c.intercept(({ verb, name }) =>
      verb === 'delete' && name === 'n' ? { delayMs: 200 } : undefined,
    );
    await expect(touching).rejects.toMatchObject({ code: 'WORLD_MOVED' });
    lift();
    expect(confirmed).toBe(1);
    expect((await cluster.connection.get(core.namespaces, { name: 'n' })).metadata.deletionTimestamp).toBeUndefined();
  });
});

describe('a project that somebody put into another workspace meanwhile', () => {
  test('is left there, by binding and by both ways back', async () => {
    const { uid } = await given(core.namespaces, { name: 'n1', labels: { [workspaceLabel]: 'theirs' } } as never);
    await given(kubesphere.workspaces, { name: 'w' });
    const project = { name: 'n1', uid };
    const refused = refusal('WORLD_MOVED', /"n1" is in workspace "theirs" by now/);
    await expect(bindProject(cluster, project, 'w').run(work, { note: null })).rejects.toMatchObject(refused);
    await expect(bindProject(cluster, project, 'w').compensate(work, { note: null }, undefined)).rejects.toMatchObject(
      refused,
    );
    await expect(unbindProject(cluster, project).compensate(work, { workspace: 'w' }, undefined)).rejects.toMatchObject(
      refused,
    );
    expect((await cluster.connection.get(core.namespaces, { name: 'n1' })).metadata.labels?.[workspaceLabel]).toBe(
      'theirs',
    );
  });
});

describe('a driver that no longer holds what it writes to', () => {
  const lost = { ...work, assertHeld: async () => Promise.reject(new FederationError('DRIVER_LOST', 'overtaken')) };

  test('writes nothing: neither an edit, nor a create, nor a delete', async () => {
    const { uid } = await given(core.namespaces, { name: 'n1' });
    const target = { cluster, resource: core.namespaces, name: { name: 'n1' }, uid };
    const overtaken = { code: 'DRIVER_LOST' };
    await expect(
      edit(lost, target, () => ({ type: 'merge', body: { metadata: { labels: { x: 'y' } } } })),
    ).rejects.toMatchObject(overtaken);
    await expect(remove(lost, { ...target, propagationPolicy: 'Orphan' })).rejects.toMatchObject(overtaken);
    await expect(create(lost, cluster, core.namespaces, { metadata: { name: 'n2' } })).rejects.toMatchObject(overtaken);
    const { metadata } = await cluster.connection.get(core.namespaces, { name: 'n1' });
    expect([metadata.labels?.['x'], metadata.deletionTimestamp, await there(core.namespaces, 'n2')]).toEqual([
      undefined,
      undefined,
      false,
    ]);
  });
});

describe('binding and unbinding', () => {
  test('touch the very project only, and only out of the workspace it was counted in', async () => {
    const { uid } = await given(core.namespaces, { name: 'n1', labels: { [workspaceLabel]: 'w2' } } as never);
    const other = { name: 'n1', uid: 'other' };
    for (const operation of [unbindProject(cluster, other), bindProject(cluster, other, 'w')])
      await expect(operation.forecast(work)).rejects.toMatchObject(
        refusal('KEPT_AT_RISK', /another one under the same name/),
      );
    await expect(unbindProject(cluster, other).run(work, { workspace: 'w2' })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    await expect(unbindProject(cluster, { name: 'n1', uid }).run(work, { workspace: 'w1' })).rejects.toMatchObject(
      refusal('WORLD_MOVED', /was in workspace "w1" and is in "w2" now/),
    );
    expect((await cluster.connection.get(core.namespaces, { name: 'n1' })).metadata.labels).toHaveProperty(
      [workspaceLabel],
      'w2',
    );
  });
});

describe('a project that bears no label, and that a Workspace owns still', () => {
  test('is unbound all the same: the garbage collector heeds owners, not labels', async () => {
    const workspace = await given(kubesphere.workspaces, { name: 'w' });
    const owned = ownedBy('Workspace', 'tenant.kubesphere.io/v1alpha1', workspace);
    const { uid } = await given(core.namespaces, { name: 'n1', ...owned } as never);
    const unbinding = unbindProject(cluster, { name: 'n1', uid });
    const forecast = await unbinding.forecast(work);
    const intends = forecast.effect === 'change' ? forecast.changes : [];
    expect(intends).toMatchObject([
      {
        before: { '/metadata/ownerReferences': [{ kind: 'Workspace', uid: workspace.uid }] },
        after: { '/metadata/ownerReferences': null },
      },
    ]);
    // What a resume compares is what was foreseen.
    const seen = () => observeChanges(async () => cluster, { intends, runId: 'run-1', signal: work.signal });
    expect(await seen()).toEqual(intends.map(({ before }) => before));
    await unbinding.run(work, await unbinding.capture(work));
    await unbinding.verify(work, { workspace: null }, undefined);
    expect(await seen()).toEqual(intends.map(({ after }) => after));
    const { metadata } = await cluster.connection.get(core.namespaces, { name: 'n1' });
    expect(metadata.ownerReferences ?? []).toEqual([]);
    expect(JSON.parse(metadata.annotations?.[unboundAnnotation] ?? '')).toMatchObject({ workspace: 'w' });
    expect(await unbinding.forecast(work)).toMatchObject({ effect: 'none' });
  });
});

describe('taking a label off', () => {
  test('is nothing where the object is gone, and is put back on the very object only', async () => {
    const object = { name: 'ghost', uid: 'u' };
    const dropping = setLabel(cluster, kubesphere.users, object, { label: managedLabel, to: null, heirs: true });
    await dropping.run(work, { value: 'true' });
    await given(kubesphere.users, { name: 'ghost' }, { spec: { email: 'g@example.com' } });
    await dropping.compensate(work, { value: 'true' }, undefined);
    expect(
      (await cluster.connection.get(kubesphere.users, { name: 'ghost' })).metadata.labels ?? {},
    ).not.toHaveProperty([managedLabel]);
  });
});

describe('what the engine is told of an object', () => {
  const look = async (verb: 'create' | 'update' | 'delete', resource: object) =>
    (
      await observeChanges(async () => cluster, {
        intends: [
          {
            verb,
            resource: { cluster: 'c', apiVersion: 'v1', kind: 'Namespace', name: 'n1', ...resource },
            before: verb === 'create' ? null : {},
            after: verb === 'delete' ? null : {},
          },
        ],
        runId: 'run-1',
        signal: work.signal,
      })
    )[0];

  test("another's under the name of one to create is none of ours; one made again in the place of a deleted one is what it was", async () => {
    expect(await look('create', {})).toBeNull();
    const { uid } = await given(core.namespaces, { name: 'n1' });
    expect(await look('create', {})).toBeNull();
    expect(await look('delete', { uid })).toEqual({});
    // Whoever made it again: what it was is there.
    expect(await look('delete', { uid: 'former' })).toEqual({});
    expect(await look('update', { uid: 'former' })).toEqual({ uid });
    await cluster.connection.patch(
      core.namespaces,
      { name: 'n1' },
      { type: 'merge', body: { metadata: { annotations: ours } } },
    );
    expect(await look('create', {})).toEqual({});
    expect(await look('delete', { uid: 'former' })).toEqual({});
  });
});
