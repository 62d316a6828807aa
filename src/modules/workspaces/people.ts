import { FederationError } from '../../errors.ts';
import { workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { checkName, checkObjectName } from '../../kubesphere/validation.ts';
import type { CallOptions } from '../../types.ts';
import { defineItemStep, defineStep } from '../../workflow/step.ts';
import { clusterNames } from '../across.ts';
import { assertUser } from '../assert-user.ts';
import { some } from '../closure.ts';
import { clusterByName, type FederationEnv } from '../env.ts';
import { composeMethod, performAll } from '../method.ts';
import type { Operation, WriteOptions, Written } from '../operation.ts';
import {
  bindingName,
  grantWorkspaceRole,
  type RevokedBinding,
  revokeWorkspaceRole,
} from '../operations/workspace-binding.ts';
import { placedOn } from '../operations/workspace-template.ts';
import { checkItem, checkOptions } from '../options.ts';
import { type Known as KnownOf, operates, operatesOnEach } from '../steps.ts';
import { isManagers, usersOf } from './members-own.ts';

/** Who has which role in a workspace. */
export interface WorkspaceUser {
  readonly user: string;
  /** Without the workspace's name: `regular`, `viewer`, or one of the workspace's own. */
  readonly role: string;
  /** The workspace's manager, whose binding KubeSphere writes itself. */
  readonly manager: boolean;
}

/** Whom to invite, as what. */
export interface WorkspaceInvitation {
  readonly user: string;
  /** `regular`, or the WorkspaceRole's full name: `<workspace>-regular`. */
  readonly role: string;
}

interface Membership {
  readonly name: string;
  readonly user: string;
  /** Absent: the user leaves. */
  readonly role?: string;
}
interface Found {
  /** Full name of the role to give; `null`: none. */
  readonly role: string | null;
  /** Bindings that go. */
  readonly others: readonly { readonly name: string; readonly uid: string }[];
  /** Members that the workspace is placed on. */
  readonly members: readonly string[];
}
interface Surveyed {
  readonly input: Membership;
  readonly survey: Found;
}
type Known = KnownOf<Surveyed>;

const { workspaceRoleBindings, workspaceRoles, workspaceTemplates } = kubesphere;
const ofWorkspace = (name: string) => ({ labelSelector: `${workspaceLabel}=${name}` });

/** Who has which role in a workspace, as its host has it. @throws ApiError `NOT_FOUND` where there is no such workspace */
export async function users(
  { host }: FederationEnv,
  name: string,
  options: CallOptions = {},
): Promise<readonly WorkspaceUser[]> {
  checkName('name', name);
  await host.connection.get(workspaceTemplates, { name }, options);
  const bindings = await host.connection.list(workspaceRoleBindings, { ...options, ...ofWorkspace(name) }).toArray();
  return bindings.flatMap((binding) =>
    usersOf(binding).map((user) => ({
      user,
      role: binding.roleRef.name.replace(`${name}-`, ''),
      manager: isManagers(name, binding),
    })),
  );
}

/** @throws FederationError `NOT_FOUND`, and what is in the way as text */
async function look(
  env: FederationEnv,
  { name, user, role }: Membership,
  options: CallOptions,
): Promise<{ readonly found: Found; readonly blocked?: { readonly why: string; readonly remedy: string } }> {
  const { host } = env;
  const { connection } = host;
  const template = await connection.get(workspaceTemplates, { name }, options);
  if (role !== undefined) await assertUser(host, user, options);
  const [bindings, roles, clusters] = await Promise.all([
    connection.list(workspaceRoleBindings, { ...options, ...ofWorkspace(name) }).toArray(),
    connection.listMetadata(workspaceRoles, { ...options, ...ofWorkspace(name) }).toArray(),
    clusterNames(env, options),
  ]);
  const placed = placedOn(template);
  const members = clusters.filter((one) => one !== host.name && (placed === undefined || placed.includes(one)));
  const theirs = bindings.filter((binding) => usersOf(binding).includes(user));
  const shared = theirs.filter((binding) => usersOf(binding).length > 1);
  const managers = theirs.some((binding) => isManagers(name, binding));
  const fullName = roles.map(({ metadata }) => metadata.name).find((one) => one === role || one === `${name}-${role}`);
  const granted = role === undefined ? undefined : { user, role: fullName ?? '' };
  const asManager = managers && fullName === `${name}-admin`;
  const others = theirs
    .filter((binding) => !isManagers(name, binding))
    .filter(({ metadata }) => granted === undefined || asManager || metadata.name !== bindingName(granted))
    .map(({ metadata }) => ({ name: metadata.name, uid: metadata.uid }));
  const found = { role: asManager ? null : (fullName ?? null), others, members };
  if (role !== undefined && fullName === undefined)
    throw new FederationError(
      'NOT_FOUND',
      `${host.name}: workspace "${name}" has no role "${role}"; it has ${some(roles.map(({ metadata }) => metadata.name.replace(`${name}-`, '')))}. Nothing was written.`,
    );
  if (managers && !asManager)
    return {
      found,
      blocked: {
        why: `${user} is the manager of workspace "${name}", whose binding KubeSphere writes again.`,
        remedy: 'Give the workspace another manager first: federation.workspaces.update(name, { manager }).',
      },
    };
  if (shared.length > 0)
    return {
      found,
      blocked: {
        why: `${some(shared.map(({ metadata }) => `WorkspaceRoleBinding ${metadata.name}`))} binds others than ${user} as well.`,
        remedy: 'Take it apart first; KubeSphere itself makes one binding for each user.',
      },
    };
  return { found };
}

const survey = defineStep<{ readonly input: Membership }, FederationEnv>()({
  name: 'survey',
  title: 'Read who has which role in the workspace',
  readOnly: true,
  forecast: async ({ state: { input }, env, signal }) => {
    const { found, blocked } = await look(env, input, { signal });
    if (blocked !== undefined) return { effect: 'blocked', ...blocked };
    const why = input.role === undefined ? `${input.user} has no role in it` : `${input.user} has that role already`;
    return { effect: 'none', why, out: found };
  },
  run: async ({ state: { input }, env, signal }): Promise<Found> => (await look(env, input, { signal })).found,
});

const membersOf = ({ state: { survey }, env, signal }: Known) =>
  Promise.all((survey?.members ?? []).map((name) => clusterByName(env)(name, { signal })));

/** The new role first, so that the user is never without one. */
const grant = defineStep<Surveyed, FederationEnv>()({
  name: 'grant',
  title: 'Give the role',
  ...operates<Surveyed, null, void>(async (known): Promise<Operation<null, void> | undefined> => {
    const { input, survey } = known.state;
    if (survey === undefined) return undefined;
    const { name: workspace, user } = input;
    if (survey.role !== null)
      return grantWorkspaceRole(known.env.host, await membersOf(known), { workspace, user, role: survey.role });
    return {
      forecast: async () => ({ effect: 'none', why: `${user} needs no binding for that`, out: undefined }),
      capture: async () => null,
      run: async () => {},
      verify: async () => {},
      compensate: async () => {},
    };
  }),
});

const revoke = defineItemStep<Surveyed, FederationEnv>()({
  name: 'revoke',
  title: 'Take the other roles of that user',
  ...operatesOnEach<Surveyed, Found['others'][number], RevokedBinding>(
    async ({ state: { survey } }) => (survey?.others ?? []).map((item) => ({ key: item.name, item })),
    async (known, binding) => revokeWorkspaceRole(known.env.host, await membersOf(known), binding),
  ),
});

/** Gives a user a role in a workspace and takes the others, or takes them all. */
export const membershipWorkflow = composeMethod<Membership>('workspaces.membership')
  .step(survey)
  .step(grant)
  .each(revoke)
  .returns(() => undefined);

/** {@link Workspaces.inviteUser}, with its input checked. */
export async function inviteUser(
  env: FederationEnv,
  name: string,
  invitation: WorkspaceInvitation,
  options?: WriteOptions,
): Promise<Written<void>> {
  checkOptions(options);
  checkItem(invitation);
  const { user, role } = invitation;
  checkName('name', name);
  checkObjectName('user', user);
  checkObjectName('role', role);
  const what = `invite ${user} to workspace "${name}"`;
  return performAll(membershipWorkflow, { name, user, role }, env, what, options);
}

/** {@link Workspaces.removeUser}, with its input checked. */
export async function removeUser(
  env: FederationEnv,
  name: string,
  user: string,
  options?: WriteOptions,
): Promise<Written<void>> {
  checkOptions(options);
  checkName('name', name);
  checkObjectName('user', user);
  const what = `remove ${user} from workspace "${name}"`;
  return performAll(membershipWorkflow, { name, user }, env, what, options);
}
