import { Buffer } from 'node:buffer';
import { kubesphere } from '../../kubesphere/resources.ts';
import type { User } from '../server/call.ts';
import type { GatewayContext } from './context.ts';
import { loginFailures } from './passwords.ts';
import { Refusal } from './refusal.ts';

/** Somebody who does not say who they are; some paths are open to them. */
const anonymous: User = Object.freeze({ name: 'system:anonymous', groups: ['system:unauthenticated'] });

/**
 * Who sends a request: nobody in particular, a user with name and password, or the bearer of a token. Every cluster asks
 * its own Users: a token of the host's is worth something on a member once the user arrived there.
 *
 * @throws Refusal 401
 */
export async function authenticate(gate: GatewayContext, authorization: string): Promise<User> {
  const [scheme = '', credentials = ''] = authorization.trim().split(' ');
  if (scheme === '') return anonymous;
  try {
    if (scheme.toLowerCase() === 'basic') return await byPassword(gate, credentials);
    if (scheme.toLowerCase() === 'bearer' && credentials !== '') return await byToken(gate, credentials);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status >= 500) throw error;
    throw new Refusal(401, `Unauthorized: ${error.message}`);
  }
  // No part of the real one feels responsible, and so none has an error to tell.
  throw new Refusal(401, 'Unauthorized: %!s(<nil>)');
}

async function byPassword(gate: GatewayContext, credentials: string): Promise<User> {
  const [username = '', ...rest] = Buffer.from(credentials, 'base64').toString().split(':');
  const user = await gate.passwords.authenticate(await gate.settings(), username, rest.join(':'));
  return signedIn(user.metadata.name, user.spec.groups);
}

async function byToken(gate: GatewayContext, token: string): Promise<User> {
  const { username } = gate.tokens.verify(await gate.settings(), token);
  const user = await gate.kube.lookUp(kubesphere.users, { name: username });
  // An account that is closed for wrong passwords still has its tokens.
  if (user.status?.state === 'Disabled') throw new Refusal(401, loginFailures.inactive);
  return signedIn(username, user.spec.groups);
}

function signedIn(name: string, groups: readonly string[] = []): User {
  return { name, groups: [...groups, 'system:authenticated'] };
}
