import type { Forecast } from '../../workflow/change.ts';
import { some } from '../closure.ts';
import { devopsObstacle } from '../devops.ts';
import type { Obstacle } from '../workspaces/delete-plan.ts';
import type { Leaving, LeavingProjects } from './survey.ts';

/** A forecast that says all of it. */
export const blockedOn = (obstacles: readonly Obstacle[]): Extract<Forecast<never>, { effect: 'blocked' }> => ({
  effect: 'blocked',
  why: obstacles.map(({ why }) => why).join(' '),
  remedy: obstacles.map(({ remedy }) => remedy).join(' '),
});

/** Everything that stands against taking a workspace off clusters, whatever becomes of its projects, at once. */
export function obstaclesToLeaving(
  { clusters }: LeavingProjects,
  workspace: string,
  fate: 'keep' | 'delete',
): readonly Obstacle[] {
  const all = (of: (one: Leaving) => readonly string[], separator = '/'): readonly string[] =>
    clusters.flatMap((one) => of(one).map((name) => `${one.cluster}${separator}${name}`));
  const devops = devopsObstacle(
    workspace,
    all((one) => one.devops, ': '),
  );
  const others = fate === 'keep' ? toKeeping(all) : toDeleting(all);
  return devops === undefined ? others : [devops, ...others];
}

type Gathered = (of: (one: Leaving) => readonly string[], separator?: string) => readonly string[];

function toKeeping(all: Gathered): readonly Obstacle[] {
  const stuck = all(({ still }) => still.namespaces);
  const owned = all(({ still }) => still.others, ': ');
  return [
    ...(stuck.length === 0
      ? []
      : [
          {
            why: `${some(stuck)} would be deleted: the Workspace owns it although it does not bear the label, or something that the Workspace owns (a DevOps project) does.`,
            remedy:
              'Wait until the namespace controller has followed the label, or take that owner off the namespace; then call again.',
          },
        ]),
    ...(owned.length === 0
      ? []
      : [
          {
            why: `${some(owned)} would be deleted: the Workspace owns it, or something that the Workspace owns does.`,
            remedy: 'Take that owner off it first.',
          },
        ]),
  ];
}

function toDeleting(all: Gathered): readonly Obstacle[] {
  const stubs = all(({ stubs }) => stubs);
  const owned = all(({ beyond }) => beyond, ': ');
  return [
    ...(stubs.length === 0
      ? []
      : [
          {
            why: `${some(stubs)} stands for a multi-cluster project: with it would go its copies on every member.`,
            remedy: "Delete these with namespaces.deleteFederated first, or call with projects: 'keep'.",
          },
        ]),
    ...(owned.length === 0
      ? []
      : [
          {
            why: `${some(owned)} would be deleted as well, and is in none of the projects that go: the Workspace owns it, or something that the Workspace owns does.`,
            remedy: 'Take that owner off it first.',
          },
        ]),
  ];
}
