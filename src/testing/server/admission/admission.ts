import type { AdmissionRequest, Ground } from '../call.ts';
import type { Pace } from '../pace.ts';
import { type ActivePolicy, activePolicies, askPolicy, policyTables } from './policies.ts';
import { askWebhooks } from './webhooks.ts';

const group = 'admissionregistration.k8s.io';

/**
 * Asks policies and webhooks about every write. A policy counts about a second after it was written, and for about a
 * second after it was deleted, as on a real server: a shield is proven by a dry run before it is relied on.
 */
export class Admission {
  #active: readonly ActivePolicy[] = [];
  readonly #ground: Ground;

  /** Follows the policies of `ground` from now on. */
  constructor(ground: Ground, pace: Pace) {
    this.#ground = ground;
    let refreshing = false;
    ground.store.subscribe((storage) => {
      if (refreshing || !policyTables.some((table) => table === storage)) return;
      refreshing = true;
      pace.later(1000, 1200, () => {
        refreshing = false;
        this.refresh();
      });
    });
  }

  /** Goes by the policies that there are now. */
  refresh(): void {
    this.#active = activePolicies(this.#ground);
  }

  /** @throws StatusError when somebody refuses */
  async admit(ground: Ground, request: AdmissionRequest): Promise<void> {
    // Whoever could refuse changes of the refusers could lock everybody out: the real server never asks about these.
    if (request.call.type.group === group) return;
    for (const active of this.#active) askPolicy(ground, active, request);
    await askWebhooks(ground, request);
  }
}
