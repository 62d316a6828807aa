import { expect } from 'vitest';
import type { Federation } from '../../../../src/federation.ts';
import { userLabel } from '../../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../../src/kubesphere/resources.ts';
import { createUser, until } from '../../../../src/testing/index.ts';
import type { ModuleWorld } from '../../kit/world.ts';

export const usersPath = '/apis/iam.kubesphere.io/v1alpha2/users';
export const globalBindings = '/apis/iam.kubesphere.io/v1alpha2/globalrolebindings';
export const clusterBindings = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
export const regular = 'platform-regular';
export const password = 'Marked-Secret-1';
export const run = { 'kubesphere-federation/run': expect.any(String) };
export const preconditions = { uid: expect.any(String), resourceVersion: expect.any(String) };

export const asked = (methodName: string, path: string) => ({
  cluster: 'a' as const,
  matches: (request: { readonly method: string; readonly path: string }) =>
    request.method === methodName && request.path.startsWith(path),
});

/** A user whom the host and both members have. */
export async function person(world: ModuleWorld) {
  const name = world.fresh('person');
  await createUser(world.clusters.a.connection, { name });
  await copied(world, name);
  return { name };
}

async function copied({ clusters }: ModuleWorld, name: string): Promise<void> {
  const { spec } = await clusters.a.connection.get(kubesphere.users, { name });
  for (const at of ['m', 'n'] as const)
    await until(`user ${name} is on ${at}`, async () => {
      const copy = await clusters[at].connection.find(kubesphere.users, { name });
      return copy !== undefined && copy.spec.password === spec.password && copy.status?.state !== undefined;
    });
}

export const stored = async ({ clusters: { a } }: ModuleWorld, name: string) =>
  a.connection.get(kubesphere.users, { name });
export const absent = (call: (federation: Federation, name: string) => Promise<unknown>) => (federation: Federation) =>
  call(federation, 'ghost');
export const binding = (name: string, role: string, kind: string, group: string) => ({
  metadata: { name: `${name}-${role}`, labels: { [userLabel]: name }, annotations: run },
  subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name }],
  roleRef: { apiGroup: group, kind, name: role },
});
export const headers = (apiVersion: string, kind: string) => ({ apiVersion, kind });
export const stateIs =
  (state: string) =>
  async (world: ModuleWorld, { name }: { readonly name: string }) => {
    expect((await stored(world, name)).status?.state).toBe(state);
    const federated = await world.clusters.a.connection.get(kubesphere.federatedUsers, { name });
    expect(federated.spec).toMatchObject({ template: { status: { state } } });
  };
export const badName = (call: (federation: Federation, name: string) => Promise<unknown>) => ({
  name: (federation: Federation) => call(federation, 'No Name'),
});
