import { afterAll, beforeAll } from 'vitest';
import type { OwnerReference, Resource } from '../../../src/kube/objects.ts';
import { core } from '../../../src/kube/resources.ts';
import { type KubeSphereCluster, openCluster } from '../../../src/kubesphere/cluster.ts';
import { groupLabel, managedLabel, userLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import type { Work } from '../../../src/modules/work.ts';
import { createSandbox, type Sandbox, until } from '../../../src/testing/index.ts';

export const work: Work = {
  signal: new AbortController().signal,
  log: { debug() {}, info() {}, warn() {}, error() {} },
  runId: 'run-1',
  confirmDriver: async () => {},
};

/** A member with the real controllers: they bind a project to its Workspace, and the garbage collector takes what it owns. */
export function useMember() {
  let sandbox: Sandbox<'m'>;
  let member: KubeSphereCluster;
  beforeAll(async () => {
    sandbox = await createSandbox({ clusters: { m: { role: 'member' } }, speed: 100 });
    member = await openCluster(sandbox.clusters.m.connection);
  }, 60_000);
  afterAll(() => sandbox.close());

  const controllers = () => sandbox.clusters.m.connection;
  const gone = (resource: Resource, name: string) =>
    until(`${name} is gone`, async () => (await controllers().find(resource, { name })) === undefined);

  const create = async (name: string) =>
    (await controllers().create(kubesphere.workspaces, { metadata: { name, labels: { [managedLabel]: 'true' } } }))
      .metadata;

  /** Somebody makes a project in a Workspace; its owner is written by the controller. */
  async function project(name: string, workspace: string): Promise<string> {
    const labels = { [workspaceLabel]: workspace };
    const { uid } = (await controllers().create(core.namespaces, { metadata: { name, labels } })).metadata;
    await until('it is bound', async () => {
      const { ownerReferences = [] } = (await controllers().get(core.namespaces, { name })).metadata;
      return ownerReferences.some(({ kind }) => kind === 'Workspace');
    });
    return uid;
  }

  /** Somebody gives a user, or a Group, a role in a project. */
  const bind = (
    namespace: string,
    subject: string,
    kind: 'User' | 'Group' = 'User',
    ownerReferences: readonly OwnerReference[] = [],
  ) =>
    controllers().create(core.roleBindings, {
      metadata: {
        namespace,
        name: `${subject}-admin`,
        labels: { [kind === 'User' ? userLabel : groupLabel]: subject },
        ownerReferences,
      },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind, name: subject }],
    });
  const sendUser = (name: string) =>
    controllers().create(kubesphere.users, {
      metadata: { name, labels: { [managedLabel]: 'true' } },
      spec: { email: `${name}@example.com`, password: 'hash' },
    });

  return { theMember: () => member, theSandbox: () => sandbox, controllers, gone, create, project, bind, sendUser };
}
