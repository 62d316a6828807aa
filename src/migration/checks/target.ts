import { systemWorkspace } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { some } from '../../modules/closure.ts';
import { namespacesReached, takenOver } from '../../modules/clusters/checks/projects.ts';
import { placedOn } from '../../modules/operations/workspace-template.ts';
import { defineCheck, type Finding } from './check.ts';

/** The new host can take the member in: its name is free, no name stands for two things, its managers exist. */
export const checkTarget = defineCheck(
  'check-target',
  'The new host can take the member in',
  async ({ env, state: { snapshot }, signal }) => {
    const { host } = env.target;
    const { name, uid } = env.member;
    const options = { signal };
    const found: Finding[] = [];
    const block = (code: string, why: string, remedy: string): void =>
      void found.push({ code, severity: 'blocks', why, remedy });

    for (const { metadata, status } of await host.connection.list(kubesphere.clusters, options).toArray()) {
      if (metadata.name === name)
        block(
          'CLUSTER_NAME',
          `${host.name} has a cluster "${name}" already.`,
          status?.uid === uid
            ? 'It is this member: it is imported there already. Unbind it there, or resume the run that did it.'
            : 'Rename that one, or unbind it.',
        );
      else if (status?.uid === uid)
        block(
          'CLUSTER_TWICE',
          `${host.name} has this very member as "${metadata.name}".`,
          'A cluster keeps its name over all hosts: unbind it there, then move it.',
        );
    }

    const templates = await host.connection.list(kubesphere.workspaceTemplates, options).toArray();
    const byName = new Map(templates.map((template) => [template.metadata.name, template]));
    const joined = new Set(snapshot.workspaces.filter(({ existing }) => existing === 'join').map(({ to }) => to));
    for (const { to, existing, name: from, networkIsolation } of snapshot.workspaces) {
      const there = byName.get(to);
      if (there === undefined && existing === 'join')
        block(
          'NOTHING_TO_JOIN',
          `Workspace "${from}" should join "${to}" of ${host.name}, which has none.`,
          `Leave out existing: 'join'.`,
        );
      if (there !== undefined && existing !== 'join')
        block(
          'WORKSPACE_NAME',
          `${host.name} has a workspace "${to}" already; equal names need not mean the same workspace.`,
          `If it is the same: workspaces: { '${from}': { existing: 'join' } }. If not: { '${from}': { to: 'another-name' } }.`,
        );
      const isolation = there?.spec.template.spec?.networkIsolation === true;
      if (there !== undefined && existing === 'join' && isolation !== (networkIsolation === true))
        block(
          'NETWORK_ISOLATION',
          `Workspace "${to}" of ${host.name} has network isolation ${isolation ? 'on' : 'off'}, workspace "${from}" of the member has it ${isolation ? 'off' : 'on'}; joined, the projects' traffic would change at once.`,
          'Set networkIsolation alike in both, or give the workspace another name with to.',
        );
      if (there?.metadata.deletionTimestamp !== undefined)
        block('WORKSPACE_GOING', `Workspace "${to}" of ${host.name} is being deleted.`, 'Wait until it is gone.');
    }
    const inherited = templates.filter(
      (template) => !joined.has(template.metadata.name) && placedOn(template)?.includes(name),
    );
    if (inherited.length > 0)
      block(
        'INHERITED_PLACEMENT',
        `${some(inherited.map(({ metadata }) => metadata.name))} of ${host.name} are placed on a cluster "${name}", left from an earlier one of that name; the member would inherit them.`,
        `Take "${name}" out of their placement.`,
      );
    const everywhere = templates.filter(
      (template) =>
        placedOn(template) === undefined &&
        template.metadata.name !== systemWorkspace &&
        snapshot.workspaces.some(({ name, to }) => name === template.metadata.name && to !== name),
    );
    if (everywhere.length > 0)
      block(
        'PLACED_EVERYWHERE',
        `${some(everywhere.map(({ metadata }) => metadata.name))} of ${host.name} are placed on every cluster by a selector, and the member has workspaces of these names.`,
        'Give them a list of clusters.',
      );

    const federatedNamespaces = await host.connection.list(kubesphere.federatedNamespaces, options).toArray();
    const expected = federatedNamespaces.filter(({ spec }) =>
      spec.placement?.clusters?.some((cluster) => cluster.name === name),
    );
    if (expected.length > 0)
      block(
        'INHERITED_PROJECTS',
        `${some(expected.map(({ metadata }) => metadata.name))} of ${host.name} are multi-cluster projects placed on a cluster "${name}", left from an earlier one of that name; the member would get them.`,
        `Take "${name}" out of the placement of these FederatedNamespaces.`,
      );
    const projects = new Set([...snapshot.kept, ...snapshot.left].map(({ name }) => name));
    const federated = federatedNamespaces.filter(({ metadata }) => projects.has(metadata.name));
    if (federated.length > 0)
      block(
        'PROJECT_NAME',
        `${host.name} has multi-cluster project(s) named like projects of the member: ${some(federated.map(({ metadata }) => metadata.name))}; its kubefed would take those over or delete them.`,
        'Rename or remove them on the new host.',
      );
    // Of no workspace, or of the installation: nobody named them, and they are not to be lost either.
    const told = new Set([...federated, ...expected].map(({ metadata }) => metadata.name));
    const reached = await namespacesReached({ federatedNamespaces }, { name, labels: {} }, env.member, signal);
    const taken = reached.filter((namespace) => !told.has(namespace.name));
    if (taken.length > 0)
      block(
        'PROJECT_NAME',
        takenOver(taken, name, host),
        `Give these multi-cluster projects a list of clusters without "${name}" (federation.namespaces.setFederatedPlacement on ${host.name}), or rename or remove them there.`,
      );

    const users = new Map(
      (await host.connection.list(kubesphere.users, options).toArray()).map(({ metadata, spec }) => [
        metadata.name,
        spec.email,
      ]),
    );
    for (const { name: workspace, manager } of snapshot.workspaces)
      if (manager === null || !users.has(manager))
        block(
          'MANAGER',
          manager === null
            ? `Workspace "${workspace}" has no manager.`
            : `${host.name} has no user "${manager}", the manager of workspace "${workspace}".`,
          `Create the user there, or name another: workspaces: { '${workspace}': { manager: '…' } }.`,
        );
    const strangers = (await env.member.connection.list(kubesphere.users, options).toArray()).filter(
      ({ metadata, spec }) => {
        const email = users.get(metadata.name);
        return email !== undefined && email !== spec.email && metadata.name !== 'admin';
      },
    );
    if (strangers.length > 0)
      block(
        'SAME_USER_NAME',
        `${some(strangers.map(({ metadata }) => metadata.name))}: user(s) with the same name but another e-mail on the member and on ${host.name}; the new host's would take over the rights of the others.`,
        'Rename one of them, or correct the e-mail address if it is the same person.',
      );
    return found;
  },
);
