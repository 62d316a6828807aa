import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectMember, type MemberCluster } from '../../src/federation.ts';
import { core } from '../../src/kube/resources.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { assertSafeToLift, type Form, lowerShield, raiseShield } from '../../src/modules/shield.ts';
import type { Work } from '../../src/modules/work.ts';
import { compareProjects, observeProjects } from '../../src/testing/index.ts';
import type { Federation, Ground } from '../grounds.ts';
import {
  background,
  localWorkspace,
  slow,
  unbindAsThePageSays,
  untilCollected,
  untilGoing,
  untilGone,
  workspaceUid,
} from '../testing/support.ts';

const quiet = () => {};

/** Both forms of the shield against a server's own admission and garbage collector. */
export function describeShield(ground: Ground): void {
  describe(`the shield, on ${ground.name}`, slow, () => {
    let federation: Federation<'m'>;
    let member: MemberCluster;
    beforeAll(async () => {
      federation = await ground.start({ m: { role: 'standalone' } });
      member = await connectMember({ kubeconfig: federation.clusters.m.kubeconfig, name: 'm' });
    }, slow.timeout);
    afterAll(async () => {
      await member?.[Symbol.asyncDispose]();
      await federation?.[Symbol.asyncDispose]();
    }, slow.timeout);

    const work: Work = {
      signal: new AbortController().signal,
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      runId: 'shield-suite',
      confirmDriver: async () => {},
    };

    it.each<Form>(['policy', 'webhook'])('keeps what it names, and only that, as a %s', async (form) => {
      const { connection } = member;
      const [kept, other] = [`kept-${form}`, `other-${form}`];
      const names = await localWorkspace(connection, kept, 3);
      const bystanders = await localWorkspace(connection, other, 1);
      const before = await observeProjects(connection, names);
      const owner = { name: kept, uid: await workspaceUid(connection, kept) };

      // Workspaces first: a webhook cannot name them, and refuses to delete any.
      const whole = { id: `whole-${form}`, namespaces: names, workspaces: [kept] };
      const raising = raiseShield(member, whole);
      await raising.verify(work, { form }, await raising.run(work, { form }));
      await expect(connection.delete(kubesphere.workspaces, { name: kept }, background)).rejects.toMatchObject({
        code: 'REJECTED',
      });
      await expect(connection.delete(core.namespaces, { name: names[0] ?? '' }, background)).rejects.toMatchObject({
        code: 'REJECTED',
      });
      await assertSafeToLift(work, member, names);
      await lowerShield(work, member, { ...whole, form }, work.runId);

      const projects = { id: `projects-${form}`, namespaces: names, workspaces: [] };
      const again = raiseShield(member, projects);
      await again.verify(work, { form }, await again.run(work, { form }));
      for (const name of [kept, other]) await connection.delete(kubesphere.workspaceTemplates, { name }, background);
      for (const name of [kept, other]) await untilGone(connection, kubesphere.workspaces, { name });
      await untilCollected(connection, owner);
      await untilGoing(connection, bystanders);
      expect(compareProjects(before, await observeProjects(connection, names)).lost).toEqual([]);

      await expect(assertSafeToLift(work, member, names)).rejects.toMatchObject({ code: 'KEPT_AT_RISK' });
      for (const name of names) await unbindAsThePageSays(connection, name);
      await assertSafeToLift(work, member, names);
      await lowerShield(work, member, { ...projects, form }, work.runId);
      await untilCollected(connection, owner);
      expect(compareProjects(before, await observeProjects(connection, names))).toMatchObject({
        lost: [],
        contents: { lost: [], changed: [] },
      });
    });
  });
}
