import { checkEmail, checkPassword, checkUserName } from '../../kubesphere/people-input.ts';
import { checkNames, checkObjectName, checkText, invalid } from '../../kubesphere/validation.ts';
import type { UserProfile } from '../operations/user-object.ts';

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
const fields: ReadonlySet<string> = new Set(['email', 'groups', ...texts]);

function checkProfile(prefix: string, profile: Partial<UserProfile>): void {
  for (const field of texts)
    if (profile[field] !== undefined && typeof profile[field] !== 'string')
      throw invalid(`${prefix}${field}`, 'must be a text.');
  if (profile.groups !== undefined) checkNames(`${prefix}groups`, profile.groups, { emptyToo: true });
}

/** What of a profile was given, and nothing else. */
export function profileIn(given: Partial<UserProfile>): Partial<UserProfile> {
  return Object.fromEntries(Object.entries(given).filter(([field, value]) => fields.has(field) && value !== undefined));
}

/** @throws FederationError `INVALID` */
export function checkNewUser(user: NewUser): void {
  checkUserName('name', user.name);
  checkEmail('email', user.email);
  checkProfile('', user);
  if (user.password !== undefined) checkPassword('password', user.password);
  if (user.globalRole !== undefined) checkObjectName('globalRole', user.globalRole);
}

/** @throws FederationError `INVALID` */
export function checkChanges(changes: UserChanges): void {
  if (changes.email !== undefined) checkEmail('email', changes.email);
  checkProfile('', changes);
  for (const field of Object.keys(changes))
    if (!fields.has(field)) throw invalid(field, `is nothing that update changes; it takes ${[...fields].join(', ')}.`);
  if (Object.keys(profileIn(changes)).length === 0) throw invalid('changes', 'must hold at least one.');
}

/** A user, a cluster, and a role where one is given. @throws FederationError `INVALID` */
export function checkGrant(grant: { readonly user: string; readonly cluster: string; readonly role?: string }): void {
  checkUserName('user', grant.user);
  checkObjectName('cluster', grant.cluster);
  if ('role' in grant) checkText('role', grant.role);
}
