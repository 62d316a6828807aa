import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  type Body,
  type Client,
  custom,
  define,
  inNamespace,
  isAlive,
  startClient,
  until,
} from './client.ts';

const group = '/apis/admissionregistration.k8s.io/v1';
let client: Client;
let inside: string;
beforeAll(async () => {
  client = await startClient();
  inside = await inNamespace(client, 'guarded');
});
afterAll(() => client[Symbol.asyncDispose]());

const rule = (operation: string, resource: string, extra: object = {}): object => ({
  apiGroups: ['*'],
  apiVersions: ['*'],
  operations: [operation],
  resources: [resource],
  ...extra,
});

/** Creates a policy with its binding. */
async function policy(name: string, spec: object, binding: object = {}): Promise<void> {
  await client.created(`${group}/validatingadmissionpolicies`, { metadata: { name }, spec });
  await client.created(`${group}/validatingadmissionpolicybindings`, {
    metadata: { name: `${name}-binding` },
    spec: { policyName: name, validationActions: ['Deny'], ...binding },
  });
}
const refused = (act: () => Promise<Answer>): Promise<Body> =>
  until('the policy refuses', async () => {
    const { code, body } = await act();
    return code >= 400 && body;
  });

describe('a ValidatingAdmissionPolicy', () => {
  it('refuses in the words of the real server, dry runs too, and what is not named goes on', async () => {
    await client.created('/api/v1/namespaces', { metadata: { name: 'kept' } });
    await client.created('/api/v1/namespaces', { metadata: { name: 'free' } });
    await policy('shield', {
      matchConstraints: { resourceRules: [rule('DELETE', 'namespaces', { resourceNames: ['kept'] })] },
      validations: [{ expression: 'false', message: 'kept by the shield' }],
    });
    const message =
      "ValidatingAdmissionPolicy 'shield' with binding 'shield-binding' denied request: kept by the shield";
    expect(await refused(() => client.delete('/api/v1/namespaces/kept?dryRun=All'))).toMatchObject({
      code: 422,
      reason: 'Invalid',
      message: `namespaces "kept" is forbidden: ${message}`,
      details: { name: 'kept', kind: 'namespaces', causes: [{ message }] },
    });
    expect((await client.delete('/api/v1/namespaces/kept')).code).toBe(422);
    expect(await isAlive(client, '/api/v1/namespaces/kept')).toBe(true);
    expect((await client.delete('/api/v1/namespaces/free')).code).toBe(200);
  });

  it('is not yet active when its create is answered', async () => {
    await using slow = await startClient({ speed: 1 });
    const path = '/api/v1/namespaces/default/configmaps';
    await slow.created(path, { metadata: { name: 'x' } });
    await slow.created(`${group}/validatingadmissionpolicies`, {
      metadata: { name: 'p' },
      spec: {
        matchConstraints: { resourceRules: [rule('DELETE', 'configmaps')] },
        validations: [{ expression: 'false' }],
      },
    });
    await slow.created(`${group}/validatingadmissionpolicybindings`, {
      metadata: { name: 'b' },
      spec: { policyName: 'p', validationActions: ['Deny'] },
    });
    expect((await slow.delete(`${path}/x?dryRun=All`)).code).toBe(200);
    await until('it is active', async () => (await slow.delete(`${path}/x?dryRun=All`)).code === 422);
  });

  it('holds the garbage collector and the namespace controller back, which then try again', async () => {
    await define(client, 'Parent');
    const parent = await client.created('/apis/example.com/v1/parents', custom('Parent', { name: 'p' }));
    const { name, uid } = parent.metadata;
    await client.created('/api/v1/namespaces', {
      metadata: { name: 'child', ownerReferences: [{ apiVersion: 'example.com/v1', kind: 'Parent', name, uid }] },
    });
    await policy('cradle', {
      matchConstraints: { resourceRules: [rule('DELETE', 'namespaces', { resourceNames: ['child'] })] },
      validations: [{ expression: 'false' }],
    });
    await refused(() => client.delete('/api/v1/namespaces/child?dryRun=All'));
    let attempts = 0;
    await client.delete('/apis/example.com/v1/parents/p');
    // A bystander with the same fate but without a shield shows that the collector has been at work.
    await client.created('/api/v1/namespaces', {
      metadata: { name: 'bystander', ownerReferences: [{ apiVersion: 'example.com/v1', kind: 'Parent', name, uid }] },
    });
    await until(
      'the bystander is gone',
      async () => ++attempts > 0 && (await client.get('/api/v1/namespaces/bystander')).code === 404,
    );
    expect(await isAlive(client, '/api/v1/namespaces/child')).toBe(true);
    await client.delete(`${group}/validatingadmissionpolicybindings/cradle-binding`);
    await until('the child is gone', async () => (await client.get('/api/v1/namespaces/child')).code === 404);
  });

  it('does not know names in a deletecollection', async () => {
    await client.created(`${inside}/configmaps`, { metadata: { name: 'named', labels: { dc: '1' } } });
    await policy('by-name', {
      matchConstraints: { resourceRules: [rule('DELETE', 'configmaps', { resourceNames: ['named'] })] },
      validations: [{ expression: 'false' }],
    });
    await refused(() => client.delete(`${inside}/configmaps/named?dryRun=All`));
    expect((await client.delete(`${inside}/configmaps?labelSelector=dc`)).code).toBe(200);
    expect((await client.get(`${inside}/configmaps/named`)).code).toBe(404);
  });

  it('evaluates expressions over object, oldObject, request and variables, and fails closed', async () => {
    await policy('careful', {
      matchConstraints: {
        resourceRules: [rule('UPDATE', 'configmaps')],
        objectSelector: { matchLabels: { careful: 'yes' } },
      },
      variables: [{ name: 'level', expression: 'int(object.data.level)' }],
      validations: [
        {
          expression: 'variables.level >= 2',
          messageExpression: '"level " + string(variables.level) + " is too low"',
          reason: 'Forbidden',
        },
        { expression: 'oldObject.metadata.name == request.name && request.operation == "UPDATE"' },
      ],
    });
    await client.created(`${inside}/configmaps`, {
      metadata: { name: 'l', labels: { careful: 'yes' } },
      data: { level: '5' },
    });
    const low = await refused(() => client.merge(`${inside}/configmaps/l`, { data: { level: '1' } }));
    expect(low).toMatchObject({ code: 403, reason: 'Forbidden' });
    expect(low.message).toContain('denied request: level 1 is too low');
    const broken = await client.merge(`${inside}/configmaps/l`, { data: { level: null, other: 'x' } });
    expect(broken.code).toBe(422);
    expect(broken.body.message).toContain("expression 'variables.level >= 2' resulted in error: no such key: level");
    expect((await client.merge(`${inside}/configmaps/l`, { data: { level: '3' } })).code).toBe(200);
  });

  it('is asked with what its binding names as parameters, once with each, and says so where there is none', async () => {
    const where = await inNamespace(client, 'listed');
    for (const name of ['one', 'two', 'free']) await client.created(`${where}/configmaps`, { metadata: { name } });
    for (const name of ['one', 'two'])
      await client.created(`${where}/secrets`, {
        metadata: { name: `keep-${name}`, labels: { list: 'yes' } },
        stringData: { name },
      });
    await policy(
      'listing',
      {
        paramKind: { apiVersion: 'v1', kind: 'Secret' },
        matchConstraints: {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'listed' } },
          resourceRules: [rule('DELETE', 'configmaps')],
        },
        validations: [{ expression: 'params.metadata.name != "keep-" + request.name', message: 'listed' }],
      },
      { paramRef: { selector: { matchLabels: { list: 'yes' } }, parameterNotFoundAction: 'Deny' } },
    );
    const remove = (name: string) => client.delete(`${where}/configmaps/${name}?dryRun=All`);
    for (const name of ['one', 'two']) expect((await refused(() => remove(name))).message).toContain('listed');
    expect((await remove('free')).code).toBe(200);
    for (const name of ['one', 'two']) await client.delete(`${where}/secrets/keep-${name}`);
    expect((await remove('free')).body.message).toContain(
      'denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
    );
    const unclear = await client.post(`${group}/validatingadmissionpolicybindings`, {
      metadata: { name: 'unclear' },
      spec: { policyName: 'listing', validationActions: ['Deny'], paramRef: {} },
    });
    expect(unclear.code).toBe(422);
  });

  it('narrowed by a namespaceSelector spares other namespaces, but no other cluster-scoped object', async () => {
    await client.created('/api/v1/namespaces', { metadata: { name: 'inside-sel', labels: { guard: 'on' } } });
    await client.created('/api/v1/namespaces', { metadata: { name: 'outside-sel' } });
    await client.created('/apis/rbac.authorization.k8s.io/v1/clusterroles', { metadata: { name: 'wide' }, rules: [] });
    await policy('regional', {
      matchConstraints: {
        namespaceSelector: { matchExpressions: [{ key: 'guard', operator: 'In', values: ['on'] }] },
        resourceRules: [rule('DELETE', 'namespaces'), rule('DELETE', 'clusterroles')],
      },
      validations: [{ expression: 'false' }],
    });
    await refused(() => client.delete('/api/v1/namespaces/inside-sel?dryRun=All'));
    expect((await client.delete('/api/v1/namespaces/outside-sel?dryRun=All')).code).toBe(200);
    expect((await client.delete('/apis/rbac.authorization.k8s.io/v1/clusterroles/wide?dryRun=All')).code).toBe(422);
  });

  it('is never asked about policies: nobody can lock everybody out', async () => {
    await using locked = await startClient();
    await locked.created(`${group}/validatingadmissionpolicies`, {
      metadata: { name: 'lock' },
      spec: {
        matchConstraints: { resourceRules: [rule('*', '*')] },
        validations: [{ expression: 'false' }],
      },
    });
    await locked.created(`${group}/validatingadmissionpolicybindings`, {
      metadata: { name: 'lock' },
      spec: { policyName: 'lock', validationActions: ['Deny'] },
    });
    const maps = '/api/v1/namespaces/default/configmaps';
    await refused(() => locked.post(`${maps}?dryRun=All`, { metadata: { name: 'x' } }));
    expect((await locked.delete(`${group}/validatingadmissionpolicybindings/lock`)).code).toBe(200);
    await until('the lock is off', async () => (await locked.post(maps, { metadata: { name: 'x' } })).code === 201);
  });

  it('that is no CEL is refused itself', async () => {
    const answer = await client.post(`${group}/validatingadmissionpolicies`, {
      metadata: { name: 'nonsense' },
      spec: { matchConstraints: { resourceRules: [rule('DELETE', 'pods')] }, validations: [{ expression: '1 +' }] },
    });
    expect(answer.code).toBe(422);
    expect(answer.body.details.causes[0].field).toBe('spec.validations[0].expression');
  });
});

describe('a ValidatingWebhookConfiguration', () => {
  let hooks: Server;
  const reviews: Body[] = [];
  beforeAll(async () => {
    hooks = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const review = JSON.parse(Buffer.concat(chunks).toString());
      reviews.push(review);
      const allowed = review.request.object?.data?.word !== 'bad';
      const status = { code: 403, message: 'a bad word' };
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ ...review, response: { uid: review.request.uid, allowed, ...(allowed ? {} : { status }) } }),
      );
    });
    await new Promise<void>((resolve) => hooks.listen(0, '127.0.0.1', () => resolve()));
  });
  afterAll(() => new Promise((resolve) => hooks.close(resolve)));

  const hook = (name: string, clientConfig: object, extra: object = {}): Promise<Body> =>
    client.created(`${group}/validatingwebhookconfigurations`, {
      metadata: { name },
      webhooks: [
        {
          name: `${name}.example.com`,
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          clientConfig,
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'hooked' } },
          rules: [rule('CREATE', 'configmaps')],
          ...extra,
        },
      ],
    });
  const drop = (name: string): Promise<Answer> => client.delete(`${group}/validatingwebhookconfigurations/${name}`);

  it('is really asked, and its refusal is the answer', async () => {
    const path = `${await inNamespace(client, 'hooked')}/configmaps`;
    await hook('words', { url: `http://127.0.0.1:${(hooks.address() as AddressInfo).port}/` });
    const answer = await client.post(path, { metadata: { name: 'said' }, data: { word: 'bad' } });
    expect(answer.code).toBe(403);
    expect(answer.body.message).toBe('admission webhook "words.example.com" denied the request: a bad word');
    expect(reviews.at(-1)).toMatchObject({
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
      request: {
        operation: 'CREATE',
        namespace: 'hooked',
        resource: { group: '', version: 'v1', resource: 'configmaps' },
      },
    });
    expect((await client.post(path, { metadata: { name: 'said' }, data: { word: 'good' } })).code).toBe(201);
    await drop('words');
  });

  it('that cannot be reached fails the request, unless it says Ignore', async () => {
    const path = '/api/v1/namespaces/hooked/configmaps';
    const service = { name: 'gone', namespace: 'hooked', path: '/check' };
    await hook('closed', { service });
    const answer = await client.post(path, { metadata: { name: 'unheard' } });
    expect(answer.code).toBe(500);
    expect(answer.body.message).toBe(
      'Internal error occurred: failed calling webhook "closed.example.com": failed to call webhook: Post "https://gone.hooked.svc:443/check?timeout=10s": service "gone" not found',
    );
    await drop('closed');
    await hook('open', { service }, { failurePolicy: 'Ignore' });
    expect((await client.post(path, { metadata: { name: 'unheard' } })).code).toBe(201);
    await drop('open');
  });

  it('that is registered anew again and again keeps but so many connections open', async () => {
    const path = '/api/v1/namespaces/hooked/configmaps';
    const url = `http://127.0.0.1:${(hooks.address() as AddressInfo).port}/`;
    const open = new Set<unknown>();
    hooks.on('connection', (socket) => {
      open.add(socket);
      socket.on('close', () => open.delete(socket));
    });
    for (let i = 0; i < 60; i++) {
      await hook('renewed', { url, caBundle: Buffer.from(`bundle ${i}`).toString('base64') });
      expect((await client.post(path, { metadata: { name: `renewed-${i}` }, data: {} })).code).toBe(201);
      await drop('renewed');
    }
    await expect.poll(() => open.size).toBeLessThanOrEqual(32);
  });

  it('with side effects refuses dry runs', async () => {
    await hook('effects', { url: 'http://127.0.0.1:1/' }, { sideEffects: 'Some' });
    const answer = await client.post('/api/v1/namespaces/hooked/configmaps?dryRun=All', { metadata: { name: 'dry' } });
    expect(answer.code).toBe(400);
    expect(answer.body.message).toBe('admission webhook "effects.example.com" does not support dry run');
    await drop('effects');
  });
});
