import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { memoryJournal } from '../../src/workflow/memory-journal.ts';
import { run } from '../../src/workflow/run.ts';
import { around, type FaultyCluster, type Scene, sandboxScene } from './kit.ts';

let scene: Scene<FaultyCluster>;
beforeEach(async () => {
  scene = await sandboxScene({ workspaces: { 'team-a': 1, 'team-b': 1 } });
}, 120_000);
afterEach(() => scene[Symbol.asyncDispose]());

/** As the crash search found it: a list from before the last changes of its kind. */
describe('a list of the member that is an old one', { timeout: 120_000 }, () => {
  test.for([1, 2])(
    'hides nothing that bears the old host’s mark from the release, nor halts it: look %d',
    async (nth) => {
      const { connection } = scene.member;
      const list = connection.listMetadata.bind(connection);
      let looks = 0;
      const shutOut = around('shut-out', async (work) => {
        const out = await work();
        vi.spyOn(connection, 'listMetadata').mockImplementation(((...[resource, options]: Parameters<typeof list>) => {
          if (resource.plural === kubesphere.workspaceRoles.plural) looks += 1;
          const isOld = looks === nth && resource.plural === kubesphere.workspaceRoles.plural;
          return list(resource, isOld ? { ...options, labelSelector: 'there=none' } : options);
        }) as typeof list);
        return out;
      });
      const handle = await run(shutOut, { retain: 'all' }, { env: scene.env(), journal: memoryJournal() });
      expect(await handle.settled()).toMatchObject({ state: 'completed' });
      expect(looks).toBeGreaterThanOrEqual(nth);
    },
  );
});
