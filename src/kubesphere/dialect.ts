import { FederationError } from '../errors.ts';
import type { Patch } from '../kube/connection.ts';
import type { KubeObject } from '../kube/objects.ts';
import { v3 } from './v3.ts';
import type { KubeSphereVersion } from './version.ts';

/** What differs between the version lines in how projects hang on workspaces. */
export interface Dialect {
  readonly line: KubeSphereVersion['line'];
  /**
   * One patch that takes a project out of its workspace and leaves foreign owners alone. `note` stands on it afterwards:
   * enough to put it back by hand when the journal is gone.
   */
  readonly unbind: (project: KubeObject, note: string | null) => Patch;
  /** One patch that puts a project into a workspace and removes the note of {@link Dialect.unbind}. */
  readonly bind: (project: KubeObject, workspace: string) => Patch;
  /** One patch that puts a project from one workspace into another: it is in one of them at every moment. Foreign owners stay. */
  readonly transfer: (project: KubeObject, workspace: string) => Patch;
  /**
   * One patch that makes a template's deletion keep the projects; `undefined` when that is already so. The mark of `run` tells whose
   * order it is.
   */
  readonly keepProjects: (template: KubeObject, run: string) => Patch | undefined;
  /** One patch that takes back the order of this run, and its mark; `undefined` where there is none of it. */
  readonly takeBackOrder: (template: KubeObject, run: string) => Patch | undefined;
}

/**
 * The dialect for writing to a cluster of this version; asked before the first request of every write.
 *
 * @throws FederationError `UNSUPPORTED` for 4.x, which can be read but not yet be written.
 */
export function writingDialect(version: KubeSphereVersion, cluster: string): Dialect {
  if (version.line === '3.x') return v3;
  throw new FederationError(
    'UNSUPPORTED',
    `${cluster} runs KubeSphere ${version.text}: this release reads 4.x but does not write to it. Nothing was changed.`,
  );
}
