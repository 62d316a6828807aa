import type { Call } from './call.ts';
import { isRecord, recordAt } from './object.ts';
import { badRequest, notFound, StatusError } from './status.ts';
import { keyOf, type Store } from './store.ts';

const schemes: ReadonlySet<string> = new Set(['', 'http', 'https']);

/** Why a request for `/proxy` of a Service that nobody answers for comes to nothing: there are no pods, so nothing stands behind it. */
export function proxyRefusal(store: Store, { name: asked, namespace, query }: Call): StatusError {
  if (query.has('dryRun')) return badRequest('dryRun is not supported');
  const parts = asked.split(':');
  const [scheme = '', name = '', port = ''] = parts.length < 3 ? ['', ...parts] : parts;
  if (parts.length > 3 || name === '' || !schemes.has(scheme))
    return badRequest(`invalid service request ${JSON.stringify(asked)}`);
  const unavailable = (what: string): StatusError =>
    new StatusError(503, 'ServiceUnavailable', `${what} for service ${JSON.stringify(name)}`);
  // Its endpoints are what is looked for; the refusal names the Service.
  const missing = notFound({ group: '', plural: 'services' }, name);
  const service = store.table('services').get(keyOf(namespace, name));
  if (/^[+-]?\d+$/.test(port)) {
    if (service === undefined) return missing;
    const { ports } = recordAt(service, 'spec');
    const known = Array.isArray(ports) && ports.some((one) => isRecord(one) && one['port'] === Number(port));
    if (!known) return unavailable(`no service port ${Number(port)} found`);
  }
  // Only those that select pods are given endpoints, empty ones.
  const selects = service !== undefined && Object.keys(recordAt(service, 'spec', 'selector')).length > 0;
  return selects ? unavailable('no endpoints available') : missing;
}
