import type { Ground } from '../call.ts';
import type { ServedType } from '../catalogue.ts';
import { failedWith, InternalClient } from '../internal-client.ts';
import { type ApiObject, recordAt, recordsAt, sameJson } from '../object.ts';
import type { Pace } from '../pace.ts';
import { structuredSelector } from '../selectors.ts';
import { follow } from './follow.ts';
import { WorkQueue } from './work-queue.ts';

const delays = { minMs: 10, maxMs: 100, retryMs: 50, maxRetryMs: 10_000 };
const name = 'clusterrole-aggregation-controller';

/** Gives ClusterRoles that aggregate others the rules of those they select. */
export class RoleAggregation {
  /** Works on `ground` from now on. */
  constructor(ground: Ground, pace: Pace, roles: ServedType) {
    const client = new InternalClient(ground, name, name, 'Apply');
    const table = ground.store.table(roles.storage);
    const queue = new WorkQueue(pace, name, delays, async (key) => {
      const role = table.get(key);
      if (role === undefined || !aggregates(role)) return;
      const rules = aggregated(role, table.all());
      if (sameJson(rules, recordsAt(role, 'rules'))) return;
      const { uid, resourceVersion } = role.metadata;
      try {
        await client.patch(roles, role, { metadata: { uid, resourceVersion }, rules });
      } catch (error) {
        if (!failedWith(error, 404)) throw error;
      }
    });
    const aggregating = new Set<string>();
    follow(ground.store, pace, (storage, { key, after }) => {
      if (storage !== roles.storage) return;
      if (after !== undefined && aggregates(after)) aggregating.add(key);
      else aggregating.delete(key);
      for (const each of aggregating) queue.add(each);
    });
  }
}

const aggregates = (role: ApiObject): boolean => role['aggregationRule'] !== undefined;

function aggregated(role: ApiObject, all: readonly ApiObject[]): Record<string, unknown>[] {
  const selectors = recordsAt(recordAt(role, 'aggregationRule'), 'clusterRoleSelectors').map(structuredSelector);
  const rules: Record<string, unknown>[] = [];
  for (const selected of selectors) {
    for (const other of all) {
      if (other.metadata.name === role.metadata.name || !selected(other.metadata.labels ?? {})) continue;
      for (const rule of recordsAt(other, 'rules')) if (!rules.some((known) => sameJson(known, rule))) rules.push(rule);
    }
  }
  return rules;
}
