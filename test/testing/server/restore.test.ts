import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Client, custom, define, definitions, isAlive, startClient, until } from './client.ts';

let client: Client;
beforeEach(async () => {
  client = await startClient();
});
afterEach(() => client[Symbol.asyncDispose]());

const gadgets = '/apis/example.com/v1/gadgets';

it('a server that is put back serves the kinds of then, and no others', async () => {
  await define(client, 'Gadget');
  await client.created(gadgets, custom('Gadget', { name: 'one' }));
  const capture = client.server.capture();
  await define(client, 'Widget');
  await client.delete(`${definitions}/gadgets.example.com`);
  await until('gadgets are served no more', async () => (await client.get(gadgets)).code === 404);
  client.server.restoreCapture(capture);
  expect((await client.get(`${gadgets}/one`)).code).toBe(200);
  expect((await client.get('/apis/example.com/v1/widgets')).code).toBe(404);
});

it('a server that is put back has one set of controllers: those from before want nothing more', async () => {
  client.server.restoreCapture(client.server.capture());
  await client.created('/api/v1/namespaces', { metadata: { name: 'new' } });
  await until('its account is there', () => isAlive(client, '/api/v1/namespaces/new/serviceaccounts/default'));
  await client.delete('/api/v1/namespaces/new');
  await until('it is gone', async () => (await client.get('/api/v1/namespaces/new')).code === 404);
  expect(client.server.history(({ refused }) => refused !== undefined)).toEqual([]);
});
