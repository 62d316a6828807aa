import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { Federation } from '../../../src/federation.ts';
import { type Gateway, startGateway } from '../../../src/testing/index.ts';
import type { Ground } from '../../grounds.ts';
import { type AnyMethodSpec, isRead } from './method.ts';
import { startTokenProxy, type TokenProxy } from './token-proxy.ts';
import { expectNothingTold, heard } from './told.ts';
import { type ModuleWorld, startWorld } from './world.ts';

const patient = { timeout: 90_000 };

/** Plays the success of every method once more, by the other way in: KubeSphere's own front door, and to members through it. */
export function describeThroughGateway(ground: Ground, specs: readonly AnyMethodSpec[]): void {
  describe(`through the gateway, on ${ground.name}`, () => {
    let world: ModuleWorld;
    let gateway: Gateway;
    let proxy: TokenProxy;
    let federation: Federation;
    beforeAll(async () => {
      world = await startWorld(ground);
      gateway = await startGateway({ kubeconfig: world.clusters.a.tokenKubeconfig });
      const admin = { username: 'admin', password: 'P@88w0rd' };
      proxy = await startTokenProxy(gateway.url);
      world.plant(() => [admin.password, ...proxy.tokens.map(({ token }) => token)]);
      const { url } = proxy;
      federation = await Federation.connect({ gateway: { url, ...admin }, name: 'a', logger: world.logger });
    }, 1_200_000);
    afterAll(async () => {
      for (const one of [federation, proxy, gateway, world]) await one?.[Symbol.asyncDispose]();
    }, 120_000);

    for (const spec of specs)
      test(spec.method, patient, async () => {
        const args: unknown = await spec.prepare(world);
        const calling = heard(world, spec, (options) => spec.call(federation, args, options));
        if (typeof spec.throughGateway === 'string') {
          const error = await calling.then(
            (answer) => expect.fail(`It should have been refused: ${JSON.stringify(answer)}`),
            (one: unknown) => one,
          );
          expect(FederationError.is(error) && error.code).toBe(spec.throughGateway);
          return spec.untouched?.(world, args);
        }
        const answer = await calling;
        if (!isRead(spec)) expect(answer).toMatchObject({ outcome: 'changed' });
        return spec.throughGateway?.(answer) ?? spec.done(world, args, answer);
      });

    test('neither the password nor a token was told by any of them, or recorded', patient, async () => {
      expect(proxy.tokens.map(({ type }) => type)).toEqual(expect.arrayContaining(['access', 'refresh']));
      await expectNothingTold(world, specs.length);
    });
  });
}
