import { some } from '../../modules/closure.ts';
import { defineCheck, type Finding } from './check.ts';

const names = (list: readonly { readonly name: string }[]): string => some(list.map(({ name }) => name));

/** Every project of the member is accounted for, alive, and of a kind that this release moves. */
export const checkProjects = defineCheck(
  'check-projects',
  'Every project is accounted for and can be moved',
  async ({ state: { snapshot } }) => {
    const { kept, left, uncovered, workspaces } = snapshot;
    const all = [...kept, ...left];
    const found: Finding[] = [];
    const block = (code: string, why: string, remedy: string): void =>
      void found.push({ code, severity: 'blocks', why, remedy });
    if (uncovered.length > 0)
      block(
        'UNCOVERED',
        `${uncovered.length} project(s) are in a workspace of the member but named nowhere: ${some(uncovered)}.`,
        'Every workspace is touched by a move: put each into retain or leave.',
      );
    const going = workspaces.filter((workspace) => workspace.terminating);
    if (going.length > 0)
      block(
        'WORKSPACE_TERMINATING',
        `${names(going)}: workspace(s) of the member that are being deleted, and their projects with them unless told otherwise.`,
        'Find out who deletes them. Protect the projects first (federation.namespaces.protect), then take them out of these workspaces.',
      );
    const merged = workspaces.filter(({ to }, index) => workspaces.findIndex((other) => other.to === to) !== index);
    if (merged.length > 0)
      block(
        'SAME_TARGET',
        `${merged.map(({ name, to }) => `"${name}" would become "${to}"`).join(', ')}, as another workspace of the member does.`,
        'Give each its own name with to.',
      );
    const terminating = all.filter((project) => project.terminating);
    if (terminating.length > 0)
      block(
        'TERMINATING',
        `${names(terminating)}: being deleted already.`,
        'Wait until they are gone, or find out what holds them.',
      );
    const federated = all.filter((project) => project.federated);
    if (federated.length > 0)
      block(
        'MULTI_CLUSTER',
        `${names(federated)}: multi-cluster project(s), owned by the old host's kubefed; this release moves plain projects only.`,
        'Turn them into plain projects on the old host first.',
      );
    const devops = all.filter(({ devops }) => devops);
    if (devops.length > 0)
      block(
        'DEVOPS',
        `${names(devops)}: DevOps project(s); nothing in the procedure carries their pipelines.`,
        'Export and remove the DevOps project first.',
      );
    const live = new Map(workspaces.map((workspace) => [workspace.name, workspace]));
    const dangling = all.filter(({ workspace }) => !live.has(workspace));
    if (dangling.length > 0)
      block(
        'DANGLING',
        `${names(dangling)}: the workspace that the label names is not on the member.`,
        'Take the label kubesphere.io/workspace off them, or create the workspace.',
      );
    const claimed = all.filter(
      ({ workspace, foreign }) =>
        live.get(workspace)?.mode === 'rebind' && foreign.some(({ controller }) => controller),
    );
    if (claimed.length > 0)
      block(
        'FOREIGN_CONTROLLER',
        `${claimed.map(({ name, foreign }) => `${name} (controlled by ${foreign.find(({ controller }) => controller)?.kind} "${foreign.find(({ controller }) => controller)?.name}")`).join(', ')}: a namespace has one controller; KubeSphere could never make the new Workspace the owner.`,
        'Adopt that workspace instead of rebinding it, or take controller: true off that owner reference.',
      );
    const owned = all.filter(({ foreign }) => foreign.length > 0);
    if (owned.length > 0)
      found.push({
        code: 'FOREIGN_OWNER',
        severity: 'warns',
        why: `${owned.length} project(s) have owners besides their workspace (${names(owned)}); these owner references stay as they are.`,
        remedy: 'None needed; whoever deletes that owner deletes the project.',
      });
    return found;
  },
);
