import { grantedClustersAnnotation, identityProviderLabel } from '../../kubesphere/names.ts';
import type { User, UserState } from '../../kubesphere/resources.ts';

/** A person's account; without its password hash. */
export interface UserInfo {
  readonly name: string;
  readonly uid: string;
  readonly email: string;
  readonly displayName: string | undefined;
  readonly description: string | undefined;
  readonly lang: string | undefined;
  readonly groups: readonly string[];
  /** Absent until the user controller has seen the account. */
  readonly state: UserState | undefined;
  /** Why it is in that state, as KubeSphere says. */
  readonly reason: string | undefined;
  /** When it was last tried to sign in; ISO 8601. */
  readonly lastLogin: string | undefined;
  /** Whether a password is set; without one the account is disabled, unless an identity provider answers for it. */
  readonly hasPassword: boolean;
  /** The identity provider that the account came from. */
  readonly identityProvider: string | undefined;
  /** Clusters where a binding names the user; the host looks every two minutes. */
  readonly grantedClusters: readonly string[];
}

/** A user with the roles of the platform. */
export interface UserDetails extends UserInfo {
  /** By the bindings there are: one as a rule, several where bindings were made by hand. */
  readonly globalRoles: readonly string[];
}

/** A change that `federation.users.watch` tells. */
export type UserEvent =
  | { readonly type: 'synced'; readonly users: readonly UserInfo[] }
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly user: UserInfo };

/** What of a User is told. */
export function infoOf({ metadata, spec, status }: User): UserInfo {
  return {
    name: metadata.name,
    uid: metadata.uid,
    email: spec.email,
    displayName: spec.displayName || undefined,
    description: spec.description || undefined,
    lang: spec.lang || undefined,
    groups: spec.groups ?? [],
    state: status?.state,
    reason: status?.reason || undefined,
    lastLogin: status?.lastLoginTime,
    hasPassword: Boolean(spec.password),
    identityProvider: metadata.labels?.[identityProviderLabel] || undefined,
    grantedClusters: (metadata.annotations?.[grantedClustersAnnotation] ?? '').split(',').filter((name) => name !== ''),
  };
}
