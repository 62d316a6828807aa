import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { User } from './call.ts';
import { type ApiObject, isRecord, recordAt, text } from './object.ts';
import { unauthorized } from './status.ts';
import { keyOf, type Store } from './store.ts';

/** Whoever shows no credentials at all. */
export const anonymous: User = Object.freeze({
  name: 'system:anonymous',
  groups: Object.freeze(['system:unauthenticated']),
});

/** The user that a service account's token stands for. */
function serviceAccountUser(namespace: string, name: string, uid?: string): User {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    ...(uid === undefined ? {} : { uid }),
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
}

/** Knows whose a bearer token is. */
export class Authenticator {
  readonly #store: Store;
  readonly #key = randomBytes(32);
  readonly #tokens = new Map<string, { readonly user: User; readonly isGood: () => boolean }>();
  /** What service accounts' tokens say whose signature was found good: it stays so, whatever becomes of the accounts. */
  readonly #signed = new Map<string, Record<string, unknown>>();

  #used: (secret: ApiObject) => void = () => {};

  constructor(store: Store) {
    this.#store = store;
  }

  /** Calls `listener` with the Secret of every service account's token that is shown, instead of whoever was called before. */
  onUse(listener: (secret: ApiObject) => void): void {
    this.#used = listener;
  }

  /** Makes a token for `user` that is good as long as the server lives and `isGood` says so. */
  issue(user: User, isGood = (): boolean => true): string {
    const token = randomBytes(24).toString('base64url');
    this.#tokens.set(token, { user, isGood });
    return token;
  }

  /** Makes the token of a service account, to be kept in the Secret named; it is good as long as both live. */
  issueServiceAccount(claims: { namespace: string; account: string; uid: string; secret: string }): string {
    const header = base64url({ alg: 'HS256', typ: 'JWT' });
    const payload = base64url({
      iss: 'kubernetes/serviceaccount',
      'kubernetes.io/serviceaccount/namespace': claims.namespace,
      'kubernetes.io/serviceaccount/secret.name': claims.secret,
      'kubernetes.io/serviceaccount/service-account.name': claims.account,
      'kubernetes.io/serviceaccount/service-account.uid': claims.uid,
      sub: `system:serviceaccount:${claims.namespace}:${claims.account}`,
    });
    return `${header}.${payload}.${this.#sign(`${header}.${payload}`)}`;
  }

  /** @throws StatusError 401 for a token that is nobody's, or no longer anybody's. */
  user(authorization: string | undefined): User {
    if (authorization === undefined) return anonymous;
    const [, token] = /^Bearer\s+(\S+)$/i.exec(authorization) ?? [];
    if (token === undefined) return anonymous;
    const issued = this.#tokens.get(token);
    const user = issued === undefined ? this.#serviceAccount(token) : issued.isGood() ? issued.user : undefined;
    if (user === undefined) throw unauthorized();
    return user;
  }

  #serviceAccount(token: string): User | undefined {
    const claims = this.#signed.get(token) ?? this.#verified(token);
    if (claims === undefined) return undefined;
    const claim = (name: string): string => text(claims[`kubernetes.io/serviceaccount/${name}`]) ?? '';
    const namespace = claim('namespace');
    const account = this.#store.table('serviceaccounts').get(keyOf(namespace, claim('service-account.name')));
    const secret = this.#store.table('secrets').get(keyOf(namespace, claim('secret.name')));
    const kept = text(recordAt(secret, 'data')['token']);
    if (account?.metadata.uid !== claim('service-account.uid') || kept === undefined) return undefined;
    if (Buffer.from(kept, 'base64').toString('utf8') !== token) return undefined;
    if (secret !== undefined) this.#used(secret);
    return serviceAccountUser(namespace, account.metadata.name, account.metadata.uid);
  }

  #verified(token: string): Record<string, unknown> | undefined {
    const [header = '', payload = '', signature = ''] = token.split('.');
    const expected = Buffer.from(this.#sign(`${header}.${payload}`));
    const given = Buffer.from(signature);
    if (expected.length !== given.length || !timingSafeEqual(expected, given)) return undefined;
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    if (!isRecord(claims)) return undefined;
    this.#signed.set(token, claims);
    return claims;
  }

  #sign(content: string): string {
    return createHmac('sha256', this.#key).update(content).digest('base64url');
  }
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
