import { describe, expect, test } from 'vitest';
import { workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { deleteWorkspace } from '../../../src/modules/operations/delete-workspace.ts';
import { removeWorkspace, retireTemplate } from '../../../src/modules/operations/remove-workspace.ts';
import { createWorkspace } from '../../../src/modules/operations/workspace-template.ts';
import { cluster, given, onceAnswered, ours, refusal, template, work } from './kit.ts';

const install = () =>
  given(kubesphere.helmReleases, { name: 'shop', labels: { [workspaceLabel]: 'w' } } as never, { spec: {} });
const objects = { name: 'w', federated: null, workspaces: [], apps: [], roles: [] };
const making = { name: 'w', manager: 'alice' };
const refused = refusal('KEPT_AT_RISK', /would uninstall 1 app\(s\): HelmRelease shop/);
const find = async () => (await cluster.connection.get(kubesphere.workspaceTemplates, { name: 'w' })).metadata;

/** Whatever deletes a template, by the name of its workspace. */
const deletions = [
  [
    'workspaces.delete',
    (at, uid) =>
      deleteWorkspace(
        at,
        async () => at,
        { ...objects, template: uid },
        async () => {},
      ).run(work, null),
  ],
  ['the removal from a member', (at) => removeWorkspace(at, 'w').run(work, { template: null, workspace: null })],
  ["the end of a member's own template", (at) => retireTemplate(at, 'w', 'uid', async () => {}).run(work, null)],
  ['the way back of workspaces.create', (at) => createWorkspace(at, making).compensate(work, null, undefined)],
] satisfies [string, (at: typeof cluster, uid: string) => Promise<void>][];

describe('an app that is installed at the last moment', () => {
  test.each(deletions)('is not uninstalled by %s, which looked at everything else by then', async (_who, deletion) => {
    const { uid } = await given(kubesphere.workspaceTemplates, { name: 'w', annotations: ours } as never, template);
    await expect(
      deletion(
        onceAnswered('resources', () => true, install),
        uid,
      ),
    ).rejects.toMatchObject(refused);
    const { deletionTimestamp, finalizers = [] } = await find();
    // Nothing was ordered either.
    expect([deletionTimestamp, finalizers]).toEqual([undefined, []]);
  });

  test('is not uninstalled, also where the order to keep the projects stands', async () => {
    await given(kubesphere.workspaceTemplates, { name: 'w' }, template);
    const ordered = onceAnswered('patch', ({ plural }) => plural === kubesphere.workspaceTemplates.plural, install);
    const removing = removeWorkspace(ordered, 'w').run(work, { template: null, workspace: null });
    await expect(removing).rejects.toMatchObject(refused);
    expect((await find()).deletionTimestamp).toBeUndefined();
  });
});
