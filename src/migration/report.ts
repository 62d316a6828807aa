import type { Checked, Finding } from './checks/check.ts';
import type { Snapshot } from './snapshot.ts';
import type { Verified } from './steps/verify.ts';

/** What a migration did; plain JSON. */
export interface MigrationReport {
  readonly workspaces: readonly { readonly name: string; readonly to: string; readonly mode: 'adopt' | 'rebind' }[];
  readonly projects: {
    /** Alive under their old UID and in the workspace promised, as last looked at. */
    readonly retained: readonly string[];
    /** Alive, in no workspace. */
    readonly left: readonly string[];
  };
  readonly contents: Verified['contents'];
  /** Apps that are out of reach of every template now; helm still knows them. */
  readonly apps: readonly string[];
  /** Warnings of the checks. */
  readonly findings: readonly Finding[];
}

/** What a report is made from: the checks, and what was verified at the end. */
export interface Finished {
  readonly snapshot: Snapshot;
  readonly verify: Verified;
  readonly 'check-clusters': Checked;
  readonly 'check-projects': Checked;
  readonly 'check-target': Checked;
  readonly 'check-credentials': Checked;
  readonly 'check-shield': Checked;
  readonly 'check-people': Checked;
}

/** Puts a finished run into words for programs. */
export function reportOf(state: Finished): MigrationReport {
  const { snapshot, verify } = state;
  const checks = [
    'check-clusters',
    'check-projects',
    'check-target',
    'check-credentials',
    'check-shield',
    'check-people',
  ] as const;
  return {
    workspaces: snapshot.workspaces.map(({ name, to, mode }) => ({ name, to, mode })),
    projects: { retained: snapshot.kept.map(({ name }) => name), left: snapshot.left.map(({ name }) => name) },
    contents: verify.contents,
    apps: snapshot.apps.map(({ kind, name }) => `${kind} ${name}`),
    findings: checks.flatMap((check) => state[check].findings),
  };
}
