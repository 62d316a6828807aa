import type { KubeObject } from '../../kube/objects.ts';

/** A person's account. `password` is a bcrypt hash once its controller has seen it: a secret. */
export interface User extends KubeObject {
  readonly spec: {
    readonly email: string;
    readonly displayName?: string;
    readonly password?: string;
    readonly lang?: string;
    readonly groups?: readonly string[];
  };
  readonly status?: { readonly state?: string };
}

/** Puts users into a Group. */
export interface GroupBinding extends KubeObject {
  readonly groupRef: { readonly apiGroup: string; readonly kind: string; readonly name: string };
  readonly users?: readonly string[];
}
