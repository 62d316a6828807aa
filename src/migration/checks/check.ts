import type { ClusterFinding } from '../../modules/clusters/checks/finding.ts';
import { defineStep, type StepContext } from '../../workflow/step.ts';
import type { MigrationEnv } from '../env.ts';
import type { MigrationInput } from '../input.ts';
import type { Snapshot } from '../snapshot.ts';

/** Something that a check found. */
export interface Finding {
  /** Stable name of the check's rule. */
  readonly code: string;
  /** `blocks`: the migration is not begun; `warns`: it is, and the report repeats this. */
  readonly severity: 'blocks' | 'warns';
  readonly why: string;
  readonly remedy: string;
}

/** What the modules find, as a finding of a migration. */
export const findingOf = ({ code, severity, what: why, remedy }: ClusterFinding): Finding => ({
  code,
  severity,
  why,
  remedy,
});

/** What every check needs from before. */
export interface Checkable {
  readonly input: MigrationInput;
  readonly snapshot: Snapshot;
}

/** Context of a check while the snapshot is known. */
export type CheckContext = Omit<
  StepContext<Checkable, MigrationEnv>,
  'attempt' | 'epoch' | 'confirmDriver' | 'progress'
>;

/** What a check yields: its warnings. A finding that blocks ends the run before it begins. */
export interface Checked {
  readonly findings: readonly Finding[];
}

/** Makes a read-only step of a check: blocked while it finds what blocks, otherwise nothing to do. */
export function defineCheck<const Name extends string>(
  name: Name,
  title: string,
  find: (ctx: CheckContext) => Promise<readonly Finding[]>,
) {
  return defineStep<Checkable, MigrationEnv>()<Name, null, Checked>({
    name,
    title,
    readOnly: true,
    forecast: async (ctx) => {
      const { snapshot } = ctx.state;
      if (snapshot === undefined) return { effect: 'unknown', why: 'the member has not been read', touches: [] };
      const findings = await find({ ...ctx, state: { ...ctx.state, snapshot } });
      const blocking = findings.filter(({ severity }) => severity === 'blocks');
      if (blocking.length === 0)
        return {
          effect: 'none',
          why: findings.map(({ why }) => why).join(' ') || 'nothing in the way',
          out: { findings },
          // Warnings inform; a plan does not become stale by them.
          decides: null,
        };
      const told = (pick: (finding: Finding) => string): string =>
        blocking.map((finding) => `${blocking.length > 1 ? `[${finding.code}] ` : ''}${pick(finding)}`).join(' ');
      return {
        effect: 'blocked',
        why: blocking.length > 1 ? told(({ why }) => why) : `[${blocking[0]?.code}] ${blocking[0]?.why}`,
        remedy: told(({ remedy }) => remedy),
      };
    },
    run: async (ctx) => ({ findings: await find(ctx) }),
  });
}
