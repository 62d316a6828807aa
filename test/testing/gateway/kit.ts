import type { Gateway } from '../../../src/testing/gateway/gateway.ts';
import {
  createSandbox,
  type Sandbox,
  type SandboxCluster,
  type SandboxClusterSpec,
  until,
} from '../../../src/testing/index.ts';
import { isRecord } from '../../../src/testing/server/object.ts';
import { patient } from '../support.ts';

/** The password that every seeded user has. */
export const password = 'P@88w0rd';
/** Hosts and members trust each other's tokens only with the same secret. */
export const jwtSecret = 'the-secret-of-both';

/** A sandbox on whose clusters admin can sign in. */
export async function startTown<const Name extends string>(
  clusters: Readonly<Record<Name, SandboxClusterSpec>>,
): Promise<Sandbox<Name>> {
  const sandbox = await createSandbox({ clusters, speed: 60 });
  for (const { name, gateway } of Object.values<SandboxCluster>(sandbox.clusters)) {
    // The password of a new user is good once its controller has seen it.
    const signIn = () => asking(gateway)('/oauth/token', { method: 'POST', body: signInForm('admin') });
    await until(`admin can sign in to ${name}`, async () => (await signIn()).status === 200, patient);
  }
  return sandbox;
}

/** What a gateway answered. */
interface Answered {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  /** The body as JSON; empty where it is none. */
  readonly json: Record<string, unknown>;
}

/** One request to a gateway. An object as body is sent as JSON, a form as a form. */
interface Asked {
  readonly method?: string;
  readonly body?: object | string | URLSearchParams;
  /** Content type of the body. @defaultValue application/json for an object, none for text */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Ask = (path: string, request?: Asked) => Promise<Answered>;

/** Asks a gateway; with the authorization given, if any. */
export function asking({ url }: Pick<Gateway, 'url'>, authorization?: string): Ask {
  return async (path, { method = 'GET', body, type, headers = {} } = {}) => {
    const plain = body === undefined || typeof body === 'string' || body instanceof URLSearchParams;
    const contentType = type ?? (plain ? undefined : 'application/json');
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
        ...(authorization === undefined ? {} : { authorization }),
        ...headers,
      },
      // fetch would name a content type for text.
      ...(body === undefined
        ? {}
        : { body: plain ? (typeof body === 'string' ? Buffer.from(body) : body) : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, type: response.headers.get('content-type') ?? '', text, json: parsed(text) };
  };
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

/** The form with which people sign in. */
export function signInForm(username: string, secret = password): URLSearchParams {
  return new URLSearchParams({
    grant_type: 'password',
    username,
    password: secret,
    client_id: 'kubesphere',
    client_secret: 'kubesphere',
  });
}

/** Signs in, and asks with the token from then on. */
export async function signedIn(gateway: Pick<Gateway, 'url'>, username = 'admin'): Promise<Ask> {
  const { status, json } = await asking(gateway)('/oauth/token', { method: 'POST', body: signInForm(username) });
  if (status !== 200) throw new Error(`${username} cannot sign in: ${status}`);
  return asking(gateway, `Bearer ${json['access_token']}`);
}
