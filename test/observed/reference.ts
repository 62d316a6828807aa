/**
 * What the domain reference observed on real controllers, by section, in its order and under its names; the last three of 8.1 stand below
 * its table. Each needs a replay, or more.
 */
const reference = {
  '8.1': [
    'join A',
    'users, workspaces when already joined',
    'unbind with A still joined, one filtered patch each',
    'DELETE Cluster on A',
    'strip managed=true on M',
    'orphan-delete leftover Workspaces',
    'delete A’s ServiceAccount, ClusterRole, binding on M',
    'import into B',
    'a Cluster created with joinFederation false',
    'B’s users and workspaces',
    'label 220 namespaces',
    'the order of design.md section 6, shield up throughout',
    'detach before unbind',
    'a background delete of the Workspace right after a complete unbind',
  ],
  '8.2': [
    'A joined, workspace label taken off a managed namespace',
    'A joined, only managed taken off',
    'A joined, managed=false and label off',
    'M’s Workspace set to managed=false, A joined',
    'placement shrunk on A',
    'placement shrunk while M is down, Cluster kept',
    'Cluster deleted while M is down',
    'plain template delete on A',
    'template delete with the orphan finalizer',
    'page’s step 2 on M with a local template, projects still bound',
    'page’s step 2 under the shield',
    'orphan-delete of a Workspace with projects bound',
    'Workspace deleted on M while the host is joined',
    'H5: FederatedNamespace of the same name on the new host, placed elsewhere',
    'the old host’s placements',
    'same workspace on B placed elsewhere',
    'two hosts joined to one M',
    'label before the Workspace exists',
    'HelmReleases of the workspace, orphan finalizer',
    'tenant DELETE over REST',
  ],
  '8.4': ['B first', 'member with a WorkspaceTemplate of its own', 'undo'],
} as const;

type Section = keyof typeof reference;

/** Name of a row. */
export type Row = (typeof reference)[Section][number];

/** All rows with their sections. */
export const rows: readonly { readonly section: Section; readonly row: Row }[] = Object.entries(reference).flatMap(
  // The keys are those written above.
  ([section, names]) => names.map((row) => ({ section: section as Section, row })),
);

/** Section of the reference that has a row. */
export function sectionOf(row: Row): Section {
  const found = rows.find((one) => one.row === row);
  if (found === undefined)
    throw new Error(`The reference has no row "${row}": name one of test/observed/reference.ts.`);
  return found.section;
}
