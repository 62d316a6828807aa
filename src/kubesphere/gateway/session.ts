import { ApiError, FederationError } from '../../errors.ts';
import { digest } from '../../internal/digest.ts';
import type { Access, Credentials, TlsSettings } from '../../kube/credentials.ts';
import { isRecord, parseJson } from '../../kube/json.ts';
import { networkFailure } from '../../kube/network.ts';
import type { HttpAnswer, Transport } from '../../kube/transport.ts';

/** With what one signs in. */
export type SignIn =
  | { readonly token: string }
  | {
      readonly username: string;
      readonly password: string;
      /** The OAuth client of the installation. @defaultValue kubesphere, kubesphere */
      readonly client?: { readonly id: string; readonly secret: string };
    };

/** A token that was given out, by the clock of this machine. */
interface Held {
  readonly access: Access;
  readonly refreshToken: string | undefined;
  /** `performance.now()` from which on a new one is asked for; `undefined`: it does not end by itself. */
  readonly renewAt: number | undefined;
}

/** A new token is asked for when so much of the life of the old one is over. */
const share = 0.8;
const signInMs = 30_000;
const defaultClient = { id: 'kubesphere', secret: 'kubesphere' };

/**
 * A session of a user with KubeSphere's gateway (v3.3.2 pkg/kapis/oauth): signs in once, renews the token before it ends and after a
 * 401, for all connections of the session together.
 *
 * Ten wrong passwords within ten minutes lock an account for everybody who uses it. So a password that was refused is never sent
 * again, and an account that is locked (429) is left alone until the session ends.
 */
export function createSession(options: {
  /** For messages. */
  readonly gateway: string;
  readonly signIn: SignIn;
  readonly tls: TlsSettings;
  /** Sends to the gateway without any credentials. */
  readonly transport: Pick<Transport, 'send'>;
}): Credentials {
  const { gateway, signIn, tls, transport } = options;
  const tlsDigest = digest(Object.entries(tls).map(([name, value]) => [name, String(value)]));
  const accessFor = (token: string): Access => ({ headers: { authorization: `Bearer ${token}` }, tls, tlsDigest });
  if ('token' in signIn) {
    const access = accessFor(signIn.token);
    return { current: async () => access, renew: async () => undefined };
  }
  const { username, password, client = defaultClient } = signIn;
  let held: Held | undefined;
  let asking: Promise<Held> | undefined;
  let refused: FederationError | undefined;

  async function ask(grant: Readonly<Record<string, string>>): Promise<HttpAnswer & { readonly text: string }> {
    const body = new URLSearchParams({ ...grant, client_id: client.id, client_secret: client.secret }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    try {
      const signal = AbortSignal.timeout(signInMs);
      const answer = await transport.send({ method: 'POST', path: '/oauth/token', headers, body, signal });
      return { ...answer, text: await answer.body.text() };
    } catch (error) {
      if (FederationError.is(error)) throw error;
      throw networkFailure(error, { cluster: gateway, verb: 'CREATE', name: '/oauth/token' });
    }
  }

  function take({ text }: { readonly text: string }): Held {
    const answer = parseJson(text);
    const { access_token: token, refresh_token: refreshToken, expires_in: seconds } = isRecord(answer) ? answer : {};
    if (typeof token !== 'string' || token === '')
      throw new ApiError(
        'SERVER_ERROR',
        `${gateway}: /oauth/token answered without a token. Is this the address of ks-apiserver?`,
        { cluster: gateway },
      );
    const lifeMs = typeof seconds === 'number' && seconds > 0 ? seconds * 1000 * share : undefined;
    return {
      access: accessFor(token),
      refreshToken: typeof refreshToken === 'string' && refreshToken !== '' ? refreshToken : undefined,
      renewAt: lifeMs === undefined ? undefined : performance.now() + lifeMs,
    };
  }

  async function byPassword(): Promise<Held> {
    if (refused !== undefined) throw refused;
    const answer = await ask({ grant_type: 'password', username, password });
    if (answer.statusCode < 300) return take(answer);
    const error = signInFailure(gateway, username, answer);
    if (!error.retryable) refused = error;
    throw error;
  }

  async function renewed(): Promise<Held> {
    const token = held?.refreshToken;
    if (token !== undefined) {
      const answer = await ask({ grant_type: 'refresh_token', refresh_token: token });
      if (answer.statusCode < 300) return take(answer);
      // A token that can no longer be renewed is no reason to fail: the password is as good as it was.
      if (answer.statusCode >= 500) throw signInFailure(gateway, username, answer);
    }
    return byPassword();
  }

  /** One request for all who wait. */
  function once(): Promise<Held> {
    asking ??= renewed()
      .then((next) => {
        held = next;
        return next;
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  }

  return {
    async current() {
      if (held === undefined) return (await once()).access;
      if (held.renewAt === undefined || performance.now() < held.renewAt) return held.access;
      const last = held.access;
      // The old token is still good for a while: the server decides about it.
      return once().then(
        ({ access }) => access,
        () => last,
      );
    },
    async renew(rejected) {
      if (held !== undefined && held.access !== rejected) return held.access;
      return (await once()).access;
    },
  };
}

/** Why nobody was signed in. Of the answer only the description of the error goes into the message. */
function signInFailure(
  gateway: string,
  username: string,
  { statusCode: status, headers, text }: HttpAnswer & { readonly text: string },
): ApiError {
  const answer = parseJson(text);
  const why = isRecord(answer) ? String(answer['error_description'] ?? answer['error'] ?? '') : '';
  const because = why === '' ? `HTTP ${status}` : why;
  const after = Number(headers['retry-after']);
  const about = { cluster: gateway, status, ...(after > 0 ? { retryAfterMs: after * 1000 } : {}) };
  if (status === 429)
    return new ApiError(
      'RATE_LIMITED',
      `${gateway}: "${username}" failed to sign in too often and is locked out for a while (${because}). Nothing more is tried in this session; wait ten minutes, then connect again with the right password.`,
      about,
    );
  if (status >= 500)
    return new ApiError('SERVER_ERROR', `${gateway}: signing in as "${username}" failed in the server: ${because}`, {
      ...about,
      retryable: true,
    });
  return new ApiError(
    'UNAUTHENTICATED',
    `${gateway}: "${username}" was not signed in: ${because}. The password is not tried again, for every wrong one counts towards locking the account; connect again with the right one.`,
    about,
  );
}
