import { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { isRecord, text } from '../server/object.ts';
import { Refusal } from './refusal.ts';
import type { Settings } from './settings.ts';

/** What a token is good for. */
type TokenType = 'access_token' | 'refresh_token' | 'static_token';

/** What a valid token says. */
interface Verified {
  readonly username: string;
  readonly type: string;
}

/** What `/oauth/token` answers. */
interface IssuedTokens {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly refresh_token: string;
  /** Seconds. */
  readonly expires_in: number;
}

/** A token that is good as long as it is kept. */
export interface CachedToken {
  readonly username: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** Tokens of one cluster: signed with its jwtSecret, and remembered while they are good. */
export interface Tokens {
  /**
   * A refresh token lives `accessTokenMaxAge` and `accessTokenInactivityTimeout` together, each 2 h unless it is set: 4 h
   * (issueTokenTo in K332:pkg/kapis/oauth/handler.go:473-500, K341: 457-488; the defaults in
   * K332:pkg/apiserver/authentication/oauth/options.go:288-289, K341: 237-238; the installer sets neither). Use does not
   * prolong either.
   */
  issue(settings: Settings, username: string): IssuedTokens;
  /** @throws Refusal 401 for a token that is not good here */
  verify(settings: Settings, token: string): Verified;
  /** Forgets every token of a user. */
  revoke(username: string): void;
  /** What is in the cache now, by token. */
  remembered(): ReadonlyMap<string, CachedToken>;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const sign = (secret: string, content: string): Buffer => createHmac('sha256', secret).update(content).digest();
const seconds = (ms: number): number => Math.floor(ms / 1000);

/**
 * JSON web tokens as pkg/apiserver/authentication/token of 3.x makes them. A cluster accepts what its own jwtSecret
 * signed and its own cache knows, unless its accessTokenMaxAge is 0, as a member's must be to take its host's tokens.
 */
export function createTokens(now: () => number, known: ReadonlyMap<string, CachedToken> = new Map()): Tokens {
  const cache = new Map(known);

  function issueOne(settings: Settings, username: string, type: TokenType, lifeMs: number): string {
    const issuedAt = seconds(now());
    const claims = {
      ...(lifeMs > 0 ? { exp: issuedAt + seconds(lifeMs) } : {}),
      iat: issuedAt,
      iss: 'kubesphere',
      sub: username,
      token_type: type,
      username,
    };
    const content = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
    const token = `${content}.${sign(settings.jwtSecret, content).toString('base64url')}`;
    if (lifeMs > 0) remember(username, token, now() + lifeMs);
    return token;
  }

  function remember(username: string, token: string, until: number): void {
    for (const [old, { until: end }] of cache) if (end < now()) cache.delete(old);
    cache.set(token, { username, until });
  }

  return {
    issue(settings, username) {
      const { accessTokenMaxAgeMs: maxAge, inactivityMs } = settings;
      return {
        access_token: issueOne(settings, username, 'access_token', maxAge),
        token_type: 'Bearer',
        refresh_token: issueOne(settings, username, 'refresh_token', maxAge + inactivityMs),
        expires_in: seconds(maxAge),
      };
    },
    verify(settings, token) {
      const claims = claimsOf(token, settings.jwtSecret);
      const username = text(claims['username']) ?? '';
      const type = text(claims['token_type']) ?? '';
      const [expires, issued] = [Number(claims['exp'] ?? 0), Number(claims['iat'] ?? 0)];
      const today = seconds(now());
      if (expires > 0 && today > expires) throw new Refusal(401, `jwt: token is expired by ${today - expires}s`);
      if (issued > today + seconds(settings.clockSkewMs))
        throw new Refusal(401, `jwt: token used before issued, iat:${issued}, now:${today}`);
      const cached = cache.get(token);
      const isCached = cached !== undefined && cached.username === username && cached.until >= now();
      if (settings.accessTokenMaxAgeMs > 0 && type !== 'static_token' && !isCached)
        throw new Refusal(401, 'token not found in cache');
      return { username, type };
    },
    revoke(username) {
      for (const [token, { username: owner }] of cache) if (owner === username) cache.delete(token);
    },
    remembered: () => new Map(cache),
  };
}

function claimsOf(token: string, secret: string): Record<string, unknown> {
  const [header = '', claims = '', signature, ...more] = token.split('.');
  if (signature === undefined || more.length > 0)
    throw new Refusal(401, 'token contains an invalid number of segments');
  const wanted = sign(secret, `${header}.${claims}`);
  const given = Buffer.from(signature, 'base64url');
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw new Refusal(401, 'signature is invalid');
  const value: unknown = JSON.parse(Buffer.from(claims, 'base64url').toString());
  return isRecord(value) ? value : {};
}
