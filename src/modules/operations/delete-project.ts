import { FederationError } from '../../errors.ts';
import type { ObjectRef } from '../../kube/objects.ts';
import { core, type Namespace } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { refOf } from '../changes.ts';
import { type Closure, deletionClosure, some } from '../closure.ts';
import type { ProjectContents } from '../namespaces/contents.ts';
import type { Operation } from '../operation.ts';
import { toWatch } from '../rights.ts';
import { looking, remove, type Work, waitGone } from '../work.ts';

/** What {@link deleteProject} asks before it deletes. */
export interface Deletion {
  /** Throws where this namespace, as it is now, must not be deleted. */
  readonly assertMayGo: (namespace: Namespace) => void;
  /** What is in it. Plain JSON. */
  readonly contents: (signal: AbortSignal) => Promise<ProjectContents>;
  /** Names of protections that keep it. */
  readonly keptBy: (signal: AbortSignal) => Promise<readonly string[]>;
  /** Name of a host that would make it again; nothing where none would. */
  readonly madeAgainBy: (signal: AbortSignal) => Promise<string | undefined>;
  /** @defaultValue 10 minutes */
  readonly goneLimitMs?: number;
}

/** What a namespace's deletion takes that is not in it. */
const outside = ({ objects }: Closure, { name }: ObjectRef): string[] =>
  objects
    .filter(({ namespace }) => namespace !== name)
    .map((object) => [object.kind, object.namespace, object.name].filter((part) => part !== undefined).join(' '));

/** What holds a namespace that is being deleted: its finalizers, and what the server says of its contents. */
function holding({ metadata, spec, ...rest }: Namespace): string {
  const { conditions = [] } = ((rest as { readonly status?: object }).status ?? {}) as {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
  };
  const finalizers = [...(metadata.finalizers ?? []), ...(spec?.finalizers ?? [])];
  const told = conditions.filter(({ type, status }) => status === 'True' && type !== 'NamespaceDeletionStarted');
  return [
    `finalizers ${finalizers.join(', ') || 'none'}`,
    ...told.map(({ type, message }) => `${type}: ${message ?? ''}`),
  ].join('; ');
}

/**
 * Deletes one namespace, this very one by UID, with everything in it, and waits until it is gone. Refused while a protection keeps it,
 * while something outside of it would go with it, and on a host while it holds a FederatedNamespace, whose deletion would delete the
 * copies on every member (domain reference, 2.6). It cannot be undone.
 */
export function deleteProject(
  cluster: KubeSphereCluster,
  project: ObjectRef,
  { assertMayGo, contents, keptBy, madeAgainBy, goneLimitMs = 600_000 }: Deletion,
): Operation<ProjectContents, ProjectContents> {
  const { name, uid } = project;
  const find = (signal: AbortSignal) => cluster.connection.find(core.namespaces, { name }, { signal });
  /** Why it must stay, besides what it says itself. The closure takes seconds: what may come in these is asked after it. */
  const reason = async (
    signal: AbortSignal,
  ): Promise<{ readonly why: string; readonly remedy: string } | undefined> => {
    const taken = outside(await deletionClosure(cluster, [uid], signal), project);
    if (taken.length > 0)
      return {
        why: `${cluster.name}: deleting namespace "${name}" would take ${taken.length} object(s) outside of it along: ${some(taken)}.`,
        remedy: 'Take that owner off them first.',
      };
    const maker = await madeAgainBy(signal);
    if (maker !== undefined)
      return {
        why: `${cluster.name}: multi-cluster project "${name}" of ${maker} is placed there still, and ${maker} would make this namespace again.`,
        remedy: 'Take this cluster out of its placement first: namespaces.setFederatedPlacement.',
      };
    const kept = await keptBy(signal);
    if (kept.length > 0)
      return {
        why: `${cluster.name}: namespace "${name}" is protected (${some(kept)}).`,
        remedy:
          'Take the protection away first: namespaces.protections tells which names it keeps, namespaces.unprotect lifts it.',
      };
    const federated = await cluster.connection
      .listMetadata(kubesphere.federatedNamespaces, { namespace: name, signal })
      .toArray()
      .catch((error: unknown) => {
        // Only a host serves the kind.
        if (FederationError.is(error, 'NOT_FOUND')) return [];
        throw error;
      });
    if (federated.length === 0) return undefined;
    return {
      why: `${cluster.name}: namespace "${name}" holds FederatedNamespace "${federated[0]?.metadata.name}": deleting it would delete the multi-cluster project on every member.`,
      remedy: 'Use namespaces.deleteFederated.',
    };
  };
  return {
    async forecast(work) {
      const found = await find(work.signal);
      if (found === undefined) return { effect: 'none', why: 'it is gone', out: { objects: {}, claims: [], apps: [] } };
      if (found.metadata.uid !== uid)
        return {
          effect: 'blocked',
          why: `${cluster.name}: namespace "${name}" has UID ${found.metadata.uid}, not ${uid}: it is another one.`,
          remedy: 'Look at what it is; namespaces.get tells its UID.',
        };
      assertMayGo(found);
      const blocked = await reason(work.signal);
      if (blocked !== undefined) return { effect: 'blocked', ...blocked };
      return {
        effect: 'change',
        changes: [{ verb: 'delete', resource: refOf(cluster.name, core.namespaces, project), before: {}, after: null }],
        expects: await contents(work.signal),
      };
    },
    capture: (work) => contents(work.signal),
    async run(work, before) {
      cluster.dialect;
      const look = async (): Promise<void> => {
        const blocked = await reason(work.signal);
        if (blocked !== undefined) throw new FederationError('KEPT_AT_RISK', `${blocked.why} ${blocked.remedy}`);
      };
      await remove(looking(work, look), {
        cluster,
        resource: core.namespaces,
        name: { name },
        uid,
        propagationPolicy: 'Background',
        still: assertMayGo,
      });
      return before;
    },
    needs: { verify: toWatch(cluster, core.namespaces) },
    async verify(work: Pick<Work, 'signal'>) {
      try {
        await waitGone(work, { cluster, resource: core.namespaces, name: { name }, uid }, goneLimitMs);
      } catch (error) {
        if (!FederationError.is(error, 'NOT_OBSERVED')) throw error;
        const left = await find(work.signal);
        if (left?.metadata.uid !== uid) return;
        throw new FederationError(
          'NOT_OBSERVED',
          `${cluster.name}: namespace "${name}" is being deleted, and not gone after ${Math.round(goneLimitMs / 1000)} s. It is held by: ${holding(left)}. Look at the controllers that these belong to; take none off by hand before you know what it waits for.`,
          { cause: error, details: { finalizers: [...(left.metadata.finalizers ?? [])] } },
        );
      }
    },
    async compensate() {
      throw new FederationError(
        'UNSUPPORTED',
        `${cluster.name}: namespace "${name}" was deleted with everything in it; nothing brings that back but a backup.`,
      );
    },
  };
}
