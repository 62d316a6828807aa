import type { Connection } from '../kube/connection.ts';
import type { OwnerReference } from '../kube/objects.ts';
import { core } from '../kube/resources.ts';
import { systemNamespaces } from '../kubesphere/names.ts';
import { type ContentObservation, contentsIn } from './project-contents.ts';

/** One project, as it was found. */
export interface ProjectObservation {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly deletionTimestamp?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly ownerReferences: readonly OwnerReference[];
  /** By `Kind/name`, and `Kind.group/name` of kinds that are not Kubernetes' own. */
  readonly contents: Readonly<Record<string, ContentObservation>>;
}

/** Projects of one cluster by name, as they were found. Plain JSON: it can be kept and compared elsewhere. */
export type ProjectsObservation = Readonly<Record<string, ProjectObservation>>;

/** What happened to projects between two observations. */
export interface ProjectsDifference {
  /** Still there under the same UID and not being deleted. */
  readonly kept: readonly string[];
  /** Gone, going, or another one of the same name. */
  readonly lost: readonly string[];
  /** Kept, and written since: their resourceVersion is another one. */
  readonly written: readonly string[];
  /** Objects in all those projects, as `project Kind/name`; `changed` are kept ones with other content. What is in a lost project is lost. */
  readonly contents: {
    readonly kept: number;
    readonly lost: readonly string[];
    readonly changed: readonly string[];
  };
}

/**
 * Looks at projects and what is in them, of every kind that the cluster serves: at `names`, or at every namespace that is not a system
 * namespace. What controllers make again, such as Endpoints or the Pods of a Deployment, is left out; HelmReleases of apps count.
 */
export async function observeProjects(connection: Connection, names?: readonly string[]): Promise<ProjectsObservation> {
  const wanted = (name: string): boolean => names?.includes(name) ?? !systemNamespaces.has(name);
  const contents = await contentsIn(connection, wanted);
  const projects: Record<string, ProjectObservation> = {};
  for await (const { metadata } of connection.list(core.namespaces)) {
    const { name, uid, resourceVersion, deletionTimestamp } = metadata;
    if (!wanted(name)) continue;
    projects[name] = {
      uid,
      resourceVersion,
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      labels: metadata.labels ?? {},
      annotations: metadata.annotations ?? {},
      ownerReferences: metadata.ownerReferences ?? [],
      contents: contents.get(name) ?? {},
    };
  }
  return projects;
}

/** Compares two observations of the same cluster. Projects that only `after` has are nobody's loss and not listed. */
export function compareProjects(before: ProjectsObservation, after: ProjectsObservation): ProjectsDifference {
  const kept: string[] = [];
  const lost: string[] = [];
  const written: string[] = [];
  const contents = { kept: 0, lost: [] as string[], changed: [] as string[] };
  for (const [name, was] of Object.entries(before)) {
    const is = after[name];
    const alive = lives(was, is);
    (alive ? kept : lost).push(name);
    if (alive && is?.resourceVersion !== was.resourceVersion) written.push(name);
    for (const [key, content] of Object.entries(was.contents)) {
      const now = is?.contents[key];
      if (!alive || !lives(content, now)) contents.lost.push(`${name} ${key}`);
      else {
        contents.kept += 1;
        if (now?.digest !== content.digest) contents.changed.push(`${name} ${key}`);
      }
    }
  }
  return { kept, lost, written, contents };
}

type Living = Pick<ContentObservation, 'uid' | 'deletionTimestamp'>;

function lives(was: Living, is: Living | undefined): boolean {
  return is !== undefined && is.uid === was.uid && is.deletionTimestamp === undefined;
}
