import { FederationError } from '../../errors.ts';
import type { Patch } from '../../kube/connection.ts';
import type { KubeObject, ObjectMeta, ObjectRef, Resource } from '../../kube/objects.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { managedLabel, unboundAnnotation, workspaceLabel } from '../../kubesphere/names.ts';
import { federatedKinds, kubesphere } from '../../kubesphere/resources.ts';
import { foreignOwners } from '../../kubesphere/v3.ts';
import type { Change } from '../../workflow/change.ts';
import { labelField, refOf } from '../changes.ts';
import { some } from '../closure.ts';
import { type FoundObject, kindOf, throughKinds } from '../found.ts';
import type { Operation } from '../operation.ts';
import { toGet } from '../rights.ts';
import { edit, type Work } from '../work.ts';
import { assertPlacedThere } from './placed-there.ts';

/** An object in a project that a host's kubefed owns. */
export type Copied = Omit<FoundObject, 'namespace'>;

/** What {@link releaseCopy} captures. */
export interface CopyBefore {
  readonly managed: string | null;
  readonly workspace: string | null;
  readonly objects: readonly Copied[];
}

const resourceOf = (object: Copied): Resource => kindOf({ ...object, namespace: '' });

/** Everything in a namespace that kubefed would delete there: what bears its mark. */
const copiedIn = (cluster: KubeSphereCluster, namespace: string, signal: AbortSignal): Promise<readonly Copied[]> =>
  throughKinds(
    cluster,
    ({ namespaced, verbs }) => namespaced && verbs.includes('patch'),
    { namespace, labelSelector: `${managedLabel}=true`, signal },
    ({ group, version, kind, plural }, { name, uid }) => ({ group, version, kind, plural, name, uid }),
  );

/**
 * Makes the copy of a multi-cluster project a namespace of its own that no kubefed touches: `managed=false` on everything in it, then,
 * in one patch, on the namespace together with the end of its workspace label, for a namespace that is no longer kubefed's and bears it
 * is bound to the local Workspace at once (H6; observed to hold while the host is joined, domain reference 8.2).
 *
 * @param cluster - where the copy is
 * @param at - the name of that cluster's Cluster object on `host`; the way back asks `host` whether the copy still belongs there
 */
export function releaseCopy(
  host: KubeSphereCluster,
  cluster: KubeSphereCluster,
  at: string,
  project: ObjectRef,
): Operation<CopyBefore, void> {
  const { name, uid } = project;
  const target = { cluster, resource: core.namespaces, name: { name }, uid };
  const read = async ({ signal }: Pick<Work, 'signal'>): Promise<ObjectMeta> => {
    const { metadata } = await cluster.connection.get(core.namespaces, { name }, { signal });
    if (metadata.uid === uid && metadata.deletionTimestamp === undefined) return metadata;
    throw new FederationError(
      'KEPT_AT_RISK',
      `${cluster.name}: the copy of multi-cluster project "${name}" (UID ${uid}) is ${metadata.uid === uid ? 'being deleted' : 'another one by now'}. Find out who did it before anything goes on.`,
    );
  };
  const labelsOf = (metadata: ObjectMeta) => ({
    managed: metadata.labels?.[managedLabel] ?? null,
    workspace: metadata.labels?.[workspaceLabel] ?? null,
  });
  const mark = async (work: Work, object: Copied, from: string, to: string): Promise<void> => {
    const where = { cluster, resource: resourceOf(object), name: { namespace: name, name: object.name } };
    await edit<KubeObject>(work, { ...where, uid: object.uid }, ({ metadata }) =>
      metadata.labels?.[managedLabel] === from
        ? { type: 'merge', body: { metadata: { labels: { [managedLabel]: to } } } }
        : undefined,
    ).catch((error: unknown) => {
      // One that is gone, or was made again, is none of those captured: the proof looks at what there is.
      if (!FederationError.is(error, 'NOT_FOUND', 'CONFLICT')) throw error;
    });
  };
  return {
    async forecast(work) {
      const { managed, workspace } = labelsOf(await read(work));
      const objects = await copiedIn(cluster, name, work.signal);
      if (managed === 'false' && workspace === null && objects.length === 0)
        return { effect: 'none', why: 'no kubefed owns it', out: undefined };
      const field = labelField(managedLabel);
      return {
        effect: 'change',
        changes: [
          {
            verb: 'update',
            resource: refOf(cluster.name, core.namespaces, project),
            before: { [field]: managed, [labelField(workspaceLabel)]: workspace },
            after: { [field]: 'false', [labelField(workspaceLabel)]: null },
          },
          ...objects.map(
            (object): Change => ({
              verb: 'update',
              resource: refOf(cluster.name, resourceOf(object), { ...object, namespace: name }),
              before: { [field]: 'true' },
              after: { [field]: 'false' },
            }),
          ),
        ],
      };
    },
    capture: async (work) => ({
      ...labelsOf(await read(work)),
      objects: await copiedIn(cluster, name, work.signal),
    }),
    async run(work, { workspace }) {
      cluster.dialect;
      for (const object of await copiedIn(cluster, name, work.signal)) await mark(work, object, 'true', 'false');
      const note = JSON.stringify({ workspace, run: work.runId, managed: true });
      await edit(work, target, ({ metadata }): Patch | undefined =>
        metadata.labels?.[managedLabel] === 'false' && metadata.labels[workspaceLabel] === undefined
          ? undefined
          : {
              type: 'merge',
              body: {
                metadata: {
                  labels: { [managedLabel]: 'false', [workspaceLabel]: null },
                  annotations: { [unboundAnnotation]: note },
                  ownerReferences: foreignOwners(metadata.ownerReferences),
                },
              },
            },
      );
      // What kubefed copied into it in between.
      for (const object of await copiedIn(cluster, name, work.signal)) await mark(work, object, 'true', 'false');
    },
    async needs({ signal }) {
      const kinds = new Set((await copiedIn(cluster, name, signal)).map(({ kind }) => `Federated${kind}`));
      const federated = federatedKinds.map((one) => one.federated).filter(({ kind }) => kinds.has(kind));
      return { compensate: toGet(host, kubesphere.federatedNamespaces, ...federated) };
    },
    verify: (work) => assertCopyReleased(cluster, project, work.signal),
    async compensate(work, { managed, workspace, objects }) {
      // Marked again where the host has it placed elsewhere, it would be deleted there and then (H5).
      if (managed === 'true' || objects.length > 0) await assertPlacedThere(work, host, at, project.name, objects);
      for (const object of objects) await mark(work, object, 'false', 'true');
      await edit(work, target, ({ metadata }) => {
        const now = labelsOf(metadata);
        return now.managed === managed && now.workspace === workspace
          ? undefined
          : {
              type: 'merge',
              body: {
                metadata: {
                  labels: { [managedLabel]: managed, [workspaceLabel]: workspace },
                  annotations: { [unboundAnnotation]: null },
                },
              },
            };
      });
    },
  };
}

/** Whether no kubefed owns a namespace or anything in it. @throws FederationError `KEPT_AT_RISK`, `NOT_OBSERVED` */
export async function assertCopyReleased(cluster: KubeSphereCluster, { name, uid }: ObjectRef, signal: AbortSignal) {
  const namespace = await cluster.connection.find(core.namespaces, { name }, { signal });
  if (namespace?.metadata.uid !== uid || namespace.metadata.deletionTimestamp !== undefined)
    throw new FederationError(
      'KEPT_AT_RISK',
      `${cluster.name}: namespace "${name}" (UID ${uid}) is gone, going, or another one by now. Find out who did it.`,
    );
  const { labels = {} } = namespace.metadata;
  const owned = await copiedIn(cluster, name, signal);
  if (labels[managedLabel] === 'false' && labels[workspaceLabel] === undefined && owned.length === 0) return;
  const what = [
    ...(labels[managedLabel] === 'false' ? [] : ['the namespace itself']),
    ...(labels[workspaceLabel] === undefined ? [] : [`its label ${workspaceLabel}`]),
    ...owned.map(({ kind, name: object }) => `${kind} ${object}`),
  ];
  throw new FederationError(
    'NOT_OBSERVED',
    `${cluster.name}: multi-cluster project "${name}" was released, and is kubefed's again: ${some(what)}. Who puts it back?`,
    { retryable: true },
  );
}
