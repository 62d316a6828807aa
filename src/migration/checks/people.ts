import { userLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { some } from '../../modules/closure.ts';
import { placedOn } from '../../modules/operations/workspace-template.ts';
import { type CheckContext, defineCheck, type Finding } from './check.ts';

const warns = (code: string, why: string, remedy: string): Finding => ({ code, severity: 'warns', why, remedy });

/** Members of the workspaces besides their managers: nobody carries these bindings to the new host. */
async function membersLeft({ env: { member, target }, state: { snapshot }, signal }: CheckContext): Promise<Finding[]> {
  const managers = new Map(snapshot.workspaces.map(({ name, manager }) => [name, manager]));
  const bindings = await member.connection.list(kubesphere.workspaceRoleBindings, { signal }).toArray();
  const people = bindings.flatMap(({ metadata, roleRef }) => {
    const { [workspaceLabel]: workspace = '', [userLabel]: user = '' } = metadata.labels ?? {};
    return managers.has(workspace) && user !== '' && managers.get(workspace) !== user
      ? [`${user} (${roleRef.name})`]
      : [];
  });
  if (people.length === 0) return [];
  return [
    warns(
      'MEMBERS',
      `${people.length} member(s) of these workspaces have to be invited again on ${target.host.name}: ${some(people)}.`,
      `Create those users on ${target.host.name} where they lack, and invite them to the workspace there with the same role.`,
    ),
  ];
}

/** Accounts that stay on the member, able to log in there, though the new host knows nobody of that name (H16). */
async function usersLeft({ env: { member, target }, signal }: CheckContext): Promise<Finding[]> {
  const known = new Set(
    (await target.host.connection.listMetadata(kubesphere.users, { signal }).toArray()).map(
      ({ metadata }) => metadata.name,
    ),
  );
  const left = (await member.connection.listMetadata(kubesphere.users, { signal }).toArray()).filter(
    ({ metadata }) => !known.has(metadata.name),
  );
  if (left.length === 0) return [];
  return [
    warns(
      'USERS_STAY',
      `${left.length} user(s) that ${target.host.name} does not have stay on ${member.name} with their passwords and rights: ${some(left.map(({ metadata }) => metadata.name))}.`,
      `Create them on ${target.host.name}, or delete them on ${member.name} once the move is done.`,
    ),
  ];
}

/** The kubeconfig that the old host stored goes on working, in its backups too (H12). */
async function credentialsShared({ env: { member, source, target, connection } }: CheckContext): Promise<Finding[]> {
  if (source === undefined) return [];
  return [
    warns(
      'OLD_CREDENTIALS',
      connection === undefined
        ? `${target.host.name} gets the very kubeconfig for ${member.name} that ${source.host.name} has, whose administrators keep it.`
        : `The kubeconfig for ${member.name} that ${source.host.name} had stays valid.`,
      `Once the move is done, rotate those credentials on ${member.name}${connection === undefined ? ' and give the new host its own' : ''}.`,
    ),
  ];
}

/** Without an old host to put it back, what the new host overwrites on the member stays overwritten. */
async function overwritten({ env: { member, source, target }, signal }: CheckContext): Promise<Finding[]> {
  if (source !== undefined) return [];
  const known = new Set(
    (await target.host.connection.listMetadata(kubesphere.users, { signal }).toArray()).map(
      ({ metadata }) => metadata.name,
    ),
  );
  const users = (await member.connection.listMetadata(kubesphere.users, { signal }).toArray()).filter(({ metadata }) =>
    known.has(metadata.name),
  );
  if (users.length === 0) return [];
  return [
    warns(
      'OVERWRITTEN',
      `${users.length} user(s) of ${member.name} that ${target.host.name} has too get its passwords and rights: ${some(users.map(({ metadata }) => metadata.name))}. Without an old host a rollback cannot bring theirs back.`,
      'Save these User objects first if a way back has to restore them.',
    ),
  ];
}

/** Workspaces of the old host that name the member: whichever cluster gets that name there next inherits them (H11). */
async function placementsLeft({ env: { member, source }, signal }: CheckContext): Promise<Finding[]> {
  if (source === undefined) return [];
  const { host } = source;
  const templates = await host.connection.list(kubesphere.workspaceTemplates, { signal }).toArray();
  const placed = templates.filter((template) => placedOn(template)?.includes(member.name) === true);
  if (placed.length === 0) return [];
  return [
    warns(
      'PLACEMENTS_STAY',
      `${some(placed.map(({ metadata }) => metadata.name))} of ${host.name} go on naming "${member.name}" in their placement, for a rollback needs it.`,
      `Once the move is done, take "${member.name}" out of them, before any other cluster of that name is imported there.`,
    ),
  ];
}

/** People and placements that the move leaves as they are; somebody has to look after them. */
export const checkPeople = defineCheck('check-people', 'Who and what is left to look after', async (ctx) =>
  (
    await Promise.all([membersLeft(ctx), usersLeft(ctx), overwritten(ctx), credentialsShared(ctx), placementsLeft(ctx)])
  ).flat(),
);
