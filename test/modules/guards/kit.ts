import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { Connection } from '../../../src/kube/connection.ts';
import type { Resource } from '../../../src/kube/objects.ts';
import { core } from '../../../src/kube/resources.ts';
import { type KubeSphereCluster, openCluster } from '../../../src/kubesphere/cluster.ts';
import { runAnnotation } from '../../../src/kubesphere/names.ts';
import type { Work } from '../../../src/modules/work.ts';
import { createSandbox, type Sandbox } from '../../../src/testing/index.ts';

/**
 * Where each guard of each deletion stands alone: no controller of KubeSphere runs, so nothing but the guard is between the
 * operation and the loss.
 */
export let sandbox: Sandbox<'c'>;
export let cluster: KubeSphereCluster;
beforeAll(async () => {
  sandbox = await createSandbox({ clusters: { c: { role: 'host' } }, speed: 100 });
  const { connection, stopControllers } = sandbox.clusters.c;
  await stopControllers();
  // Their webhook would refuse every user now.
  await connection.delete(core.validatingWebhookConfigurations, { name: 'users.iam.kubesphere.io' }, background);
  cluster = await openCluster(sandbox.clusters.c.connection);
}, 60_000);
afterAll(() => sandbox.close());

export const work: Work = {
  signal: new AbortController().signal,
  log: { debug() {}, info() {}, warn() {}, error() {} },
  runId: 'run-1',
  confirmDriver: async () => {},
};
/** Annotations of what this run made. */
export const ours = { [runAnnotation]: 'run-1' };
export const background = { propagationPolicy: 'Background' } as const;

const made: [Resource, { readonly name: string; readonly namespace?: string }][] = [];
afterEach(async () => {
  for (const [resource, at] of made.splice(0).reverse()) {
    const found = await cluster.connection.find(resource, at);
    if (found === undefined) continue;
    if (found.metadata.finalizers !== undefined)
      await cluster.connection.patch(resource, at, { type: 'merge', body: { metadata: { finalizers: null } } });
    // A policy that was deleted just now counts for a moment yet.
    const gone = async () => {
      await cluster.connection.delete(resource, at, background).catch(() => undefined);
      return cluster.connection.find(resource, at);
    };
    await expect.poll(gone, { timeout: 10_000 }).toBeUndefined();
  }
});

/** Creates an object that is gone after the test. */
export async function given(
  resource: Resource,
  metadata: { readonly name: string; readonly namespace?: string } & object,
  rest: object = {},
) {
  const object = await cluster.connection.create(resource, { metadata, ...rest } as never);
  made.push([
    resource,
    { name: metadata.name, ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }) },
  ]);
  return object.metadata;
}
export const ownedBy = (
  kind: string,
  apiVersion: string,
  { name, uid }: { readonly name: string; readonly uid: string },
) => ({
  ownerReferences: [{ apiVersion, kind, name, uid }],
});
export const there = async (resource: Resource, name: string, namespace?: string) =>
  (await cluster.connection.find(resource, { name, ...(namespace === undefined ? {} : { namespace }) })) !== undefined;
export const template = { spec: { template: { spec: { manager: 'alice' } }, placement: { clusters: [] } } };
export const refusal = (code: string, message: RegExp) => ({ code, message: expect.stringMatching(message) });

/** The cluster, where something happens as soon as one call of its connection has its answer; once. */
export function onceAnswered<Call extends 'find' | 'patch' | 'resources' | 'listMetadata'>(
  call: Call,
  is: (...args: Parameters<Connection[Call]>) => boolean,
  act: () => Promise<unknown>,
): KubeSphereCluster {
  const { connection } = cluster;
  let done = false;
  const acting = async (): Promise<void> => {
    if (done) return;
    done = true;
    await act();
  };
  const answering = connection[call] as (...args: Parameters<Connection[Call]>) => ReturnType<Connection[Call]>;
  const hooked = (...args: Parameters<Connection[Call]>) => {
    const answer = answering(...args);
    if (!is(...args)) return answer;
    if (call !== 'listMetadata') return (answer as Promise<unknown>).then(async (value) => acting().then(() => value));
    return (async function* () {
      yield* answer as AsyncIterable<unknown>;
      await acting();
    })();
  };
  return { ...cluster, dialect: cluster.dialect, connection: { ...connection, [call]: hooked } };
}
