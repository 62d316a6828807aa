import { chance } from '../../src/testing/chance.ts';

/** What a person types of the page's first step for one project. */
type Typed = 'nothing' | 'label and owners' | 'label' | 'owners' | 'owners, then label';

/** A project of a member on which the page's recipe is tried. */
export interface DrawnProject {
  readonly name: string;
  readonly typed: Typed;
  /** An owner besides the Workspace: none, one that lives, one that does not. */
  readonly foreign: 'none' | 'live' | 'dead';
  /** Whether it is a multi-cluster project of the old host, and whether the new host has one of that name elsewhere. */
  readonly shared: 'no' | 'yes' | 'collides';
}

/** A workspace of the member; `own` where the member has a WorkspaceTemplate of its own. */
export interface DrawnWorkspace {
  readonly name: string;
  readonly own: boolean;
  readonly projects: readonly DrawnProject[];
}

/** What one seed puts on the member. */
export interface Drawn {
  readonly seed: number;
  readonly workspaces: readonly DrawnWorkspace[];
  /** Namespaces that are no projects. */
  readonly loose: readonly string[];
}

/** Draws workspaces and projects; every name begins with the seed's own prefix. */
export function draw(seed: number): Drawn {
  const random = chance(seed);
  const count = (from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
  const oneOf = <T>(...choices: readonly [T, ...T[]]): T => choices[count(0, choices.length - 1)] ?? choices[0];
  const project = (name: string): DrawnProject => {
    const typed = oneOf<Typed>(
      'nothing',
      'nothing',
      'label and owners',
      'label and owners',
      'label',
      'owners',
      'owners, then label',
    );
    const shared = oneOf<DrawnProject['shared']>('no', 'no', 'no', 'no', 'yes', 'collides');
    const foreign = oneOf<DrawnProject['foreign']>('none', 'none', 'none', 'live', 'dead');
    return { name, typed, shared, foreign: shared === 'no' ? foreign : 'none' };
  };
  return {
    seed,
    workspaces: Array.from({ length: count(1, 3) }, (_, index) => {
      const name = `s${seed}-w${index + 1}`;
      const projects = Array.from({ length: count(1, 7) }, (__, at) => project(`${name}-p${at + 1}`));
      return { name, own: oneOf(true, true, true, false), projects };
    }),
    loose: Array.from({ length: count(0, 2) }, (_, index) => `s${seed}-loose${index + 1}`),
  };
}
