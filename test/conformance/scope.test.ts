import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../../src/testing/index.ts';
import { inScope, outOfScope } from './scope.ts';
import { Target } from './target.ts';

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

describe('what discovery is compared without', () => {
  let server: ApiServer;
  let target: Target;
  beforeAll(async () => {
    server = await startApiServer({ name: 'one' });
    target = new Target(server.kubeconfig);
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  it('is nothing that the sandbox serves', async () => {
    const documents = ['/api', '/apis'].map((path) => ({ path, headers: { accept: aggregated } }));
    const groups = ((await target.send({ method: 'GET', path: '/apis' })).body as { groups: { name: string }[] })
      .groups;
    const lists = ['/api/v1', '/apis', ...groups.map(({ name }) => `/apis/${name}/v1`)].map((path) => ({ path }));
    expect(groups.length).toBeGreaterThan(5);
    for (const asked of [...documents, ...lists]) {
      const { status, body } = await target.send({ method: 'GET', ...asked });
      expect(status, asked.path).toBe(200);
      expect(inScope(body), asked.path).toEqual(body);
    }
  });

  it('is taken out of its own group alone, in every form', () => {
    const verbs = ['get'];
    const list = (groupVersion: string, ...names: string[]) => ({
      kind: 'APIResourceList',
      groupVersion,
      resources: names.map((name) => ({ name, verbs })),
    });
    expect(inScope(list('apps/v1', 'deployments', 'deployments/scale'))).toEqual(list('apps/v1', 'deployments'));
    expect(inScope(list('v1', 'endpoints', 'services/proxy'))).toEqual(list('v1', 'services/proxy'));
    expect(inScope(list('other.test/v1', 'endpoints'))).toEqual(list('other.test/v1', 'endpoints'));
    const whole = (...names: string[]) => ({ kind: 'APIGroupList', groups: names.map((name) => ({ name })) });
    expect(inScope(whole('policy', 'networking.k8s.io'))).toEqual(whole('networking.k8s.io'));
    const found = (name: string, ...subresources: string[]) => ({
      resource: name,
      ...(subresources.length === 0 ? {} : { subresources: subresources.map((subresource) => ({ subresource })) }),
    });
    const all = (name: string, ...resources: object[]) => ({
      kind: 'APIGroupDiscoveryList',
      items: [{ metadata: name === '' ? {} : { name }, versions: [{ version: 'v1', resources }] }],
    });
    const pods = found('pods', 'status', 'exec');
    expect(inScope(all('', pods, found('endpoints'), found('nodes', 'proxy')))).toEqual(
      all('', found('pods', 'status'), found('nodes')),
    );
    expect(inScope(all('other.test', pods, found('endpoints')))).toEqual(all('other.test', pods, found('endpoints')));
    expect(inScope(all('policy', found('poddisruptionbudgets')))).toEqual({ kind: 'APIGroupDiscoveryList', items: [] });
  });

  it('is named once, with the reason', () => {
    const names = outOfScope.flatMap((one) => one.names);
    expect(new Set(names).size).toBe(names.length);
    for (const { why } of outOfScope) expect(why).not.toBe('');
  });
});
