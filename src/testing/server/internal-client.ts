import { act, boundTo } from './act.ts';
import type { Call, Ground, User } from './call.ts';
import type { ServedType } from './catalogue.ts';
import type { ApiObject } from './object.ts';
import { StatusError } from './status.ts';

/** How the built-in controllers reach their own server: past HTTP and rights, but through admission like everybody. */
export class InternalClient {
  readonly #ground: Ground;
  readonly #user: User;

  readonly #manager: string;

  readonly #operation: 'Update' | 'Apply';

  constructor(
    ground: Ground,
    name: string,
    manager = 'kube-controller-manager',
    operation: 'Update' | 'Apply' = 'Update',
  ) {
    this.#manager = manager;
    this.#operation = operation;
    this.#ground = boundTo(ground);
    this.#user = {
      name: `system:serviceaccount:kube-system:${name}`,
      groups: [
        'system:masters',
        'system:serviceaccounts',
        'system:serviceaccounts:kube-system',
        'system:authenticated',
      ],
    };
  }

  create(type: ServedType, body: object, namespace?: string): Promise<void> {
    return this.#do('create', type, { namespace, name: '' }, body);
  }

  patch(type: ServedType, object: ApiObject, body: object, subresource?: 'status'): Promise<void> {
    return this.#do('patch', type, object.metadata, body, subresource);
  }

  finalize(type: ServedType, object: ApiObject): Promise<void> {
    return this.#do('update', type, { namespace: undefined, name: object.metadata.name }, object, 'finalize');
  }

  delete(type: ServedType, object: ApiObject, options: object): Promise<void> {
    return this.#do('delete', type, object.metadata, options);
  }

  deleteCollection(type: ServedType, namespace: string | undefined, options: object): Promise<void> {
    return this.#do('deletecollection', type, { namespace, name: '' }, options);
  }

  async #do(
    verb: string,
    type: ServedType,
    { namespace, name }: { readonly namespace?: string | undefined; readonly name: string },
    body: object,
    subresource?: string,
  ): Promise<void> {
    const call: Call = {
      user: this.#user,
      type,
      namespace,
      name,
      subresource,
      query: new URLSearchParams(),
      manager: this.#manager,
      operation: this.#operation,
      dryRun: false,
      warn() {},
      at: this.#ground.now(),
    };
    await act(this.#ground, call, verb, { mediaType: 'application/merge-patch+json', content: body });
  }
}

/** Whether a request failed because the object is not there (404), or is not the one meant (409). */
export function failedWith(error: unknown, ...codes: readonly number[]): boolean {
  return error instanceof StatusError && codes.includes(error.status.code);
}
