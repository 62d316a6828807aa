import type { KubeObject } from '../../kube/objects.ts';

/** `AuthLimitExceeded`: too many wrong passwords; the user controller lets such a user in again after ten minutes. */
export type UserState = 'Active' | 'Disabled' | 'AuthLimitExceeded';

/**
 * A person's account: the host's is the original, members hold copies that kubefed writes (api/iam/v1alpha2/types.go of 3.3.2).
 * `password` is a bcrypt hash once its controller has seen it: a secret. There is no status subresource.
 */
export interface User extends KubeObject {
  readonly spec: {
    readonly email: string;
    readonly displayName?: string;
    readonly description?: string;
    readonly password?: string;
    readonly lang?: string;
    readonly groups?: readonly string[];
  };
  readonly status?: {
    readonly state?: UserState;
    readonly reason?: string;
    readonly lastTransitionTime?: string;
    readonly lastLoginTime?: string;
  };
}

/** Puts users into a Group. */
export interface GroupBinding extends KubeObject {
  readonly groupRef: { readonly apiGroup: string; readonly kind: string; readonly name: string };
  readonly users?: readonly string[];
}
