import { FederationError } from '../../errors.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { hostSecret, kubefedNamespace } from '../../kubesphere/names.ts';
import { type Cluster, type Condition, kubesphere } from '../../kubesphere/resources.ts';
import { madeBy, refOf } from '../changes.ts';
import { assertTakesNoNamespace, deletionClosure } from '../closure.ts';
import { hostMarks } from '../marks.ts';
import type { Operation } from '../operation.ts';
import { create, edit, remove, type Work, waitFor, waitGone } from '../work.ts';
import { adopted } from './workspace-template.ts';

const resource = kubesphere.clusters;
const goneLimitMs = 120_000;

/** Limits of the waits for a join. */
export interface JoinLimits {
  /** The cluster controller's resync period; waits last at least three of them. @defaultValue 120000 */
  readonly resyncMs?: number;
}

const isTrue = (conditions: readonly Condition[] | undefined, type: string): boolean =>
  (conditions ?? []).some((condition) => condition.type === type && condition.status === 'True');

/** Waits until a host has joined a cluster: the right one by UID, and kubefed holds a live connection to it (H18). */
export async function waitJoined(
  work: Pick<Work, 'signal'>,
  host: KubeSphereCluster,
  name: string,
  memberUid: string,
  { resyncMs = 120_000 }: JoinLimits,
): Promise<void> {
  const timeoutMs = 3 * resyncMs + 60_000;
  await waitFor(work.signal, {
    cluster: host,
    resource,
    select: { fieldSelector: `metadata.name=${name}` },
    test: (objects) => {
      const status = objects.get(name)?.status;
      const refused = status?.conditions?.find(
        ({ type, status }) => type === 'Federated' && status === 'False',
      )?.reason;
      if (refused !== undefined && /conflict/i.test(refused))
        throw new FederationError('REJECTED', `${host.name}: joining cluster "${name}" was refused: ${refused}`);
      if (status?.uid !== undefined && status.uid !== memberUid)
        throw new FederationError(
          'ENV_CHANGED',
          `${host.name}: Cluster "${name}" leads to another cluster (UID ${status.uid}) than the member meant (UID ${memberUid}). Which kubeconfig was given?`,
        );
      return isTrue(status?.conditions, 'Ready') && status?.uid === memberUid ? true : undefined;
    },
    what: `cluster "${name}" to be Ready`,
    timeoutMs,
  });
  await waitFor(work.signal, {
    cluster: host,
    resource: kubesphere.kubeFedClusters,
    select: { namespace: kubefedNamespace, fieldSelector: `metadata.name=${name}` },
    test: (objects) => isTrue(objects.get(`${kubefedNamespace}/${name}`)?.status?.conditions, 'Ready') || undefined,
    what: `kubefed to reach cluster "${name}"`,
    timeoutMs,
  });
}

/** Whether a host holds anything of a cluster of that name: its Cluster object or kubefed's. */
async function holds({ signal }: Pick<Work, 'signal'>, host: KubeSphereCluster, name: string): Promise<boolean> {
  const [cluster, joined] = await Promise.all([
    host.connection.find(resource, { name }, { signal }),
    host.connection.find(kubesphere.kubeFedClusters, { namespace: kubefedNamespace, name }, { signal }),
  ]);
  return cluster !== undefined || joined !== undefined;
}

/** Two hosts on one member destroy what both have. @throws FederationError `KEPT_AT_RISK` while `other` holds it */
export async function assertReleased(
  work: Pick<Work, 'signal'>,
  other: KubeSphereCluster | undefined,
  host: KubeSphereCluster,
  name: string,
): Promise<void> {
  if (other === undefined || !(await holds(work, other, name))) return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `${other.name} holds cluster "${name}": joined to ${host.name} as well it would lose what both hosts have on it, within a minute. Delete the Cluster on ${other.name}, wait until its KubeFedCluster is gone, then go on.`,
  );
}

/** Deletes a Cluster object by UID and waits until the host has let go of the member altogether. Nothing on the member is written. */
async function release(work: Work, host: KubeSphereCluster, name: string, uid: string): Promise<void> {
  const target = { cluster: host, resource, name: { name }, uid };
  assertTakesNoNamespace(await deletionClosure(host, [uid], work.signal), `cluster "${name}"`);
  // Orphan: HelmReleases aimed at this cluster are owned by it, and are a host's only record of these apps.
  await remove(work, { ...target, propagationPolicy: 'Orphan' });
  await waitGone(work, target, goneLimitMs);
  await absent(work, host, name);
}

async function absent({ signal }: Pick<Work, 'signal'>, host: KubeSphereCluster, name: string): Promise<void> {
  await waitFor(signal, {
    cluster: host,
    resource: kubesphere.kubeFedClusters,
    select: { namespace: kubefedNamespace, fieldSelector: `metadata.name=${name}` },
    test: (objects) => (objects.size === 0 ? true : undefined),
    what: `kubefed to forget cluster "${name}"`,
    timeoutMs: goneLimitMs,
  });
  await waitFor(signal, {
    cluster: host,
    resource: core.secrets,
    select: { namespace: kubefedNamespace, fieldSelector: `metadata.name=${hostSecret(name)}` },
    test: (objects) => (objects.size === 0 ? true : undefined),
    what: `Secret ${hostSecret(name)} to be gone`,
    timeoutMs: goneLimitMs,
  });
}

/** Makes a Cluster object that its controller ignores, then, with its UID and resourceVersion, one that joins (rule 9). */
async function join(
  work: Work,
  host: KubeSphereCluster,
  name: string,
  settings: Pick<ClusterBefore, 'labels' | 'annotations' | 'spec'>,
  secrets: ClusterSecrets,
): Promise<void> {
  const { labels, annotations, spec } = settings;
  const { connection, ...rest } = spec;
  const existing = await host.connection.find(resource, { name }, { signal: work.signal });
  const cluster =
    existing ??
    (await create(work, host, resource, {
      metadata: { name, labels, annotations },
      spec: { ...rest, joinFederation: false, connection: { ...connection, ...encoded(secrets) } },
    }));
  if (!madeBy(work.runId, cluster))
    throw new FederationError(
      'ALREADY_EXISTS',
      `${host.name} has a cluster "${name}" that this run did not make. It was left alone.`,
    );
  await edit(work, { cluster: host, resource, name: { name }, uid: cluster.metadata.uid }, (now) =>
    now.spec.joinFederation === (spec.joinFederation ?? true)
      ? undefined
      : { type: 'merge', body: { spec: { joinFederation: spec.joinFederation ?? true } } },
  );
}

/** What a Cluster object holds in secret. */
export interface ClusterSecrets {
  readonly kubeconfig: string;
  readonly token?: string;
}

function encoded({ kubeconfig, token }: ClusterSecrets): { readonly kubeconfig: string; readonly token?: string } {
  return { kubeconfig: Buffer.from(kubeconfig).toString('base64'), ...(token === undefined ? {} : { token }) };
}

/** Reads what has to be parked before a Cluster object is deleted. */
export async function clusterSecrets(
  host: KubeSphereCluster,
  name: string,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const cluster = await host.connection.find(resource, { name }, { signal });
  const { kubeconfig, token } = cluster?.spec.connection ?? {};
  return {
    ...(kubeconfig === undefined ? {} : { kubeconfig: Buffer.from(kubeconfig, 'base64').toString() }),
    ...(token === undefined || token === '' ? {} : { token }),
  };
}

/** A Cluster object without its secrets. */
export interface ClusterBefore {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: Omit<Cluster['spec'], 'connection'> & {
    readonly connection: Omit<Cluster['spec']['connection'], 'kubeconfig' | 'token'>;
  };
}

/** What {@link importCluster} needs. */
export interface ImportSettings extends JoinLimits {
  readonly name: string;
  readonly member: KubeSphereCluster;
  /** Kubeconfig under which the host reaches the member; read when needed, never journalled. */
  readonly kubeconfig: (signal: AbortSignal) => Promise<string>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly provider?: string;
  /** Workspaces whose arrival on the member proves that the host is at work there. */
  readonly proof: readonly string[];
  /** A host that must have let go of the member: two hosts on one member lose everything within 40 s (8.2). */
  readonly unlessHeldBy?: KubeSphereCluster;
  /** Refuse a member that bears a host's marks. */
  readonly unlessMarked?: boolean;
}

/** Imports a member into a host, and waits until something from the host has arrived there: Ready alone proves nothing (8.3). */
export function importCluster(host: KubeSphereCluster, settings: ImportSettings): Operation<null, void> {
  const { name, member, kubeconfig, labels = {}, provider, proof, unlessHeldBy, unlessMarked = false } = settings;
  return {
    async forecast({ signal, runId }) {
      const found = await host.connection.find(resource, { name }, { signal });
      if (found !== undefined && !madeBy(runId, found))
        return {
          effect: 'blocked',
          why: `${host.name} has a cluster "${name}" already.`,
          remedy:
            found.status?.uid === member.uid
              ? 'This member is imported there already.'
              : 'It is another cluster: unbind it, or give the member another name.',
        };
      const marks = unlessMarked ? await hostMarks(member, signal) : [];
      if (marks.length > 0)
        return {
          effect: 'blocked',
          why: `${member.name} bears the marks of a host (${marks.join('; ')}): two hosts on one member destroy what both have.`,
          remedy: 'Move it with memberMigration. If no host has it any more, say formerHostGone: true.',
        };
      return {
        effect: 'change',
        changes: [{ verb: 'create', resource: refOf(host.name, resource, { name }), before: null, after: {} }],
      };
    },
    capture: async () => null,
    async run(work) {
      host.dialect;
      await assertReleased(work, unlessHeldBy, host, name);
      const spec = {
        joinFederation: true,
        enable: true,
        ...(provider === undefined ? {} : { provider }),
        connection: { type: 'direct' as const },
      };
      await join(work, host, name, { labels, annotations: {}, spec }, { kubeconfig: await kubeconfig(work.signal) });
    },
    async verify(work) {
      await waitJoined(work, host, name, member.uid, settings);
      for (const workspace of proof) await adopted(work, member, workspace);
    },
    async compensate(work) {
      const cluster = await host.connection.find(resource, { name }, { signal: work.signal });
      if (cluster !== undefined && !madeBy(work.runId, cluster)) return;
      if (cluster !== undefined) await release(work, host, name, cluster.metadata.uid);
      else await absent(work, host, name);
    },
  };
}

/** What {@link detachCluster} needs besides. */
export interface DetachSettings extends JoinLimits {
  /** Reads what was parked, for the way back. */
  readonly secrets: (signal: AbortSignal) => Promise<ClusterSecrets>;
  /** A host that must have let go of the member before this one takes it back: two hosts on one member lose everything within 40 s (8.2). */
  readonly unlessHeldBy?: KubeSphereCluster;
}

/**
 * Detaches a member from its host by deleting the Cluster object, the one lever that writes nothing on the member (H7).
 * Its way back creates the object again, under a new UID, and waits for the join.
 */
export function detachCluster(
  host: KubeSphereCluster,
  name: string,
  memberUid: string,
  settings: DetachSettings,
): Operation<ClusterBefore, void> {
  const read = (signal: AbortSignal) => host.connection.get(resource, { name }, { signal });
  return {
    async forecast({ signal }) {
      const found = await host.connection.find(resource, { name }, { signal });
      if (found === undefined) return { effect: 'none', why: `${host.name} has no cluster "${name}"`, out: undefined };
      return {
        effect: 'change',
        changes: [
          {
            verb: 'delete',
            resource: refOf(host.name, resource, found.metadata),
            before: { '/spec/joinFederation': found.spec.joinFederation ?? null },
            after: null,
          },
        ],
      };
    },
    async capture({ signal }) {
      const { metadata, spec } = await read(signal);
      const { kubeconfig: _kubeconfig, token: _token, ...connection } = spec.connection;
      return { labels: metadata.labels ?? {}, annotations: metadata.annotations ?? {}, spec: { ...spec, connection } };
    },
    async run(work) {
      host.dialect;
      const found = await host.connection.find(resource, { name }, { signal: work.signal });
      if (found === undefined) return absent(work, host, name);
      if (found.status?.uid !== memberUid)
        throw new FederationError(
          'WORLD_MOVED',
          `${host.name}: Cluster "${name}" stands for another cluster (UID ${found.status?.uid}) by now. It was left alone.`,
        );
      // Without this the object could not be made again.
      await settings.secrets(work.signal);
      await release(work, host, name, found.metadata.uid);
    },
    async verify(work) {
      if (await holds(work, host, name))
        throw new FederationError(
          'NOT_OBSERVED',
          `${host.name}: cluster "${name}" was detached and is there again. Who imported it?`,
        );
    },
    async compensate(work, before) {
      await assertReleased(work, settings.unlessHeldBy, host, name);
      // The host may still be busy letting go of it; then what kubefed had goes, too.
      const now = await host.connection.find(resource, { name }, { signal: work.signal });
      if (now?.metadata.deletionTimestamp !== undefined)
        await waitGone(work, { cluster: host, resource, name: { name }, uid: now.metadata.uid }, goneLimitMs);
      if (now === undefined || now.metadata.deletionTimestamp !== undefined) await absent(work, host, name);
      await join(work, host, name, before, await settings.secrets(work.signal));
      if (before.spec.joinFederation === true) await waitJoined(work, host, name, memberUid, settings);
    },
  };
}
