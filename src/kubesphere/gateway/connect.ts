import { digest } from '../../internal/digest.ts';
import { createCaller } from '../../kube/call.ts';
import { createClient } from '../../kube/client.ts';
import type { Connection } from '../../kube/connection.ts';
import type { Credentials, TlsSettings } from '../../kube/credentials.ts';
import { proxyFor } from '../../kube/proxy.ts';
import { createTransport } from '../../kube/transport.ts';
import type { Logger } from '../../types.ts';
import { invalid } from '../validation.ts';
import { createSession, type SignIn } from './session.ts';
import { throughGateway } from './way.ts';

/** KubeSphere's own front door, ks-apiserver of the host: where the console and its users sign in. */
export type GatewayAddress = SignIn & {
  /** `https://ks-apiserver.example.com`, with a path where there is one before it. */
  readonly url: string;
  /** PEM of the authority of its certificate. @defaultValue those that Node trusts */
  readonly ca?: string;
};

/** A session with a gateway: connections to its own cluster and to members, all with one token. */
export interface GatewaySession extends AsyncDisposable {
  /** To the host itself, or to one of its members. Nothing is sent before the first call. */
  connect(name: string, member?: string): Connection;
}

/**
 * Prepares a session; nobody signs in before the first call of a connection.
 *
 * @throws FederationError `INVALID` for an address that is none, or nothing to sign in with
 */
export function openGateway(address: GatewayAddress, { logger }: { readonly logger?: Logger } = {}): GatewaySession {
  const server = checked(address);
  const proxy = proxyFor(server, undefined, process.env);
  const tls: TlsSettings = address.ca === undefined ? {} : { ca: address.ca };
  const nobody: Credentials = {
    current: async () => ({ headers: {}, tls, tlsDigest: digest([address.ca ?? '']) }),
    renew: async () => undefined,
  };
  const gateway = server.origin;
  const transport = createTransport({ cluster: gateway, server, proxy, credentials: nobody });
  const credentials = createSession({ gateway, signIn: address, tls, transport });
  return {
    connect(cluster, member) {
      const way = throughGateway(createTransport({ cluster, server, proxy, credentials }), { cluster, member });
      return createClient({
        caller: createCaller(cluster, way, logger),
        // Whoever asks whether the way leads through a host reads it here.
        server: `${gateway}${server.pathname.replace(/\/+$/, '')}${member === undefined ? '' : `/clusters/${member}`}`,
        clientCertificate: false,
        serviceAccount: undefined,
        fieldManager: 'kubesphere-federation',
        close: () => way[Symbol.asyncDispose](),
      });
    },
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

function checked(address: GatewayAddress): URL {
  const { url } = address;
  const server = URL.parse(url);
  if (server === null || !/^https?:$/.test(server.protocol))
    throw invalid('gateway.url', 'must be the http or https address of ks-apiserver, such as https://ks.example.com.');
  if (server.username !== '' || server.password !== '')
    throw invalid('gateway.url', 'holds a user name or password: give them as gateway.username and gateway.password.');
  const given = 'token' in address ? [address.token] : [address.username, address.password];
  if (given.some((text) => typeof text !== 'string' || text === ''))
    throw invalid(
      'gateway',
      'has nothing to sign in with: give gateway.token, or gateway.username and gateway.password.',
    );
  return server;
}
