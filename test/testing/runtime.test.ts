import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import { connectCluster } from '../../src/kube/connect.ts';
import type { Connection, WatchEvent } from '../../src/kube/connection.ts';
import { type ConfigMap, core } from '../../src/kube/resources.ts';
import { Clock } from '../../src/testing/clock.ts';
import { type Change, Informer } from '../../src/testing/controllers/informer.ts';
import { type Outcome, Queue } from '../../src/testing/controllers/queue.ts';
import { Manager } from '../../src/testing/controllers/runtime.ts';
import { Gate } from '../../src/testing/gate.ts';
import { type ApiServer, startApiServer, until } from '../../src/testing/index.ts';
import { slow } from './support.ts';

const map = (name: string, resourceVersion: string): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'ns', uid: `uid-${name}`, resourceVersion },
});

describe('Informer', () => {
  function watching(...events: WatchEvent<ConfigMap>[]) {
    const informer = new Informer<ConfigMap>();
    const seen: string[] = [];
    const say = ({ before, after, initial }: Change<ConfigMap>): string =>
      [
        before?.metadata.resourceVersion ?? '-',
        after?.metadata.resourceVersion ?? '-',
        ...(initial ? ['initial'] : []),
      ].join(' ');
    informer.onChange((key, change) => seen.push(`${key}: ${say(change)}`));
    for (const event of events) informer.apply(event);
    return { informer, seen };
  }

  it('tells what was there at the start from what came later', () => {
    const { informer, seen } = watching(
      { type: 'synced', objects: [map('one', '1')] },
      { type: 'added', object: map('two', '2') },
      { type: 'modified', object: map('one', '3') },
      { type: 'deleted', object: map('two', '4') },
    );
    expect(seen).toEqual(['ns/one: - 1 initial', 'ns/two: - 2', 'ns/one: 1 3', 'ns/two: 2 -']);
    expect(informer.keys()).toEqual(['ns/one']);
    expect(informer.get({ namespace: 'ns', name: 'one' })?.metadata.resourceVersion).toBe('3');
  });

  it('finds out from a new listing what disappeared, and is silent about what did not change', () => {
    const { seen } = watching(
      { type: 'synced', objects: [map('one', '1'), map('two', '2')] },
      { type: 'synced', objects: [map('two', '2'), map('three', '5')] },
    );
    expect(seen.slice(2)).toEqual(['ns/one: 1 -', 'ns/three: - 5']);
  });
});

describe('Queue', () => {
  const clock = new Clock();
  const immediately = { workers: 4, delay: () => 1, clock };

  it('never works on one key twice at once, and looks again when asked to meanwhile', async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    let release = (): void => {};
    const queue = new Queue(async () => {
      running += 1;
      most = Math.max(most, running);
      runs += 1;
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      running -= 1;
      return undefined;
    }, immediately);
    for (let times = 0; times < 5; times++) queue.add('key');
    expect(runs).toBe(1);
    release();
    await until('the second run', async () => runs === 2, { everyMs: 1 });
    release();
    await queue.close();
    expect({ most, runs }).toEqual({ most: 1, runs: 2 });
  });

  it('waits longer after every failure in a row, and starts over after a success', async () => {
    const asked: number[] = [];
    const outcomes: Outcome[] = ['retry', 'retry', undefined, 'retry', undefined];
    let runs = 0;
    const queue = new Queue(async () => outcomes[runs++], {
      workers: 1,
      clock,
      delay: (failures) => {
        asked.push(failures);
        return 1;
      },
    });
    queue.add('key');
    await until('three runs', async () => runs === 3, { everyMs: 1 });
    queue.add('key');
    await until('five runs', async () => runs === 5, { everyMs: 1 });
    await queue.close();
    expect(asked).toEqual([0, 1, 0]);
  });

  /** A queue on a clock that stands, with what it worked on. */
  const standing = (work: () => Promise<void> = async () => {}) => {
    const still = new Clock();
    still.pause();
    const done: string[] = [];
    const run = async (key: string): Promise<undefined> => {
      await work();
      done.push(key);
    };
    return { still, done, queue: new Queue(run, { workers: 1, delay: () => 1, clock: still }) };
  };

  it('lets the earlier of two planned times win, and calls the later one off', async () => {
    const { still, done, queue } = standing();
    queue.addAfter('key', 60_000);
    queue.addAfter('key', 1);
    queue.addAfter('key', 60_000);
    await still.advance(200_000);
    expect(done).toEqual(['key']);
    await queue.close();
  });

  it('takes nothing on once it is closed, and closes only after what is under way', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { still, done, queue } = standing(() => held);
    queue.add('under way');
    queue.add('waiting');
    queue.addAfter('planned', 1);
    const closing = queue.close();
    queue.add('late');
    queue.addAfter('late and planned', 1);
    release();
    await closing;
    expect(done).toEqual(['under way']);
    await still.advance(1_000);
    expect(done).toEqual(['under way']);
  });
});

describe('Manager', () => {
  let server: ApiServer;
  let connection: Connection;
  beforeEach(async () => {
    server = await startApiServer({ name: 'one' });
    connection = await connectCluster({ kubeconfig: server.kubeconfig, name: 'one' });
  }, slow.timeout);
  afterEach(async () => {
    await connection[Symbol.asyncDispose]();
    await server.close();
  });

  it('repeats what an API server refused, and reports it to the logger', async () => {
    const warnings: string[] = [];
    const silent = (): void => {};
    const logger = {
      debug: silent,
      info: silent,
      error: silent,
      warn: (message: string) => void warnings.push(message),
    };
    let runs = 0;
    const manager = new Manager(connection, { logger });
    const queue = manager.controller({
      name: 'stubborn',
      async reconcile() {
        runs += 1;
        if (runs < 3) throw new FederationError('SERVER_ERROR', 'not now');
        return undefined;
      },
    });
    queue.add('key');
    await until('the third run', async () => runs === 3, { everyMs: 5 });
    await manager[Symbol.asyncDispose]();
    expect(warnings).toEqual(['stubborn of key: not now', 'stubborn of key: not now']);
  });

  it('throws the defects of its controllers and of its children when it is disposed', async () => {
    const silent = (): void => {};
    const manager = new Manager(connection, { logger: { debug: silent, info: silent, warn: silent, error: silent } });
    let ran = false;
    const broken = {
      name: 'broken',
      async reconcile(): Promise<Outcome> {
        ran = true;
        throw new TypeError('a mistake of ours');
      },
    };
    manager.child(connection).controller(broken).add('key');
    await until('it ran', async () => ran, { everyMs: 1 });
    await expect(manager[Symbol.asyncDispose]()).rejects.toThrow(AggregateError);
  });

  it('ends though its control loops are held up, and they do nothing more', async () => {
    const gate = new Gate();
    gate.hinder(() => true);
    const manager = new Manager(connection, { gate });
    let ran = false;
    const work = async (): Promise<undefined> => {
      ran = true;
    };
    manager.controller({ name: 'held', reconcile: work }).add('key');
    manager.every(() => 1, 'held, too', work);
    await manager[Symbol.asyncDispose]();
    expect(ran).toBe(false);
    expect(getEventListeners(manager.signal, 'abort')).toEqual([]);
  });

  it('does not complain of work that its own end broke off', async () => {
    const heard: string[] = [];
    const hear = (message: string): void => void heard.push(message);
    const manager = new Manager(connection, { logger: { debug: hear, info: hear, warn: hear, error: hear } });
    let begun = 0;
    const work = async (): Promise<undefined> => {
      begun += 1;
      await manager.pause(3_600_000, 3_600_000);
    };
    manager.controller({ name: 'patient', reconcile: work }).add('key');
    manager.every(() => 1, 'patient, too', work);
    await until('both wait', async () => begun === 2, { everyMs: 1 });
    await manager[Symbol.asyncDispose]();
    expect(heard).toEqual([]);
  });

  it('closes what it owns, once its control loops have ended', async () => {
    const manager = new Manager(connection);
    const ends: string[] = [];
    manager.onClose(async () => void ends.push('closed'));
    manager
      .controller({
        name: 'slow',
        async reconcile() {
          await new Promise<void>((resolve) => manager.signal.addEventListener('abort', () => setImmediate(resolve)));
          ends.push('worked');
          return undefined;
        },
      })
      .add('key');
    await until('it works', async () => getEventListeners(manager.signal, 'abort').length > 0, { everyMs: 1 });
    await manager[Symbol.asyncDispose]();
    expect(ends).toEqual(['worked', 'closed']);
  });

  it('gives a mortal informer up where its credentials are no longer good, and waits for it no more', async () => {
    const silent = (): void => {};
    await using manager = new Manager(connection, {
      logger: { debug: silent, info: silent, warn: silent, error: silent },
    });
    let asked = 0;
    server.intercept(({ resource }) => {
      if (resource !== 'configmaps') return undefined;
      asked += 1;
      return { status: 401 };
    });
    const informer = manager.informer(core.configMaps, { mortal: true });
    await manager.synced();
    expect(informer.synced).toBe(false);
    expect(asked).toBeGreaterThan(0);
  });

  it('tells its children to end as soon as it ends itself', async () => {
    const manager = new Manager(connection);
    const child = manager.child(connection);
    manager.stop(new Error('enough'));
    expect(child.signal.aborted).toBe(true);
    await expect(child.pause(60_000, 60_000)).rejects.toThrow('enough');
    await manager[Symbol.asyncDispose]();
  });

  it('draws the same delays from the same seed', () => {
    const delays = (seed: number): number[] => {
      const manager = new Manager(connection, { seed });
      return Array.from({ length: 3 }, () => manager.between(700, 11_000));
    };
    expect(delays(7)).toEqual(delays(7));
    expect(delays(7)).not.toEqual(delays(8));
    for (const delay of delays(9)) {
      expect(delay).toBeGreaterThanOrEqual(700);
      expect(delay).toBeLessThanOrEqual(11_000);
    }
  });

  it('lives in the time of its clock', async () => {
    const clock = new Clock();
    clock.pause();
    await using manager = new Manager(connection, { clock });
    const runs: number[] = [];
    const begun = clock.elapsed();
    manager.every(
      () => 120_000,
      'resync',
      () => void runs.push(Math.round(clock.elapsed() - begun)),
    );
    await clock.advance(360_000);
    expect(runs).toEqual([0, 120_000, 240_000, 360_000]);
  });

  it('keeps one informer per kind and selection', async () => {
    await using manager = new Manager(connection);
    const all = manager.informer(core.configMaps);
    expect(manager.informer(core.configMaps)).toBe(all);
    expect(manager.informer(core.configMaps, { namespace: 'default' })).not.toBe(all);
    await manager.synced();
    await connection.create(core.configMaps, { metadata: { namespace: 'default', name: 'new' }, data: {} });
    await until('it is in the cache', async () => all.get('default/new') !== undefined, { everyMs: 5 });
  });
});
