import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { dispatcherTo, type LocalServer, nearTo, publish } from '../../../src/testing/server/local.ts';

const url = 'https://127.0.0.1:1';
const anyone = { rejectUnauthorized: false };

/** A server that answers its name. */
function server(name: string, listening = true): LocalServer {
  return {
    url,
    listening,
    authority: '',
    certifiedUntil: () => Number.POSITIVE_INFINITY,
    identify: () => () => ({ name: 'nobody', groups: [] }),
    onSuspend: () => () => {},
    async handle(_incoming, outgoing) {
      outgoing.start(200, {});
      outgoing.write(name);
      outgoing.end();
    },
  };
}

it('a way that was kept leads to whoever has the address now: ports are given again', async () => {
  const { signal } = new AbortController();
  const withdraw = publish(server('first'));
  const near = nearTo(url, anyone);
  const dispatcher = dispatcherTo(url, anyone);
  if (near === undefined || dispatcher === undefined) throw new Error('there is a server');
  const asked = async (): Promise<unknown> => [
    await (await near({ method: 'GET', path: '/', headers: {}, signal })).body.text(),
    await (await dispatcher.request({ origin: url, path: '/', method: 'GET' })).body.text(),
  ];
  expect(await asked()).toEqual(['first', 'first']);

  withdraw();
  const none = { code: 'ECONNREFUSED' };
  await expect(near({ method: 'GET', path: '/', headers: {}, signal })).rejects.toMatchObject(none);
  await expect(dispatcher.request({ origin: url, path: '/', method: 'GET' })).rejects.toMatchObject(none);

  const second = publish(server('second'));
  expect(await asked()).toEqual(['second', 'second']);
  // Whoever is late in leaving takes nobody else along.
  withdraw();
  expect(await asked()).toEqual(['second', 'second']);
  second();
});

it('carries bytes both ways as they are, and a character in two pieces as one', async () => {
  const heard: string[] = [];
  const withdraw = publish({
    ...server('bytes'),
    async handle(incoming, outgoing) {
      heard.push(await incoming.body('latin1'), await incoming.body());
      outgoing.start(200, {});
      for (const byte of Buffer.from('"größer"')) outgoing.write(Uint8Array.of(byte));
      if (incoming.url === '/binary') outgoing.write(Uint8Array.of(0x00, 0x80, 0xff));
      outgoing.end();
    },
  });
  const { signal } = new AbortController();
  const near = nearTo(url, anyone);
  const dispatcher = dispatcherTo(url, anyone);
  if (near === undefined || dispatcher === undefined) throw new Error('there is a server');
  const asked = { method: 'POST', path: '/', headers: {}, body: 'größer', signal } as const;
  expect(await (await near(asked)).body.text()).toBe('"größer"');
  expect(await (await near(asked)).body.json()).toBe('größer');
  expect(heard.slice(0, 2)).toEqual([Buffer.from('größer').toString('latin1'), 'größer']);

  const body = Buffer.from([0xff, 0x00, 0x80]);
  const answer = await dispatcher.request({ origin: url, path: '/binary', method: 'POST', body });
  const expected = Buffer.concat([Buffer.from('"größer"'), Buffer.from([0x00, 0x80, 0xff])]);
  expect(Buffer.from(await answer.body.arrayBuffer())).toEqual(expected);
  expect(heard.at(-2)).toBe(body.toString('latin1'));
  withdraw();
});

it('a request that is answered leaves nothing behind, on neither side; a server that is gone is not known', async () => {
  const followers = new Set<() => void>();
  const withdraw = publish({
    ...server('one'),
    onSuspend(lost) {
      followers.add(lost);
      return () => void followers.delete(lost);
    },
  });
  const { signal } = new AbortController();
  const asked = nearTo(url, anyone)?.({ method: 'GET', path: '/', headers: {}, signal });
  expect([followers.size, getEventListeners(signal, 'abort').length]).toEqual([1, 1]);
  expect(await (await asked)?.body.text()).toBe('one');
  expect([followers.size, getEventListeners(signal, 'abort').length]).toEqual([0, 0]);
  withdraw();
  expect(nearTo(url, anyone)).toBeUndefined();
});
