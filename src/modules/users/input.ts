import { checkEmail, checkPassword, checkUserName } from '../../kubesphere/people-input.ts';
import { checkNames, checkObjectName, invalid, refuseFields } from '../../kubesphere/validation.ts';
import type { UserProfile } from '../operations/user-object.ts';
import { checkArgument, checkItem, type FieldsOf } from '../options.ts';
import type { ClusterGrant, ClusterRevocation } from './workflows.ts';

/** A user to create. */
export interface NewUser extends UserProfile {
  /** Lower-case letters, digits, "-" and ".", 63 at the most. */
  readonly name: string;
  /**
   * 6 to 64 characters with a lower-case letter, an upper-case letter and a digit; or a bcrypt hash, so that no cluster ever holds the
   * plain text. KubeSphere hashes plain text on the host, and until then members may hold it for a moment (domain reference, 8.3).
   * @defaultValue none: the account stays disabled until it gets one and is enabled
   */
  readonly password?: string;
  /** A GlobalRole that the host has: `federation.users.globalRoles()` lists them. @defaultValue none */
  readonly globalRole?: string;
}

/** What {@link Users.update} changes; what is absent stays. */
export type UserChanges = Partial<UserProfile>;

const texts = ['displayName', 'description', 'lang'] as const;
const profileFields: FieldsOf<UserProfile> = {
  ...{ email: true, groups: true },
  ...{ displayName: true, description: true, lang: true },
};
const newUserFields: FieldsOf<NewUser> = { ...profileFields, name: true, password: true, globalRole: true };

function checkProfile(prefix: string, profile: Partial<UserProfile>): void {
  for (const field of texts)
    if (profile[field] !== undefined && typeof profile[field] !== 'string')
      throw invalid(`${prefix}${field}`, 'must be a text.');
  if (profile.groups !== undefined) checkNames(`${prefix}groups`, profile.groups, { emptyToo: true });
}

/** What of a profile was given, and nothing else. */
export function profileIn(given: Partial<UserProfile>): Partial<UserProfile> {
  return Object.fromEntries(
    Object.entries(given).filter(([field, value]) => Object.hasOwn(profileFields, field) && value !== undefined),
  );
}

/** @throws FederationError `INVALID` */
export function checkNewUser(user: NewUser): void {
  checkArgument('user', user, newUserFields);
  checkUserName('name', user.name);
  checkEmail('email', user.email);
  checkProfile('', user);
  if (user.password !== undefined) checkPassword('password', user.password);
  if (user.globalRole !== undefined) checkObjectName('globalRole', user.globalRole);
}

/** @throws FederationError `INVALID` */
export function checkChanges(changes: UserChanges): void {
  checkArgument('changes', changes, profileFields);
  if (changes.email !== undefined) checkEmail('email', changes.email);
  checkProfile('', changes);
  if (Object.keys(profileIn(changes)).length === 0) throw invalid('changes', 'must hold at least one.');
}

function checkUserOnCluster(given: ClusterRevocation): void {
  checkItem(given);
  checkUserName('user', given.user);
  checkObjectName('cluster', given.cluster);
}

/** @throws FederationError `INVALID` */
export function checkGrant(grant: ClusterGrant): void {
  checkUserOnCluster(grant);
  checkObjectName('role', grant.role);
}

/** @throws FederationError `INVALID`, also where a role is named: all of them go */
export function checkRevocation(revocation: ClusterRevocation): void {
  checkUserOnCluster(revocation);
  refuseFields(
    '',
    revocation,
    ['role'],
    'is nothing that revokeCluster goes by: it takes every role on the cluster from the user. Leave it out if that is meant; grantCluster gives one role instead of all.',
  );
}
