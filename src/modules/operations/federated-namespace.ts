import { FederationError } from '../../errors.ts';
import type { ObjectRef } from '../../kube/objects.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { creatorAnnotation, hostStubLabel, managedLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { type FederatedObject, kubesphere } from '../../kubesphere/resources.ts';
import { findMade, madeBy, refOf } from '../changes.ts';
import { deletionClosure, some } from '../closure.ts';
import { othersIn } from '../namespaces/others-in.ts';
import type { Operation } from '../operation.ts';
import type { SeeingLeft } from '../placement/left.ts';
import { toListAll, toWatch, within } from '../rights.ts';
import { create, looking, remove, type Work, waitGone } from '../work.ts';
import { placedOn, syncLimitMs } from './workspace-template.ts';

/** Which multi-cluster project to create. */
interface NewProject {
  readonly name: string;
  readonly workspace: string;
}

const background = { propagationPolicy: 'Background' } as const;

/**
 * Creates the host's own namespace of a multi-cluster project, as the console does: it holds the definitions of what is copied, kubefed
 * leaves it alone, and the console hides it (src/actions/federated.js:40-70). Its way back deletes only the one this run made, while
 * it is empty.
 */
export function createHostNamespace(host: KubeSphereCluster, { name, workspace }: NewProject): Operation<null, void> {
  const labels = { [workspaceLabel]: workspace, [hostStubLabel]: 'true', [managedLabel]: 'false' };
  return {
    async forecast({ signal, runId }) {
      const found = await host.connection.find(core.namespaces, { name }, { signal });
      if (found !== undefined && madeBy(runId, found))
        return { effect: 'none', why: 'this run made it', out: undefined };
      if (found !== undefined)
        return {
          effect: 'blocked',
          why: `${host.name} has a namespace "${name}" already.`,
          remedy: 'Give the multi-cluster project another name.',
        };
      return {
        effect: 'change',
        changes: [{ verb: 'create', resource: refOf(host.name, core.namespaces, { name }), before: null, after: {} }],
      };
    },
    capture: async () => null,
    async run(work) {
      host.dialect;
      await create(work, host, core.namespaces, { metadata: { name, labels } });
    },
    async verify({ signal }) {
      await host.connection.get(core.namespaces, { name }, { signal });
    },
    needs: { compensate: [...toListAll(host, name), ...toWatch(host, core.namespaces)] },
    async compensate(work) {
      const found = await findMade(work, { cluster: host, resource: core.namespaces, name: { name } });
      if (found === undefined) return;
      const contents = await othersIn(host, name, found.metadata.annotations?.[creatorAnnotation], work.signal);
      if (contents.length > 0)
        throw new FederationError(
          'KEPT_AT_RISK',
          `${host.name}: namespace "${name}" is not empty any more (${some(contents)}). It was not deleted. Empty it, then roll back once more.`,
        );
      const target = { cluster: host, resource: core.namespaces, name: { name }, uid: found.metadata.uid };
      const look = () => assertNotFederated(host, name, work.signal);
      await remove(looking(work, look), { ...target, ...background });
      await waitGone(work, target, syncLimitMs);
    },
  };
}

const resource = kubesphere.federatedNamespaces;

/** Asked last of all: once it is applied, kubefed adopts copies on members, and nothing of the namespace that holds it moves. */
async function assertNotFederated(
  { name: cluster, connection }: KubeSphereCluster,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  if ((await connection.find(resource, { namespace: name, name }, { signal })) === undefined) return;
  throw new FederationError(
    'WORLD_MOVED',
    `${cluster}: there is a FederatedNamespace "${name}" again. The namespace was not deleted: its copies would go with it.`,
  );
}

/**
 * Creates the FederatedNamespace of a multi-cluster project, placed nowhere yet: inert, so that a create that arrives late harms
 * nobody. Its way back deletes only the one this run made, while it is placed nowhere.
 */
export function createFederatedNamespace(
  host: KubeSphereCluster,
  { name, workspace }: NewProject,
): Operation<null, void> {
  const at = { namespace: name, name };
  const labels = { [workspaceLabel]: workspace };
  /** Placed, it has copies, or is about to adopt some, which would go with it. */
  const refusePlaced = (now: FederatedObject): void => {
    const placed = placedOn(now);
    if (placed?.length === 0) return;
    throw new FederationError(
      'KEPT_AT_RISK',
      `${host.name}: multi-cluster project "${name}" is placed ${placed === undefined ? 'by a selector' : `on ${some(placed)}`} by now. It was not deleted. Use namespaces.deleteFederated.`,
    );
  };
  return {
    async forecast({ signal, runId }) {
      const found = await host.connection.find(resource, at, { signal });
      if (found !== undefined && !madeBy(runId, found))
        return {
          effect: 'blocked',
          why: `${host.name} has a multi-cluster project "${name}" already.`,
          remedy: 'Give this one another name, or place that one with namespaces.setFederatedPlacement.',
        };
      if (found !== undefined) return { effect: 'none', why: 'this run made it', out: undefined };
      return {
        effect: 'change',
        changes: [{ verb: 'create', resource: refOf(host.name, resource, at), before: null, after: {} }],
      };
    },
    capture: async () => null,
    async run(work) {
      host.dialect;
      await create(work, host, resource, {
        metadata: { ...at, labels },
        spec: { template: { metadata: { labels } }, placement: { clusters: [] } },
      });
    },
    async verify({ signal }) {
      await host.connection.get(resource, at, { signal });
    },
    needs: { compensate: within(name, toWatch(host, resource)) },
    async compensate(work) {
      const found = await findMade(work, { cluster: host, resource, name: at });
      if (found === undefined) return;
      const target = { cluster: host, resource, name: at, uid: found.metadata.uid };
      await remove(work, { ...target, ...background, still: refusePlaced });
      await waitGone(work, target, syncLimitMs);
    },
  };
}

/**
 * Deletes a multi-cluster project by way of its FederatedNamespace: kubefed deletes every copy that bears its mark. `lastLook` is asked
 * right before, and throws where it must not be; `left` resolves once what was to go is gone. Cannot be undone.
 */
export function deleteFederatedNamespace(
  host: KubeSphereCluster,
  { name, uid }: ObjectRef,
  lastLook: (work: Pick<Work, 'signal'>) => Promise<void>,
  left: SeeingLeft,
): Operation<null, void> {
  const at = { namespace: name, name };
  return {
    async forecast({ signal }) {
      const found = await host.connection.find(resource, at, { signal });
      if (found === undefined || found.metadata.uid !== uid)
        return { effect: 'none', why: 'it is gone', out: undefined };
      return {
        effect: 'change',
        changes: [{ verb: 'delete', resource: refOf(host.name, resource, found.metadata), before: {}, after: null }],
      };
    },
    capture: async () => null,
    async run(work) {
      host.dialect;
      await remove(
        looking(work, () => lastLook(work)),
        { cluster: host, resource, name: at, uid, ...background },
      );
    },
    needs: async (work) => ({ verify: [...within(name, toWatch(host, resource)), ...(await left.needs(work))] }),
    async verify(work) {
      await waitGone(work, { cluster: host, resource, name: at, uid }, syncLimitMs);
      await left.wait(work);
    },
    compensate: async () => {},
  };
}

/**
 * Deletes the host's own namespace of a multi-cluster project whose FederatedNamespace is gone, with the definitions of its copies.
 * The caller named it, by UID. Cannot be undone.
 */
export function deleteHostNamespace(host: KubeSphereCluster, { name, uid }: ObjectRef): Operation<null, void> {
  const target = { cluster: host, resource: core.namespaces, name: { name }, uid };
  return {
    async forecast({ signal }) {
      const found = await host.connection.find(core.namespaces, { name }, { signal });
      if (found === undefined || found.metadata.uid !== uid)
        return { effect: 'none', why: 'it is gone', out: undefined };
      return {
        effect: 'change',
        changes: [
          { verb: 'delete', resource: refOf(host.name, core.namespaces, found.metadata), before: {}, after: null },
        ],
      };
    },
    capture: async () => null,
    async run(work) {
      host.dialect;
      const closure = await deletionClosure(host, [uid], work.signal);
      const others = closure.objects.filter((one) => one.kind === 'Namespace');
      if (others.length > 0)
        throw new FederationError(
          'KEPT_AT_RISK',
          `${host.name}: namespace "${name}" owns ${some(others.map((one) => one.name))}, which would go with it. Nothing was deleted.`,
        );
      const look = () => assertNotFederated(host, name, work.signal);
      await remove(looking(work, look), { ...target, ...background });
    },
    needs: { verify: [...toListAll(host), ...toWatch(host, core.namespaces)] },
    verify: async (work) => waitGone(work, target, syncLimitMs),
    compensate: async () => {},
  };
}
