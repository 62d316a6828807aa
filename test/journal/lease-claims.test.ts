import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leaseClaims } from '../../src/journal/lease-claims.ts';
import { claimName } from '../../src/journal/names.ts';
import { core } from '../../src/kube/resources.ts';
import { systemClock } from '../../src/workflow/time.ts';
import { failureOf } from '../workflow/harness.ts';
import { type Bench, bench, namespace, opened } from './kit.ts';

let on: Bench;
beforeEach(async () => {
  on = await bench();
  await on.open().append('r', 1, opened);
});
afterEach(() => on[Symbol.asyncDispose]());

const name = { namespace, name: claimName('r') };
const register = () =>
  leaseClaims({ connection: on.connection, namespace, runId: 'r' }, { clock: systemClock, claimMs: 500 });
const lease = () => on.connection.get(core.leases, name);

describe('the claim of a run', () => {
  it('is a Lease that tells people who holds it, since when and how often it changed hands', async () => {
    const first = await on.open().claim('r', 'd1');
    await first.renew();
    expect(await lease()).toMatchObject({
      metadata: {
        labels: { 'kubesphere-federation/journal': 'claim', 'kubesphere-federation/run': 'r' },
        annotations: { 'kubesphere-federation/turn': '2' },
      },
      spec: { holderIdentity: 'd1', leaseDurationSeconds: 1, leaseTransitions: 0 },
    });
    expect((await lease()).spec?.['renewTime']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    await first[Symbol.asyncDispose]();
    expect((await lease()).spec?.['holderIdentity']).toBeUndefined();
    await using second = await on.open().claim('r', 'd2');
    expect((await lease()).spec).toMatchObject({ holderIdentity: 'd2', leaseTransitions: 1 });
    expect(second.lost.aborted).toBe(false);
  });

  it('goes to one of those who take the same turn', async () => {
    const registers = Array.from({ length: 5 }, register);
    for (const one of registers) await one.read();
    const won = await Promise.all(registers.map((one, index) => one.write({ turn: 1, holder: `d${index}` })));
    expect(won.filter(Boolean)).toHaveLength(1);
    for (const one of registers) await one.read();
    const next = await Promise.all(registers.map((one, index) => one.write({ turn: 2, holder: `d${index}` })));
    expect(next.filter(Boolean)).toHaveLength(1);
  });

  it('cannot be won with a turn that is long gone, nor with one that has not come', async () => {
    const frozen = register();
    await frozen.read();
    const others = register();
    await others.read();
    for (const turn of [1, 2, 3]) expect(await others.write({ turn, holder: `d${turn}` })).toBe(true);
    expect(await frozen.write({ turn: 1, holder: 'd0' })).toBe(false);
    expect(await frozen.write({ turn: 3, holder: 'd0' })).toBe(false);
    expect(await others.write({ turn: 5, holder: 'd0' })).toBe(false);
    expect(await register().read()).toEqual({ turn: 3, holder: 'd3' });
  });

  it('cannot be won by a turn of a Lease that was made anew', async () => {
    const frozen = register();
    await frozen.read();
    await frozen.write({ turn: 1, holder: 'd1' });
    await on.connection.delete(core.leases, name, { propagationPolicy: 'Background' });
    const others = register();
    await others.read();
    await others.write({ turn: 1, holder: 'd2' });
    expect(await frozen.write({ turn: 2, holder: 'd1' })).toBe(false);
    expect(await others.read()).toEqual({ turn: 1, holder: 'd2' });
  });

  it('is lost when its Lease is gone', async () => {
    const claim = await on.open().claim('r', 'd1');
    await on.connection.delete(core.leases, name, { propagationPolicy: 'Background' });
    expect((await failureOf(claim.renew())).code).toBe('DRIVER_LOST');
    expect(claim.lost.aborted).toBe(true);
  });

  it.each(['create', 'patch'] as const)('is held by whom the answer to the %s was lost for', async (verb) => {
    let lost = 0;
    const stop = on.server.intercept((request) => {
      if (request.resource !== 'leases.coordination.k8s.io' || request.verb !== verb || lost > 0) return undefined;
      lost += 1;
      return 'reset-after';
    });
    await using claim = await on.open().claim('r', 'd1');
    await claim.renew();
    stop();
    expect(lost).toBe(1);
    expect(claim.lost.aborted).toBe(false);
    expect(await register().read()).toEqual({ turn: 2, holder: 'd1' });
  });

  it('survives that somebody else annotates the Lease', async () => {
    await using claim = await on.open().claim('r', 'd1');
    await on.connection.patch(core.leases, name, {
      type: 'merge',
      body: { metadata: { annotations: { mine: 'yes' } } },
    });
    await claim.renew();
    expect((await lease()).metadata.annotations).toEqual({ mine: 'yes', 'kubesphere-federation/turn': '2' });
  });

  it('is not taken on a Lease without a turn', async () => {
    await on.connection.create(core.leases, { metadata: name, spec: { holderIdentity: 'somebody' } });
    expect(await failureOf(on.open().claim('r', 'd1'))).toMatchObject({
      code: 'JOURNAL_INVALID',
      message: expect.stringContaining('kubesphere-federation/turn'),
    });
  });

  it('is not given for a run that is not there', async () => {
    expect((await failureOf(on.open().claim('none', 'd1'))).code).toBe('RUN_UNKNOWN');
    expect(await on.connection.find(core.leases, { namespace, name: claimName('none') })).toBeUndefined();
  });
});
