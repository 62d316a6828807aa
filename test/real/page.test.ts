import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  followRecipe,
  pageSteps,
  type Reader,
  type Recipe,
  type RecipeStep,
} from '../../examples/quickstart/recipe.ts';
import { Federation } from '../../src/federation.ts';
import { core } from '../../src/kube/resources.ts';
import { workspaceLabel } from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import {
  compareProjects,
  createWorkspace,
  observeProjects,
  type ProjectObservation,
  until,
} from '../../src/testing/index.ts';
import { type Scene, sceneOn } from '../migration/kit.ts';
import {
  patient,
  unbindAsThePageSays,
  untilCollected,
  untilGoing,
  untilGone,
  workspaceUid,
} from '../testing/support.ts';
import { realGround } from './ground.ts';
import { teams, workspaces } from './moving.ts';

/** Named in the page's first step; the other 195 are not. */
const named = new Map([
  ['team-a-001', 'team-a'],
  ['team-a-060', 'team-a'],
  ['team-a-120', 'team-a'],
  ['team-b-001', 'team-b'],
  ['team-b-080', 'team-b'],
]);

describe('the page’s recipe on a real member with 200 projects, five of them named', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await sceneOn(realGround, { workspaces });
  });
  afterAll(async () => scene?.[Symbol.asyncDispose]());

  const member = () => scene.clusters.m.connection;
  const label = async (name: string, workspace: string): Promise<void> => {
    const body = { metadata: { labels: { [workspaceLabel]: workspace } } };
    await member().patch(core.namespaces, { name }, { type: 'merge', body });
  };
  const ownedBy = (project: ProjectObservation | undefined, uid: string | undefined): boolean =>
    project?.ownerReferences.some((owner) => owner.uid === uid) === true;

  /** Plays these steps of the recipe; after step 2 the reader waits until the garbage collector has dealt with the Workspaces. */
  async function follow(steps: readonly RecipeStep[], afterImport?: () => Promise<void>): Promise<void> {
    const { a, b, m } = scene.clusters;
    const recipe: Recipe = {
      ...{ a: a.connection, b: b.connection, m: m.connection, kubeconfig: m.kubeconfig },
      workspaces: teams.map((name) => ({ name, manager: `${name}-manager` })),
      named: [...named].map(([name, workspace]) => ({ name, workspace })),
    };
    const owners = await Promise.all(teams.map(async (name) => ({ name, uid: await workspaceUid(member(), name) })));
    const reader: Reader = {
      types: (_step, type) => type(),
      async looks({ name }) {
        if (name === 'step 3') await afterImport?.();
        if (name !== 'step 2') return;
        for (const team of teams) await untilGone(member(), kubesphere.workspaces, { name: team });
        for (const owner of owners) await untilCollected(member(), owner);
      },
    };
    await followRecipe(recipe, reader, steps);
  }

  it('loses none while they are protected, and none after the protection was lifted as it asks', async () => {
    const before = await observeProjects(member());
    const names = Object.keys(before);
    const { a, m } = scene.clusters;
    // Host a is to lose its own way to the member.
    await using federation = await Federation.connect({
      kubeconfig: a.kubeconfig,
      members: { m: { kubeconfig: m.kubeconfig } },
    });
    await federation.namespaces.protect({ cluster: 'm', names });
    await follow(pageSteps.slice(0, 3));
    expect(compareProjects(before, await observeProjects(member()))).toMatchObject({
      lost: [],
      contents: { lost: [], changed: [] },
    });

    // 195 projects name an owner that is gone: without the shield they would go now.
    await expect(federation.namespaces.unprotect({ cluster: 'm', names })).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
    });
    for (const name of names) await unbindAsThePageSays(member(), name);
    await federation.namespaces.unprotect({ cluster: 'm', names });
    await untilCollected(member(), { name: 'team-a', uid: before['team-a-002']?.ownerReferences[0]?.uid ?? '' });
    const { kept, lost, contents } = compareProjects(before, await observeProjects(member()));
    expect({ kept: kept.length, lost, contents }).toEqual({
      kept: 200,
      lost: [],
      contents: { kept: 200 * 6, lost: [], changed: [] },
    });
  });

  it('loses the 195 that were not named, as on the sandbox, when nothing protects them', async () => {
    for (const name of teams) await createWorkspace(member(), { name, manager: `${name}-manager` });
    const uids = new Map<string, string>();
    for (const name of teams) uids.set(name, await workspaceUid(member(), name));
    const before = await observeProjects(member());
    expect(Object.keys(before)).toHaveLength(200);
    const teamOf = (name: string): string => name.slice(0, 'team-a'.length);
    await Promise.all(Object.keys(before).map((name) => label(name, teamOf(name))));
    await until(
      'all 200 are in their workspaces again',
      async () =>
        Object.entries(await observeProjects(member())).every(([name, project]) =>
          ownedBy(project, uids.get(teamOf(name))),
        ),
      patient,
    );

    const others = Object.keys(before).filter((name) => !named.has(name));
    await follow(pageSteps.slice(1), async () => {
      await untilGoing(member(), others);
      await until(
        'the five are in the workspaces of host b',
        async () => {
          const five = await observeProjects(member(), [...named.keys()]);
          const live = await member().list(kubesphere.workspaces).toArray();
          return [...named].every(([name, workspace]) => {
            const owner = live.find(({ metadata }) => metadata.name === workspace);
            return ownedBy(five[name], owner?.metadata.uid);
          });
        },
        patient,
      );
    });
    const { kept, lost } = compareProjects(before, await observeProjects(member()));
    expect(kept.toSorted()).toEqual([...named.keys()]);
    expect(lost.toSorted()).toEqual(others.toSorted());
    expect(lost).toHaveLength(195);
  });
});
