import { kubesphereNamespace } from '../../kubesphere/names.ts';
import { type Answer, statusAnswer } from '../server/answer.ts';
import { textOf } from '../server/chunk.ts';
import type { Handler, Incoming } from '../server/exchange.ts';
import { type ApiServer, mountOn } from '../server/server.ts';
import { badRequest, StatusError } from '../server/status.ts';
import { encodedPath, type Target, targetOf } from '../server/target.ts';
import type { NearGateway } from './gateway.ts';

const service = 'ks-apiserver';
const services = `/api/v1/namespaces/${kubesphereNamespace}/services/`;

/** Under which paths an API server proxies to ks-apiserver: scheme and port of the Service may be named or left out. */
const prefixes: readonly string[] = [
  service,
  `${service}:80`,
  `:${service}:`,
  `:${service}:80`,
  `http:${service}:`,
  `http:${service}:80`,
].map((form) => `${services}${form}/proxy`);

/**
 * What an API server's service proxy does with requests for ks-apiserver. It keeps to itself who asks and on whose behalf, and
 * takes no dryRun.
 */
function serviceProxy(gateway: Pick<NearGateway, 'handle' | 'listening'>): Handler {
  return async (incoming, outgoing) => {
    const target = targetOf(incoming.url);
    const refused = refusalOf(gateway, target);
    if (refused !== undefined) {
      const { code, body } = refused;
      outgoing.start(code, {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(textOf(body))),
      });
      outgoing.write(body);
      outgoing.end();
      return;
    }
    const kept = (name: string): boolean => name === 'authorization' || name.startsWith('impersonate-');
    const headers = Object.fromEntries(Object.entries(incoming.headers).filter(([name]) => !kept(name)));
    const { path: whole = '', search = '' } = target ?? {};
    const path = encodedPath(whole.slice(whole.indexOf('/proxy') + '/proxy'.length));
    const passed: Incoming = {
      method: incoming.method,
      url: `${path === '' ? '/' : path}${search}`,
      headers,
      certified: () => undefined,
      body: (encoding) => incoming.body(encoding),
    };
    await gateway.handle(passed, outgoing);
  };
}

/** Lets an API server of this process proxy to the gateway of its cluster. */
export function mountGateway(server: ApiServer, gateway: Pick<NearGateway, 'handle' | 'listening'>): void {
  const handle = serviceProxy(gateway);
  for (const prefix of prefixes) mountOn(server, prefix, handle);
}

function refusalOf({ listening }: Pick<NearGateway, 'listening'>, target: Target | undefined): Answer | undefined {
  if (target?.query.has('dryRun') === true) return statusAnswer(badRequest('dryRun is not supported').status);
  if (listening) return undefined;
  const message = `no endpoints available for service ${JSON.stringify(service)}`;
  return statusAnswer(new StatusError(503, 'ServiceUnavailable', message).status);
}
