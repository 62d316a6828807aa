import { managedLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { compareProjects, createProjects, createUser, observeProjects } from '../../../src/testing/index.ts';
import { addOrphanFlag, background, hostWorkspace, untilGone, workspaceUid } from '../../testing/support.ts';
import type { Seen } from '../entry.ts';
import { lookOnAfter, of } from '../kit.ts';
import type { Stage } from '../stage.ts';

/** What became of projects whose Workspace went with orphan propagation. */
interface Orphans {
  readonly all: number;
  readonly lost: number;
  /** With the label of the workspace that is gone. */
  readonly labelled: number;
}

/** A workspace with projects, and how it is made to go. */
interface Leaving {
  readonly uid: string;
  readonly names: readonly string[];
  go(): Promise<void>;
}

/** Together as many projects as the reference had. */
const most = { workspaces: 5, projectsEach: 40 } as const;

/**
 * Orphans the projects of one workspace after another until one of them has lost its label and another one has kept it. For each of them
 * the namespace controller and the garbage collector race, and of a few all may end alike.
 */
async function orphanUntilBoth(
  stage: Stage,
  workspace: string,
  prepare: (name: string, count: number) => Promise<Leaving>,
): Promise<Orphans> {
  const { m } = stage;
  let [all, lost, labelled] = [0, 0, 0];
  for (let at = 1; at <= most.workspaces && (labelled === 0 || labelled === all); at += 1) {
    const name = `${workspace}-${at}`;
    const { uid, names, go } = await prepare(name, most.projectsEach);
    const before = await observeProjects(m, names);
    await go();
    await lookOnAfter(stage, { name, uid });
    const after = await observeProjects(m, names);
    all += names.length;
    lost += compareProjects(before, after).lost.length;
    labelled += Object.values(after).filter(({ labels }) => labels[workspaceLabel] === name).length;
  }
  return { all, lost, labelled };
}

/** Says of the label what the reference says. */
function seenOf({ all, lost, labelled }: Orphans): Seen {
  return {
    outcome: {
      lost,
      'some kept the label': labelled > 0,
      'others lost it': labelled < all,
    },
    note: `${of(labelled, all)} kept the label`,
  };
}

/** A template deleted on the host that bears KubeSphere's own orphan flag. */
export async function templateOrphaned(stage: Stage): Promise<Seen> {
  const { a, m } = stage;
  const orphans = await orphanUntilBoth(stage, 'handed', async (name, count) => ({
    names: await hostWorkspace(a, m, { name, cluster: 'm', count }),
    uid: await workspaceUid(m, name),
    async go() {
      await addOrphanFlag(a, name);
      await a.delete(kubesphere.workspaceTemplates, { name }, background);
      await untilGone(a, kubesphere.workspaceTemplates, { name });
    },
  }));
  return seenOf(orphans);
}

/** A Workspace without a template, deleted with orphan propagation. */
export async function workspaceOrphaned(stage: Stage): Promise<Seen> {
  const { m } = stage;
  const creator = 'leftover-manager';
  await createUser(m, { name: creator });
  const orphans = await orphanUntilBoth(stage, 'leftover', async (name, count) => {
    const { metadata } = await m.create(kubesphere.workspaces, {
      metadata: { name, labels: { [managedLabel]: 'false' } },
      spec: { manager: creator },
    });
    const names = Array.from({ length: count }, (_, index) => `${name}-${index + 1}`);
    await createProjects(m, { workspace: name, names, creator });
    return {
      names,
      uid: metadata.uid,
      go: () => m.delete(kubesphere.workspaces, { name }, { propagationPolicy: 'Orphan' }).then(() => undefined),
    };
  });
  const { outcome, ...seen } = seenOf(orphans);
  return { outcome: { ...outcome, 'most kept it': orphans.labelled > orphans.all / 2 }, ...seen };
}
