import { describe, expect, test, vi } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import type { Resource } from '../../../src/kube/objects.ts';
import { core } from '../../../src/kube/resources.ts';
import { managedLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { expectCopies, removeStayed } from '../../../src/modules/operations/host-copies.ts';
import { lowerShield, raiseShield } from '../../../src/modules/shield.ts';
import { useMember, work } from './arrived-kit.ts';

const { theMember, theSandbox, controllers, gone, create, project, bind, sendUser } = useMember();

/** Workspaces that came from a host, and are taken off again. */
async function arrived(...names: readonly string[]) {
  // Any cluster that has no member "m" is a host that let go of it.
  const copies = (options = {}) => expectCopies(theMember(), 'm', [theMember()], options);
  const before = await copies().capture(work);
  for (const name of names) await create(name);
  return (options: { readonly shielded?: boolean } = {}) => copies(options).compensate(work, before, undefined);
}

async function expectAlive(name: string, uid: string): Promise<void> {
  const { metadata } = await controllers().get(core.namespaces, { name });
  expect([metadata.uid, metadata.deletionTimestamp]).toEqual([uid, undefined]);
}

/** Something comes to pass right before that Workspace is asked to go. */
function asked(workspace: string, happens: () => Promise<unknown>) {
  const { connection } = theMember();
  const remove = connection.delete.bind(connection);
  let once = true;
  return vi.spyOn(connection, 'delete').mockImplementation((async (...args: Parameters<typeof remove>) => {
    if (once && args[0] === (kubesphere.workspaces as Resource) && args[1].name === workspace) {
      once = false;
      await happens();
    }
    return remove(...args);
  }) as never);
}

describe('a Workspace that arrived with a host', { timeout: 60_000 }, () => {
  test('stays where a project came into it while others were taken off', async () => {
    const takeOff = await arrived('one', 'two');
    let uid = '';
    using _spy = asked('one', async () => {
      uid = await project('late', 'two');
    });
    await expect(takeOff()).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(/late/),
    });
    await gone(kubesphere.workspaces, 'one');
    expect(
      (await controllers().get(kubesphere.workspaces, { name: 'two' })).metadata.deletionTimestamp,
    ).toBeUndefined();
    await expectAlive('late', uid);
  });

  test('stays where it came to own a namespace that bears no label', async () => {
    const takeOff = await arrived('first', 'owner');
    const owner = (await controllers().get(kubesphere.workspaces, { name: 'owner' })).metadata;
    const { uid } = owner;
    using _spy = asked('first', () =>
      controllers().create(core.namespaces, {
        metadata: {
          name: 'owned',
          // The controller leaves the owners of what kubefed has alone.
          labels: { [managedLabel]: 'true' },
          ownerReferences: [{ apiVersion: 'tenant.kubesphere.io/v1alpha1', kind: 'Workspace', name: 'owner', uid }],
        },
      }),
    );
    await expect(takeOff()).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(/"owner" would delete 1 namespace\(s\) with it: owned/),
    });
    expect(
      (await controllers().get(kubesphere.workspaces, { name: 'owner' })).metadata.deletionTimestamp,
    ).toBeUndefined();
  });

  test('stays where a project bears its label, and nobody owns it yet', async () => {
    const takeOff = await arrived('slow');
    const { stopControllers, startControllers } = theSandbox().clusters.m;
    await stopControllers();
    const labels = { [workspaceLabel]: 'slow' };
    await controllers().create(core.namespaces, { metadata: { name: 'unowned', labels } });
    await expect(takeOff()).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(/"slow" has 1 project\(s\) there by now \(unowned\)/),
    });
    await startControllers();
  });

  test('leaves a project alone that came into it at the very last moment', async () => {
    const takeOff = await arrived('three');
    let uid = '';
    using _spy = asked('three', async () => {
      uid = await project('latest', 'three');
    });
    await takeOff();
    await gone(kubesphere.workspaces, 'three');
    // The garbage collector comes round to what has lost its owner later than that.
    const lost = { apiVersion: 'tenant.kubesphere.io/v1alpha1', kind: 'Workspace', name: 'never', uid: 'never' };
    await controllers().create(core.namespaces, {
      metadata: { name: 'bait', labels: { [managedLabel]: 'true' }, ownerReferences: [lost] },
    });
    await gone(core.namespaces, 'bait');
    await expectAlive('latest', uid);
  });
});

describe('a Workspace that arrived with a host, and that a shield keeps', { timeout: 60_000 }, () => {
  const marks = async (name: string) => {
    const { labels = {}, deletionTimestamp } = (await controllers().get(kubesphere.workspaces, { name })).metadata;
    return [labels[managedLabel], deletionTimestamp];
  };
  const letGo = [undefined, undefined];

  /** It came after another one was there, and the shield is up; `lower` takes it down. */
  async function shielded(name: string, options: { readonly shielded?: boolean }) {
    const copies = expectCopies(theMember(), 'm', [theMember()], options);
    await create(`${name}-before`);
    const before = await copies.capture(work);
    await create(name);
    await create(`${name}-free`);
    const shield = { id: name, namespaces: [], workspaces: [name] };
    const raising = raiseShield(theMember(), shield);
    const raised = await raising.run(work, { form: 'policy' });
    await raising.verify(work, { form: 'policy' }, raised);
    return {
      takeOff: () => copies.compensate(work, before, undefined),
      lower: () => lowerShield(work, theMember(), { ...shield, form: 'policy' }, work.runId),
    };
  }

  test('loses its mark, as all do, and goes when the shield is down', async () => {
    const { takeOff, lower } = await shielded('stays', { shielded: true });
    await takeOff();
    await gone(kubesphere.workspaces, 'stays-free');
    expect([await marks('stays'), await marks('stays-before')]).toEqual([letGo, letGo]);
    await lower();
    await removeStayed({ ...work, runId: 'run-other' }, theMember());
    expect(await marks('stays')).toEqual(letGo);
    await removeStayed(work, theMember());
    await gone(kubesphere.workspaces, 'stays');
    expect(await marks('stays-before')).toEqual(letGo);
  });

  test('stays for good where somebody uses it by then, and is told once', async () => {
    const { takeOff, lower } = await shielded('used', { shielded: true });
    await takeOff();
    const uid = await project('user', 'used');
    await lower();
    await expect(removeStayed(work, theMember())).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(/1 Workspace\(s\) that the new host had sent stay.*would delete.*user/s),
    });
    await removeStayed(work, theMember());
    expect(await marks('used')).toEqual(letGo);
    await expectAlive('user', uid);
  });

  test('stays where another shield keeps it, and where a host has it by then, which needs no telling', async () => {
    const kept = await shielded('protected', { shielded: true });
    await kept.takeOff();
    await expect(removeStayed(work, theMember())).rejects.toMatchObject({
      message: expect.stringMatching(/shield protected/),
    });
    await kept.lower();
    const taken = await shielded('taken', { shielded: true });
    await taken.takeOff();
    const label = { metadata: { labels: { [managedLabel]: 'true' } } };
    await controllers().patch(kubesphere.workspaces, { name: 'taken' }, { type: 'merge', body: label });
    await taken.lower();
    await removeStayed(work, theMember());
    expect(await marks('taken')).toEqual(['true', undefined]);
  });

  test('stays, and is told once, where somebody else’s rule keeps it when the shield is down', async () => {
    const { takeOff, lower } = await shielded('ruled', { shielded: true });
    await takeOff();
    await lower();
    {
      using _spy = asked('ruled', async () => Promise.reject(new FederationError('REJECTED', 'a rule of theirs')));
      await expect(removeStayed(work, theMember())).rejects.toMatchObject({
        code: 'KEPT_AT_RISK',
        message: expect.stringMatching(/1 Workspace\(s\).*a rule of theirs/),
      });
    }
    await removeStayed(work, theMember());
    expect(await marks('ruled')).toEqual(letGo);
  });

  test('is told, when all else is done, where nobody lowers that shield later', async () => {
    const { takeOff, lower } = await shielded('told', {});
    // A user that stays is told with it: it is not found a second time.
    await project('open', 'told-before');
    await sendUser('dan');
    await bind('open', 'dan');
    await expect(takeOff()).rejects.toMatchObject({
      code: 'REJECTED',
      message: expect.stringMatching(/shield told.*User dan \(RoleBinding open\/dan-admin\)/s),
    });
    await gone(kubesphere.workspaces, 'told-free');
    expect([await marks('told'), await marks('told-before')]).toEqual([letGo, letGo]);
    await lower();
  });

  test('is no reason to leave one that somebody else’s rule keeps', async () => {
    const takeOff = await arrived('theirs');
    using _spy = asked('theirs', async () => Promise.reject(new FederationError('REJECTED', 'a rule of theirs')));
    await expect(takeOff({ shielded: true })).rejects.toMatchObject({ message: 'a rule of theirs' });
    expect(await marks('theirs')).toEqual(['true', undefined]);
  });
});
