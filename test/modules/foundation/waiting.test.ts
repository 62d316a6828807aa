import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { core } from '../../../src/kube/resources.ts';
import { type KubeSphereCluster, openCluster } from '../../../src/kubesphere/cluster.ts';
import { waitFor } from '../../../src/modules/work.ts';
import { createSandbox, type Sandbox } from '../../../src/testing/index.ts';

let sandbox: Sandbox<'c'>;
let cluster: KubeSphereCluster;
beforeAll(async () => {
  sandbox = await createSandbox({ clusters: { c: { role: 'host' } }, speed: 100 });
  cluster = await openCluster(sandbox.clusters.c.connection);
}, 60_000);
afterAll(() => sandbox.close());

describe('waiting for what never comes', () => {
  const waiting = (signal: AbortSignal, timeoutMs: number, looked: () => void = () => {}) =>
    waitFor(signal, {
      cluster,
      resource: core.configMaps,
      select: { namespace: 'default' },
      test: () => {
        looked();
        return undefined;
      },
      what: 'Godot',
      timeoutMs,
    });

  it('is NOT_OBSERVED when its time is over', async () => {
    await expect(waiting(new AbortController().signal, 50)).rejects.toMatchObject({
      code: 'NOT_OBSERVED',
      message: expect.stringContaining('Godot, in vain'),
    });
  });

  it('is ABORTED by who does not want to wait, whatever reason they give', async () => {
    for (const reason of [undefined, 'enough']) {
      const own = new AbortController();
      await expect(waiting(own.signal, 60_000, () => own.abort(reason))).rejects.toMatchObject({ code: 'ABORTED' });
    }
  });

  it('is over with the call that it is part of, as that says', async () => {
    const own = new AbortController();
    const late = new FederationError('TIMEOUT', 'It took longer than 5 ms.');
    await expect(waiting(own.signal, 60_000, () => own.abort(late))).rejects.toBe(late);
  });
});
