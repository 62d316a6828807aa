import { FederationError } from '../../errors.ts';
import type { KubeObject, ObjectRef, Resource } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { managedLabel, unboundAnnotation, workspaceLabel } from '../../kubesphere/names.ts';
import { foreignOwners } from '../../kubesphere/v3.ts';
import { labelField, refOf } from '../changes.ts';
import type { Operation } from '../operation.ts';
import { edit, type Work } from '../work.ts';

/** What {@link letGo} captures. */
export interface Held {
  readonly managed: string | null;
  readonly workspace: string | null;
}

const managedField = labelField(managedLabel);
const workspaceField = labelField(workspaceLabel);

/**
 * Makes kubefed let go of one object and leave it alone: label `kubefed.io/managed` becomes `false`, which holds while a host is joined
 * (domain reference, 8.2). A namespace leaves its workspace in the same patch (H6): with the mark alone gone it would be bound at
 * once. A note on it says where it was.
 *
 * @param mayReturn - asked by the way back before it is marked as kubefed's again; throws where that would delete it (H5)
 */
export function letGo(
  cluster: KubeSphereCluster,
  resource: Resource,
  object: ObjectRef,
  mayReturn: (work: Pick<Work, 'signal'>) => Promise<void>,
): Operation<Held, void> {
  const { name, namespace, uid } = object;
  const at = { name, ...(namespace === undefined ? {} : { namespace }) };
  const target = { cluster, resource, name: at, uid };
  const isProject = resource.kind === 'Namespace';
  const heldOf = ({ metadata: { labels } }: KubeObject): Held => ({
    managed: labels?.[managedLabel] ?? null,
    workspace: isProject ? (labels?.[workspaceLabel] ?? null) : null,
  });
  const fields = ({ managed, workspace }: Held) => ({
    [managedField]: managed,
    ...(isProject && { [workspaceField]: workspace }),
  });
  const free = (held: Held): boolean => held.managed !== 'true' && held.workspace === null;
  return {
    async forecast({ signal }) {
      const found = await cluster.connection.find(resource, at, { signal });
      if (found?.metadata.uid !== uid) return { effect: 'none', why: 'it is gone', out: undefined };
      const held = heldOf(found);
      if (free(held)) return { effect: 'none', why: 'kubefed does not own it', out: undefined };
      return {
        effect: 'change',
        changes: [
          {
            verb: 'update',
            resource: refOf(cluster.name, resource, object),
            before: fields(held),
            after: fields({ managed: 'false', workspace: null }),
          },
        ],
      };
    },
    capture: async ({ signal }) => heldOf(await cluster.connection.get(resource, at, { signal })),
    async run(work, { workspace }) {
      cluster.dialect;
      await edit(work, target, (found) => {
        const now = heldOf(found);
        if (free(now)) return undefined;
        if (now.workspace !== null && now.workspace !== workspace)
          throw new FederationError(
            'WORLD_MOVED',
            `${cluster.name}: project "${name}" was in workspace "${workspace}" and is in "${now.workspace}" now. It was left there.`,
          );
        const note = JSON.stringify({ workspace: now.workspace, run: work.runId });
        return {
          type: 'merge',
          body: {
            metadata: {
              labels: { [managedLabel]: 'false', ...(isProject && { [workspaceLabel]: null }) },
              ...(isProject && {
                annotations: { [unboundAnnotation]: note },
                ownerReferences: foreignOwners(found.metadata.ownerReferences),
              }),
            },
          },
        };
      });
    },
    async verify({ signal }) {
      const found = await cluster.connection.find(resource, at, { signal });
      if (found?.metadata.uid === uid && found.metadata.deletionTimestamp === undefined && free(heldOf(found))) return;
      throw new FederationError(
        isProject && found?.metadata.uid !== uid ? 'KEPT_AT_RISK' : 'NOT_OBSERVED',
        `${cluster.name}: ${resource.kind} "${name}" was let go by kubefed, and ${found?.metadata.uid === uid ? 'is owned again or being deleted' : 'is gone'}. Who writes it?`,
        { retryable: true },
      );
    },
    async compensate(work, { managed, workspace }) {
      if ((await cluster.connection.find(resource, at, { signal: work.signal }))?.metadata.uid !== uid) return;
      if (managed === 'true') await mayReturn(work);
      await edit(work, target, (found) => {
        const now = heldOf(found);
        if (now.managed === managed && now.workspace === workspace) return undefined;
        if (now.workspace !== null && now.workspace !== workspace)
          throw new FederationError(
            'WORLD_MOVED',
            `${cluster.name}: project "${name}" is in workspace "${now.workspace}" by now, where "${workspace}" was meant. It was left there.`,
          );
        return {
          type: 'merge',
          body: {
            metadata: {
              labels: { [managedLabel]: managed, ...(isProject && { [workspaceLabel]: workspace }) },
              ...(isProject && { annotations: { [unboundAnnotation]: null } }),
            },
          },
        };
      });
    },
  };
}
