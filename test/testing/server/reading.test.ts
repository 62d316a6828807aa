import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Body, type Client, custom, define, definitions, inNamespace, startClient, until } from './client.ts';

let client: Client;
let maps: string;
beforeAll(async () => {
  client = await startClient();
  maps = `${await inNamespace(client, 'reading')}/configmaps`;
  for (const [name, labels] of Object.entries({ a: { app: 'x', n: '3' }, b: { app: 'y' }, c: {}, d: { app: 'x' } })) {
    await client.created(maps, { metadata: { name, labels }, data: { k: name } });
  }
});
afterAll(() => client[Symbol.asyncDispose]());

const names = (body: Body): string[] => body.items.map((item: Body) => item.metadata.name);

describe('list', () => {
  it.each([
    ['app=x', ['a', 'd']],
    ['app==x,n', ['a']],
    ['app!=x', ['b', 'c']],
    ['app', ['a', 'b', 'd']],
    ['!app', ['c']],
    ['app in (x, y),!n', ['b', 'd']],
    ['app notin (x)', ['b', 'c']],
    ['n>2', ['a']],
    ['n<2', []],
  ])('selects by the labels %s', async (selector, expected) => {
    const { body } = await client.get(`${maps}?labelSelector=${encodeURIComponent(selector)}`);
    expect(names(body)).toEqual(expected);
  });

  it('selects by the fields a server knows, and no others', async () => {
    expect(
      names(
        (await client.get('/api/v1/configmaps?fieldSelector=metadata.namespace%3Dreading,metadata.name%21%3Da')).body,
      ),
    ).toEqual(['b', 'c', 'd']);
    expect(names((await client.get('/api/v1/namespaces?fieldSelector=status.phase%3DTerminating')).body)).toEqual([]);
    const wrong = await client.get(`${maps}?fieldSelector=data.k%3Da`);
    expect(wrong.code).toBe(400);
    expect(wrong.body.message).toBe(
      '"data.k" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
    expect((await client.get(`${maps}?labelSelector=a%20of%20b`)).code).toBe(400);
  });

  it('in pages shows one moment, whatever is written meanwhile', async () => {
    const first = (await client.get(`${maps}?limit=2`)).body;
    expect(first.metadata.remainingItemCount).toBe(2);
    await client.merge(`${maps}/d`, { data: { k: 'later' } });
    await client.created(maps, { metadata: { name: 'bb' } });
    const second = (await client.get(`${maps}?limit=2&continue=${first.metadata.continue}`)).body;
    expect([...names(first), ...names(second)]).toEqual(['a', 'b', 'c', 'd']);
    expect(second.items[1].data).toEqual({ k: 'd' });
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect(second.metadata.continue).toBeUndefined();
    await client.delete(`${maps}/bb`);
  });

  it('whose continue token is too old is 410, with a token that goes on inconsistently', async () => {
    const first = (await client.get(`${maps}?limit=2`)).body;
    await client.merge(`${maps}/c`, { data: { k: 'newer' } });
    client.server.compact();
    const expired = await client.get(`${maps}?limit=2&continue=${first.metadata.continue}`);
    expect(expired.code).toBe(410);
    expect(expired.body.reason).toBe('Expired');
    const rest = (await client.get(`${maps}?continue=${expired.body.metadata.continue}`)).body;
    expect(names(rest)).toEqual(['c', 'd']);
    expect(rest.items[0].data).toEqual({ k: 'newer' });
  });

  it('of what is computed has no resourceVersion: it cannot be watched', async () => {
    const { code, body } = await client.get('/api/v1/componentstatuses?limit=500');
    expect({ code, metadata: body.metadata }).toEqual({ code: 200, metadata: {} });
    expect((await client.get('/api/v1/componentstatuses?watch=1')).code).toBe(405);
  });

  it('gives metadata only where that is asked for', async () => {
    const accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
    const { body } = await client.get(maps, { accept });
    expect(body).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' });
    expect(Object.keys(body.items[0]).sort()).toEqual(['apiVersion', 'kind', 'metadata']);
    const fallback = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    expect((await client.get(maps, { accept: fallback })).body.kind).toBe('ConfigMapList');
    expect((await client.get(maps, { accept: 'text/html' })).code).toBe(406);
  });

  it('of a future that is not, fails as a timeout that may be repeated', async () => {
    const answer = await client.get(`${maps}?resourceVersion=999999999`);
    expect(answer.code).toBe(504);
    expect(answer.body.details.causes[0].reason).toBe('ResourceVersionTooLarge');
  });
});

describe('watch', () => {
  it('goes on from a list, sees each change once and in order', async () => {
    const { metadata } = (await client.get(maps)).body;
    await client.created(maps, { metadata: { name: 'w' } });
    const watch = await client.watch(`${maps}?watch=true&resourceVersion=${metadata.resourceVersion}`);
    await client.merge(`${maps}/w`, { data: { k: '1' } });
    const last = (await client.get(`${maps}/w`)).body;
    await client.delete(`${maps}/w`);
    await until('three events', () => watch.events.length === 3);
    expect(watch.events.map((event) => event.type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    expect(watch.events[2].object.data).toEqual({ k: '1' });
    expect(Number(watch.events[2].object.metadata.resourceVersion)).toBeGreaterThan(
      Number(last.metadata.resourceVersion),
    );
    watch.stop();
  });

  it('without a resourceVersion begins with what there is', async () => {
    const watch = await client.watch(`${maps}?watch=1&labelSelector=app`);
    await until('the initial events', () => watch.events.length === 3);
    expect(watch.events.map((event) => [event.type, event.object.metadata.name])).toEqual([
      ['ADDED', 'a'],
      ['ADDED', 'b'],
      ['ADDED', 'd'],
    ]);
    watch.stop();
  });

  it('with a selector shows what enters and leaves the selection as added and deleted', async () => {
    const { metadata } = (await client.get(maps)).body;
    const watch = await client.watch(
      `${maps}?watch=true&labelSelector=sel&resourceVersion=${metadata.resourceVersion}`,
    );
    await client.merge(`${maps}/c`, { metadata: { labels: { sel: '1' } } });
    await client.merge(`${maps}/c`, { metadata: { labels: { sel: '2' } } });
    await client.merge(`${maps}/c`, { metadata: { labels: { sel: null } } });
    await until('three events', () => watch.events.length === 3);
    expect(watch.events.map((event) => event.type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    watch.stop();
  });

  it('from a forgotten revision gets a 410 as its only event', async () => {
    await client.merge(`${maps}/a`, { data: { k: 'again' } });
    client.server.compact();
    const watch = await client.watch(`${maps}?watch=true&resourceVersion=1`);
    await watch.ended;
    expect(watch.code).toBe(200);
    expect(watch.events).toHaveLength(1);
    expect(watch.events[0]).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
  });

  it('ends after timeoutSeconds, and has bookmarks where they are allowed', async () => {
    const watch = await client.watch(
      `${maps}?watch=true&allowWatchBookmarks=true&timeoutSeconds=2&resourceVersion=${(await client.get(maps)).body.metadata.resourceVersion}`,
    );
    await watch.ended;
    expect(watch.events.length).toBeGreaterThan(0);
    expect(watch.events[0]).toMatchObject({ type: 'BOOKMARK', object: { kind: 'ConfigMap', apiVersion: 'v1' } });
  });

  it('marks the end of the initial events where that is asked for', async () => {
    const watch = await client.watch(
      `${maps}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=n`,
    );
    await until('two events', () => watch.events.length === 2);
    expect(watch.events[1].object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    watch.stop();
  });
});

describe('discovery', () => {
  it('lists groups, versions and resources, those of definitions at once', async () => {
    await define(client, 'Gadget', { versions: ['v1beta1', 'v1', 'v2alpha1'] });
    const { body } = await client.get('/apis/example.com');
    expect(body.preferredVersion.version).toBe('v1');
    expect(body.versions.map((each: Body) => each.version)).toEqual(['v1', 'v1beta1', 'v2alpha1']);
    const resources = (await client.get('/apis/example.com/v1')).body.resources;
    expect(resources.map((each: Body) => each.name)).toEqual(['gadgets', 'gadgets/status']);
    const made = (await client.get(`${definitions}/gadgets.example.com`)).body;
    expect(made.status.conditions).toContainEqual(expect.objectContaining({ type: 'Established', status: 'True' }));
    expect((await client.post('/apis/example.com/v1/gadgets', custom('Gadget', { name: 'g' }))).code).toBe(201);
  });

  it('is aggregated where the client takes that', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    const answer = await client.get('/apis', { accept });
    expect(answer.contentType).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
    const apps = answer.body.items.find((each: Body) => each.metadata.name === 'apps');
    expect(apps.versions[0].resources.map((each: Body) => each.resource)).toContain('deployments');
  });

  it('answers 404 as the real server does: a Status inside its own groups, text elsewhere', async () => {
    expect((await client.get('/api/v1/riddles')).body.message).toBe('the server could not find the requested resource');
    expect((await client.get('/apis/no.where/v1/riddles')).body).toBe('404 page not found\n');
    expect((await client.get('/nothing/here')).code).toBe(404);
  });

  it('has admission policies from Kubernetes 1.30 on; an older server has webhook configurations alone', async () => {
    const group = '/apis/admissionregistration.k8s.io/v1';
    const served = async (gitVersion: string) => {
      await using old = await startClient({ gitVersion });
      const names = (await old.get(group)).body.resources.map((each: Body) => each.name);
      const policies = await old.get(`${group}/validatingadmissionpolicies`);
      return { names: names.filter((name: string) => name.startsWith('validating')), code: policies.code };
    };
    const webhooks = 'validatingwebhookconfigurations';
    expect(await served('v1.29.9')).toEqual({ names: [webhooks], code: 404 });
    expect((await served('v1.30.0')).code).toBe(200);
  });

  it('tells its version and its health', async () => {
    expect((await client.get('/version')).body.gitVersion).toBe('v1.34.4');
    expect((await client.get('/readyz')).body).toBe('ok');
  });
});
