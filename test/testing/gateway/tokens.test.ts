import { describe, expect, it } from 'vitest';
import { settingsOf } from '../../../src/testing/gateway/settings.ts';
import { createTokens } from '../../../src/testing/gateway/tokens.ts';

const minute = 60_000;
const settings = (jwtSecret: string, accessTokenMaxAge?: string) =>
  settingsOf({
    authentication: { jwtSecret, oauthOptions: accessTokenMaxAge === undefined ? {} : { accessTokenMaxAge } },
  });

describe('tokens', () => {
  let time = Date.parse('2026-11-22T12:00:00Z');
  const tokens = createTokens(() => time);
  const mine = settings('mine');

  it('are JSON web tokens that name their user and what they are good for', () => {
    const { access_token: access, refresh_token: refresh } = tokens.issue(mine, 'anna');
    expect(tokens.verify(mine, access)).toEqual({ username: 'anna', type: 'access_token' });
    expect(tokens.verify(mine, refresh)).toEqual({ username: 'anna', type: 'refresh_token' });
    const [header = ''] = access.split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'HS256', typ: 'JWT' });
  });

  it('end after two hours, those to renew them with later', () => {
    const { access_token: access, refresh_token: refresh } = tokens.issue(mine, 'anna');
    time += 119 * minute;
    expect(tokens.verify(mine, access).username).toBe('anna');
    time += 2 * minute;
    expect(() => tokens.verify(mine, access)).toThrow('jwt: token is expired by 60s');
    expect(tokens.verify(mine, refresh).username).toBe('anna');
    time += 120 * minute;
    expect(() => tokens.verify(mine, refresh)).toThrow('jwt: token is expired');
  });

  it('are good for ten seconds before they were issued, by the clock of who looks, and no longer', () => {
    const { access_token: access } = tokens.issue(mine, 'anna');
    time -= 9000;
    expect(tokens.verify(mine, access).username).toBe('anna');
    time -= 3000;
    expect(() => tokens.verify(mine, access)).toThrow('jwt: token used before issued');
    time += 12_000;
  });

  it('are worth nothing where another secret signs, or when they were changed', () => {
    const { access_token: access } = tokens.issue(mine, 'anna');
    expect(() => tokens.verify(settings('other'), access)).toThrow('signature is invalid');
    const [header, , signature] = access.split('.');
    const forged = Buffer.from(JSON.stringify({ username: 'admin' })).toString('base64url');
    expect(() => tokens.verify(mine, `${header}.${forged}.${signature}`)).toThrow('signature is invalid');
    expect(() => tokens.verify(mine, 'no token')).toThrow('token contains an invalid number of segments');
  });

  it('of others are good where accessTokenMaxAge is 0, and must be in the cache elsewhere', () => {
    const { access_token: access } = createTokens(() => time).issue(mine, 'cleo');
    expect(tokens.verify(settings('mine', '0s'), access).username).toBe('cleo');
    expect(() => tokens.verify(mine, access)).toThrow('token not found in cache');
  });

  it('are forgotten when their user leaves, whatever their time is', () => {
    const { access_token: access } = tokens.issue(mine, 'ben');
    tokens.revoke('ben');
    expect(() => tokens.verify(mine, access)).toThrow('token not found in cache');
    const { access_token: endless, expires_in: seconds } = tokens.issue(settings('mine', '0s'), 'ben');
    expect(seconds).toBe(0);
    tokens.revoke('ben');
    expect(tokens.verify(settings('mine', '0s'), endless).username).toBe('ben');
  });

  it('are kept no longer than they are good', () => {
    const few = createTokens(() => time);
    for (let round = 0; round < 100; round++) {
      few.issue(mine, `user-${round}`);
      time += 60 * minute;
    }
    // An access token of the last two hours, a refresh token of the last four.
    expect(few.remembered().size).toBeLessThan(10);
  });

  it('are those of the moment for whoever begins with what was remembered then', () => {
    const { access_token: early } = tokens.issue(mine, 'dora');
    const then = tokens.remembered();
    time += 1000;
    const { refresh_token: late } = tokens.issue(mine, 'dora');
    tokens.revoke('dora');
    const again = createTokens(() => time, then);
    expect(again.verify(mine, early).username).toBe('dora');
    expect(() => again.verify(mine, late)).toThrow('token not found in cache');
  });
});
