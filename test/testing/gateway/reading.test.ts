import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/kube/objects.ts';
import { listResult } from '../../../src/testing/gateway/list-query.ts';
import { requestInfoOf } from '../../../src/testing/gateway/request-info.ts';
import { settingsOf } from '../../../src/testing/gateway/settings.ts';
import { targetOf } from '../../../src/testing/server/target.ts';

const info = (path: string, method = 'GET') => {
  const target = targetOf(path);
  if (target === undefined) throw new Error(`nobody reads ${path}`);
  return requestInfoOf(method, target.path, target.query);
};

describe('what a request is about', () => {
  it.each([
    [
      '/api/v1/namespaces/p1/configmaps/c',
      'get',
      { resource: 'configmaps', name: 'c', namespace: 'p1', scope: 'Namespace' },
    ],
    ['/api/v1/namespaces/p1', 'get', { resource: 'namespaces', name: 'p1', namespace: 'p1', scope: 'Namespace' }],
    ['/api/v1/namespaces/p1/status', 'get', { resource: 'namespaces', subresource: 'status', scope: 'Namespace' }],
    ['/api/v1/nodes', 'list', { resource: 'nodes', scope: 'Cluster', kubernetes: true }],
    ['/api/v1/pods?watch=1', 'watch', { resource: 'pods' }],
    ['/api/v1/pods?fieldSelector=metadata.name%3Dx', 'list', { resource: 'pods', name: 'x' }],
    [
      '/api/v1/namespaces?watch=true&labelSelector=kubesphere.io/workspace%3Dw',
      'watch',
      { workspace: 'w', scope: 'Workspace' },
    ],
    ['/api/clusters/m/v1/pods', 'list', { cluster: 'm', resource: 'pods', group: '' }],
    ['/apis/clusters/m/apps/v1/namespaces/p1/deployments', 'list', { cluster: 'm', group: 'apps', namespace: 'p1' }],
    ['/kapis/iam.kubesphere.io/v1alpha2/users', 'list', { resource: 'users', scope: 'Global', kubernetes: false }],
    [
      '/kapis/tenant.kubesphere.io/v1alpha2/workspaces/w/namespaces',
      'list',
      { workspace: 'w', resource: 'namespaces', scope: 'Workspace' },
    ],
    [
      '/kapis/tenant.kubesphere.io/v1alpha2/workspaces/w/namespaces/p1',
      'get',
      { workspace: 'w', namespace: 'p1', scope: 'Namespace' },
    ],
    [
      '/kapis/tenant.kubesphere.io/v1alpha2/workspaces/w',
      'get',
      { workspace: 'w', resource: 'workspaces', name: 'w', scope: 'Global' },
    ],
    [
      '/kapis/devops.kubesphere.io/v1alpha3/devops/d/pipelines',
      'list',
      { devops: 'd', resource: 'pipelines', scope: 'DevOps' },
    ],
  ])('%s', (path, verb, expected) => {
    expect(info(path)).toMatchObject({ verb, resourceRequest: true, ...expected });
  });

  it('is no resource where the path is too short, but may still name a cluster', () => {
    expect(info('/api')).toMatchObject({ resourceRequest: false, verb: 'GET', path: '/api', kubernetes: true });
    expect(info('/kapis/version')).toMatchObject({ resourceRequest: false, kubernetes: false });
    expect(info('/kapis/clusters/m/version')).toMatchObject({ resourceRequest: false, cluster: 'm' });
  });

  it('is what the decoded path says, where segments are parted by %2F, too, and empty ones are some', () => {
    expect(info('/api/v1/namespaces/p%2Fsecrets')).toMatchObject({ verb: 'list', resource: 'secrets', namespace: 'p' });
    expect(info('/kapis/iam.kubesphere.io/v1alpha2/users%2fada')).toMatchObject({ resource: 'users', name: 'ada' });
    expect(info('/api/clusters%2Fm/v1/pods')).toMatchObject({ cluster: 'm', resource: 'pods' });
    expect(info('/api/v1//secrets')).toMatchObject({ verb: 'get', resource: '', name: 'secrets' });
    expect(info('/api/v1/namespaces//secrets')).toMatchObject({ resource: 'secrets', namespace: '', scope: 'Cluster' });
    expect(info('/api/v1/namespaces/p/../secrets')).toMatchObject({ resource: '..', name: 'secrets', namespace: 'p' });
    expect(info('/api/v1/namespaces/p%252Fsecrets')).toMatchObject({ resource: 'namespaces', name: 'p%2Fsecrets' });
    expect(info('//api/v1/secrets/')).toMatchObject({ verb: 'list', resource: 'secrets' });
  });

  it('is many objects where a deletion names none', () => {
    expect(info('/api/v1/namespaces/p1/pods', 'DELETE').verb).toBe('deletecollection');
    expect(info('/api/v1/namespaces/p1/pods/x', 'DELETE').verb).toBe('delete');
    expect(info('/api/v1/namespaces/p1/pods', 'POST').verb).toBe('create');
  });
});

describe('lists', () => {
  const objects = ['b', 'a', 'd', 'c'].map(
    (name, index): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Thing',
      metadata: {
        name,
        uid: `uid-${name}`,
        resourceVersion: '1',
        creationTimestamp: `2026-01-0${index + 1}T00:00:00Z`,
        labels: { odd: String(index % 2 === 1) },
        ...(name === 'a' ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Owner', name: 'o', uid: 'o' }] } : {}),
      },
    }),
  );
  const names = (query: string) => {
    const { items, totalItems } = listResult(objects, new URLSearchParams(query));
    return [items.map(({ metadata }) => metadata.name).join(''), totalItems];
  };

  it.each([
    ['', 'cdab', 4],
    ['ascending=true', 'badc', 4],
    ['sortBy=name', 'dcba', 4],
    ['sortBy=name&ascending=true&limit=3', 'abc', 4],
    ['sortBy=name&ascending=true&limit=3&page=2', 'd', 4],
    ['limit=3&page=9', '', 4],
    ['limit=0', '', 4],
    ['limit=many', 'cdab', 4],
    ['labelSelector=odd%3Dtrue', 'ca', 2],
    ['labelSelector=odd%20what', 'cdab', 4],
    ['label=odd%3Dfalse', 'db', 2],
    ['names=a,c', 'ca', 2],
    ['name=d', 'd', 1],
    ['ownerKind=Owner', 'a', 1],
    ['unknown=x', '', 0],
  ])('%s', (query, found, total) => {
    expect(names(query)).toEqual([found, total]);
  });
});

describe('kubesphere-config', () => {
  it('is read with the defaults of ks-apiserver, durations as Go writes them', () => {
    expect(settingsOf({})).toMatchObject({ accessTokenMaxAgeMs: 7_200_000, triesWithinMs: 600_000, clients: [] });
    const oauthOptions = { accessTokenMaxAge: '1h30m', accessTokenInactivityTimeout: 0 };
    expect(settingsOf({ authentication: { oauthOptions, maximumClockSkew: '2.5s' } })).toMatchObject({
      accessTokenMaxAgeMs: 5_400_000,
      inactivityMs: 0,
      clockSkewMs: 2500,
    });
  });

  it('says which components are configured, and none of how', () => {
    const network = { enableNetworkPolicy: true, ippoolType: 'calico' };
    const { configz } = settingsOf({ network, devops: { host: 'h' }, multicluster: { enable: true }, ldap: {} });
    expect(configz).toMatchObject({
      devops: true,
      logging: false,
      multicluster: true,
      network: true,
      'network.ippool': true,
      'network.topology': false,
      openpitrix: true,
      'openpitrix.appstore': false,
    });
    expect(configz).not.toHaveProperty('ldap');
  });
});
