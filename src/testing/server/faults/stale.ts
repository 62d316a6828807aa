import { type Call, type Ground, tableOf } from '../call.ts';
import { notFound } from '../status.ts';
import { keyOf } from '../store.ts';
import { inVersion } from '../update.ts';
import { type Outcome, perform } from '../verbs.ts';

const nothing = { mediaType: 'application/json', content: undefined };

/**
 * Answers a get or list as a server does that lags behind by the last `changes` of the resource, as far as they are remembered.
 * A list that says itself which revision it wants gets that one.
 */
export async function performStale(
  ground: Ground,
  call: Call,
  verb: 'get' | 'list',
  changes: number,
): Promise<Outcome> {
  const { type, namespace, name, query } = call;
  const table = tableOf(ground, call);
  const revision = table.before(changes);
  if (verb === 'get') {
    const key = keyOf(namespace, name);
    const found = table.at(revision)?.find(({ metadata }) => keyOf(metadata.namespace, metadata.name) === key);
    if (found === undefined) throw notFound(type, name);
    return { kind: 'object', code: 200, object: inVersion(call, found) };
  }
  if (query.get('continue') || query.get('resourceVersionMatch')) return perform(ground, call, verb, nothing);
  const older = new URLSearchParams(query);
  older.set('resourceVersion', String(revision));
  older.set('resourceVersionMatch', 'Exact');
  return perform(ground, { ...call, query: older }, verb, nothing);
}
