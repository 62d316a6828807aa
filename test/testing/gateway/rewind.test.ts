import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { createUser, type Sandbox, until } from '../../../src/testing/index.ts';
import { patient, slow } from '../support.ts';
import { asking, signedIn, signInForm, startTown } from './kit.ts';

const minute = 60_000;

describe('a gateway and the moments of its sandbox', slow, () => {
  let town: Sandbox<'alone'>;
  beforeAll(async () => {
    town = await startTown({ alone: { role: 'standalone' } });
    await createUser(town.clusters.alone.connection, { name: 'guessed' });
    await until('users can sign in', async () => (await signIn('guessed')).status === 200, patient);
    // How long anything takes here says nothing about how long it is in the product.
    town.clock.pause();
  }, slow.timeout);
  afterAll(() => town?.[Symbol.asyncDispose](), slow.timeout);
  const ask = (authorization?: string) => asking(town.clusters.alone.gateway, authorization);
  const signIn = (name: string, secret?: string) =>
    ask()('/oauth/token', { method: 'POST', body: signInForm(name, secret) });
  const renewal = (refresh: unknown) =>
    ask()('/oauth/token', {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: String(refresh),
        client_id: 'kubesphere',
        client_secret: 'kubesphere',
      }),
    });

  it('takes the tokens that were good then, and no later ones', async () => {
    const early = await signedIn(town.clusters.alone.gateway);
    const moment = town.moment();
    await town.clock.advance(minute);
    const late = await signedIn(town.clusters.alone.gateway);
    expect((await late('/api/v1/namespaces')).status).toBe(200);
    expect((await early('/oauth/logout')).status).toBe(200);
    expect((await early('/api/v1/namespaces')).status).toBe(401);
    await town.rewind(moment);
    expect((await early('/api/v1/namespaces')).status).toBe(200);
    expect((await late('/api/v1/namespaces')).json['message']).toBe('Unauthorized: token not found in cache');
  });

  it('counts the wrong passwords up to then, and no later ones', async () => {
    const state = async (name: string) =>
      (await town.clusters.alone.connection.get(kubesphere.users, { name })).status?.state;
    const guess = async (times: number) => {
      for (let attempt = 0; attempt < times; attempt++) await signIn('guessed', 'wrong');
    };
    await guess(5);
    const moment = town.moment();
    await guess(4);
    await town.rewind(moment);
    await guess(4);
    expect(await state('guessed')).toBe('Active');
    await guess(1);
    expect(await state('guessed')).toBe('AuthLimitExceeded');
    await town.rewind(moment);
    expect((await signIn('guessed')).status).toBe(200);
  });

  it('goes on with nothing that began before', async () => {
    const { alone } = town.clusters;
    const admin = await signedIn(alone.gateway);
    const moment = town.moment();
    let held = 0;
    const lift = alone.intercept(({ resource, verb, name }) => {
      if (verb !== 'get' || resource !== 'users.iam.kubesphere.io' || name !== 'admin') return undefined;
      held += 1;
      return { delayMs: 10 * minute };
    });
    const path = '/api/v1/namespaces/default/configmaps';
    const writing = admin(path, { method: 'POST', body: { metadata: { name: 'late' } } });
    await until('the gateway looks who asks', async () => held > 0);
    lift();
    await town.rewind(moment);
    await town.clock.advance(11 * minute);
    expect(await writing).toMatchObject({ status: 500, text: expect.stringContaining('this ks-apiserver has ended') });
    expect(await alone.connection.find(core.configMaps, { namespace: 'default', name: 'late' })).toBeUndefined();
    expect((await admin(`${path}/late`)).status).toBe(404);
  });

  it('lets a token be renewed four hours long, whoever uses it meanwhile', async () => {
    const { json } = await signIn('admin');
    expect(json['expires_in']).toBe(7200);
    await town.clock.advance(2 * 60 * minute + minute);
    expect((await ask(`Bearer ${json['access_token']}`)('/api/v1/namespaces')).status).toBe(401);
    await town.clock.advance(2 * 60 * minute - 5 * minute);
    const renewed = await renewal(json['refresh_token']);
    expect(renewed).toMatchObject({ status: 200, json: { expires_in: 7200 } });
    expect((await ask(`Bearer ${renewed.json['access_token']}`)('/api/v1/namespaces')).status).toBe(200);
    await town.clock.advance(5 * minute);
    expect(await renewal(json['refresh_token'])).toMatchObject({
      status: 400,
      json: { error: 'invalid_grant', error_description: expect.stringContaining('jwt: token is expired') },
    });
  });
});
