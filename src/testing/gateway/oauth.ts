import type { Answer } from '../server/answer.ts';
import { text } from '../server/object.ts';
import type { GatewayContext } from './context.ts';
import { recordEntity } from './entity.ts';
import { jsonAnswer, Refusal, success } from './refusal.ts';
import type { Route, RoutedRequest } from './routes.ts';

/** A failure in the words of RFC 6749. */
function oauthError(code: number, error: string, description?: string): Answer {
  return jsonAnswer({ error, ...(description === undefined ? {} : { error_description: description }) }, code);
}

/** A form; whatever else is sent has no fields. */
function formOf({ headers, body }: RoutedRequest): URLSearchParams {
  const type = headers['content-type']?.split(';')[0]?.trim();
  return new URLSearchParams(type === 'application/x-www-form-urlencoded' ? body : '');
}

async function token(gate: GatewayContext, request: RoutedRequest): Promise<Answer> {
  const form = formOf(request);
  const { clients } = await gate.settings();
  const client = clients.find(({ name }) => name === form.get('client_id'));
  if (client === undefined) return oauthError(401, 'invalid_client', 'the OAuth client was not found');
  if (client.secret !== (form.get('client_secret') ?? ''))
    return oauthError(401, 'invalid_client', 'invalid client credential');
  switch (form.get('grant_type')) {
    case 'password':
      return passwordGrant(gate, form.get('username') ?? '', form.get('password') ?? '');
    case 'refresh_token':
      return refreshGrant(gate, form.get('refresh_token') ?? '');
    default:
      return oauthError(400, 'unsupported_grant_type');
  }
}

async function passwordGrant(gate: GatewayContext, username: string, password: string): Promise<Answer> {
  const settings = await gate.settings();
  try {
    const user = await gate.passwords.authenticate(settings, username, password);
    // Here 3.4 ends the other sessions of the user, unless several are allowed.
    if (gate.version === '3.4' && !settings.multipleLogin) gate.tokens.revoke(user.metadata.name);
    return jsonAnswer(gate.tokens.issue(settings, user.metadata.name));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return oauthError(error.status, error.status < 500 ? 'invalid_grant' : 'server_error', error.message);
  }
}

async function refreshGrant(gate: GatewayContext, refreshToken: string): Promise<Answer> {
  const settings = await gate.settings();
  try {
    const { username, type } = gate.tokens.verify(settings, refreshToken);
    if (type !== 'refresh_token')
      return oauthError(400, 'invalid_grant', `ivalid token type ${type} want refresh_token`);
    return jsonAnswer(gate.tokens.issue(settings, username));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return oauthError(400, 'invalid_grant', error.message);
  }
}

/** Signing in and out (pkg/kapis/oauth). */
export const oauthRoutes: readonly Route[] = [
  { method: 'POST', pattern: '/oauth/token', handle: token },
  {
    method: 'GET',
    pattern: '/oauth/logout',
    async handle(gate, { user }) {
      gate.tokens.revoke(user.name);
      return success;
    },
  },
];

/** 3.3's former way to sign in, with JSON. 3.4 has no such path. */
export const legacyLogin: Route = {
  method: 'POST',
  pattern: '/kapis/iam.kubesphere.io/v1alpha2/login',
  async handle(gate, request) {
    const { username, password } = recordEntity(request);
    return passwordGrant(gate, text(username) ?? '', text(password) ?? '');
  },
};
