import { describe, expect, it } from 'vitest';
import type { KubeObject, Resource } from '../../src/kube/objects.ts';
import { core, defineResource, type Untyped } from '../../src/kube/resources.ts';
import { hostLabel } from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import {
  compareProjects,
  createProjects,
  createSandbox,
  createUser,
  createWorkspace,
  observeProjects,
  type ProjectObservation,
  until,
} from '../../src/testing/index.ts';
import { background } from './support.ts';

const project = (uid: string, changes: Partial<ProjectObservation> = {}): ProjectObservation => ({
  uid,
  resourceVersion: '1',
  labels: {},
  annotations: {},
  ownerReferences: [],
  contents: { 'Secret/s': { uid: `${uid}-s`, digest: 'x' }, 'ConfigMap/c': { uid: `${uid}-c`, digest: 'y' } },
  ...changes,
});

describe('compareProjects', () => {
  it('calls a project lost that is gone, going, or another one of the same name', () => {
    const before = { same: project('1'), gone: project('2'), going: project('3'), other: project('4') };
    const after = {
      same: project('1'),
      going: project('3', { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      other: project('5'),
      fresh: project('6'),
    };
    expect(compareProjects(before, after)).toMatchObject({
      kept: ['same'],
      lost: ['gone', 'going', 'other'],
      written: [],
    });
  });

  it('calls what is in a lost project lost, even while it is still there', () => {
    const going = project('1', { deletionTimestamp: '2026-01-01T00:00:00Z' });
    expect(compareProjects({ p: project('1') }, { p: going }).contents).toEqual({
      kept: 0,
      lost: ['p Secret/s', 'p ConfigMap/c'],
      changed: [],
    });
  });

  it('tells kept contents from lost and from changed ones', () => {
    const contents = {
      'Secret/s': { uid: 'another', digest: 'x' },
      'ConfigMap/c': { uid: '1-c', digest: 'changed' },
    };
    expect(compareProjects({ p: project('1') }, { p: project('1', { contents }) }).contents).toEqual({
      kept: 1,
      lost: ['p Secret/s'],
      changed: ['p ConfigMap/c'],
    });
  });

  it('notices a project that was written', () => {
    const after = { p: project('1', { resourceVersion: '2' }) };
    expect(compareProjects({ p: project('1') }, after)).toMatchObject({ kept: ['p'], written: ['p'] });
  });
});

const kind = (group: string, version: string, name: string, plural: string): Resource<Untyped> =>
  defineResource({ group, version, kind: name, plural, namespaced: true });
const statefulSets = kind('apps', 'v1', 'StatefulSet', 'statefulsets');
const jobs = kind('batch', 'v1', 'Job', 'jobs');
const services = kind('', 'v1', 'Service', 'services');
const leases = kind('coordination.k8s.io', 'v1', 'Lease', 'leases');
const pods = kind('', 'v1', 'Pod', 'pods');
const gateways = kind('gateway.kubesphere.io', 'v1alpha1', 'Gateway', 'gateways');

const template = {
  metadata: { labels: { app: 'x' } },
  spec: { containers: [{ name: 'x', image: 'nginx:1.27' }], restartPolicy: 'Never' },
};
const selector = { matchLabels: { app: 'x' } };

describe('observeProjects', () => {
  it('sees what people keep, of every kind, and none of what controllers make again', async () => {
    await using sandbox = await createSandbox({ clusters: { m: { role: 'standalone' } }, speed: 60 });
    const { connection } = sandbox.clusters.m;
    await createUser(connection, { name: 'ann' });
    await createWorkspace(connection, { name: 'team', manager: 'ann' });
    await createProjects(connection, { workspace: 'team', names: ['p'], creator: 'ann' });
    const seeded = await observeProjects(connection, ['p']);
    expect(Object.keys(seeded['p']?.contents ?? {})).toEqual([
      'ConfigMap/settings',
      'Deployment/web',
      'PersistentVolumeClaim/data',
      'RoleBinding/ann-admin',
      'RoleBinding/auditor-viewer',
      'Secret/credentials',
    ]);
    const made: [Resource<KubeObject>, string][] = [];
    const make = async (resource: Resource<KubeObject>, body: object, metadata: object = {}): Promise<void> => {
      const at = { ...(resource.namespaced ? { namespace: 'p' } : {}), name: 'x' };
      await connection.create(resource, { metadata: { ...at, ...metadata }, ...body });
      made.push([resource, resource.kind]);
    };
    await make(statefulSets, {
      spec: { serviceName: 'x', selector, template: { ...template, spec: { containers: template.spec.containers } } },
    });
    await make(jobs, { spec: { template } });
    await make(services, { spec: { ports: [{ port: 80 }] } });
    await make(core.roles, { rules: [] });
    await make(gateways, { spec: {} });
    await make(kubesphere.helmReleases, { spec: { name: 'x' } }, { labels: { 'kubesphere.io/namespace': 'p' } });
    const before = await observeProjects(connection, ['p']);
    for (const [resource] of made)
      await connection.delete(resource, { ...(resource.namespaced ? { namespace: 'p' } : {}), name: 'x' }, background);
    await until(
      'the release is gone',
      async () => (await connection.find(kubesphere.helmReleases, { name: 'x' })) === undefined,
    );
    expect(compareProjects(before, await observeProjects(connection, ['p'])).contents).toMatchObject({
      kept: 6,
      lost: [
        'p Gateway.gateway.kubesphere.io/x',
        'p HelmRelease.application.kubesphere.io/x',
        'p Job/x',
        'p Role/x',
        'p Service/x',
        'p StatefulSet/x',
      ],
    });

    await make(leases, { spec: {} });
    await make(
      core.secrets,
      { type: 'kubernetes.io/service-account-token' },
      { annotations: { 'kubernetes.io/service-account.name': 'default' } },
    );
    const owner = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      name: 'x',
      uid: seeded['p']?.uid ?? '',
      controller: true,
    };
    await make(pods, { spec: template.spec }, { ownerReferences: [owner], finalizers: ['test.io/hold'] });
    expect(compareProjects(await observeProjects(connection, ['p']), seeded).contents.lost).toEqual([]);

    const resources = async () => (await connection.resources()).map((one) => ({ ...one, verbs: ['get', 'list'] }));
    expect((await observeProjects({ ...connection, resources }, ['p']))['p']?.contents).toEqual({});
  });

  it('takes an app for one of the project of a member where the host’s HelmRelease says so', async () => {
    await using sandbox = await createSandbox({ clusters: { a: { role: 'host' } }, speed: 60 });
    const { connection } = sandbox.clusters.a;
    await connection.create(core.namespaces, { metadata: { name: 'p' } });
    const member = { joinFederation: false, connection: { type: 'direct' } } as const;
    await connection.create(kubesphere.clusters, { metadata: { name: 'm' }, spec: member });
    const itself = (await connection.listMetadata(kubesphere.clusters, { labelSelector: hostLabel }).toArray())[0];
    for (const cluster of ['m', itself?.metadata.name ?? ''])
      await connection.create(kubesphere.helmReleases, {
        metadata: {
          name: `on-${cluster}`,
          labels: { 'kubesphere.io/namespace': 'p', 'kubesphere.io/cluster': cluster },
        },
        spec: { name: 'x' },
      });
    expect(Object.keys((await observeProjects(connection, ['p']))['p']?.contents ?? {})).toEqual([
      'HelmRelease.application.kubesphere.io/on-host',
    ]);
  });
});
