import { FederationError } from '../../errors.ts';
import type { KubeObject, Resource } from '../../kube/objects.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { managedLabel } from '../../kubesphere/names.ts';
import { type FederatedObject, kubesphere } from '../../kubesphere/resources.ts';
import { pool } from '../../workflow/pool.ts';
import { askEveryCluster } from '../across.ts';
import type { FederationEnv } from '../env.ts';
import { adopted, syncLimitMs } from '../operations/workspace-template.ts';
import { waitFor } from '../work.ts';
import { type Placeable, placeables, resolve } from './clusters.ts';
import { called, type Subject } from './subject.ts';
import { openLeaving } from './survey.ts';

/** All clusters of a host, by name. */
type Clusters = ReadonlyMap<string, Placeable>;

/** The kind that kubefed makes of a subject on a cluster, under the subject's name. */
export const copiedAs = ({ kind }: Pick<Subject, 'kind'>): Resource =>
  (kind === 'workspace' ? kubesphere.workspaces : core.namespaces) as Resource;

const atOnce = 16;
const isManaged = (copy: KubeObject | undefined): boolean => copy?.metadata.labels?.[managedLabel] === 'true';
const isAlive = (copy: KubeObject | undefined): boolean =>
  isManaged(copy) && copy?.metadata.deletionTimestamp === undefined;
const copyOn = (
  { connection }: KubeSphereCluster,
  subject: Subject,
  signal: AbortSignal,
): Promise<KubeObject | undefined> => connection.find(copiedAs(subject), { name: subject.name }, { signal });

/**
 * The clusters, of those that a placement does not name, where its subject still is, and kubefed's: somebody took it off while they were
 * away, or kubefed was down, and it is deleted there once both are back (domain reference, 8.2).
 *
 * @param passing - a cluster that does not answer is passed over; else it is not taken for one that has nothing
 * @throws FederationError as `openLeaving`
 */
export async function stillOn(
  env: FederationEnv,
  subject: Subject,
  clusters: readonly string[],
  all: Clusters,
  { signal, passing }: { readonly signal: AbortSignal; readonly passing: boolean },
): Promise<readonly string[]> {
  const still = new Set<string>();
  const look = async (name: string): Promise<void> => {
    const what = `Taking ${called(subject)} off ${name}`;
    const copy = await openLeaving(env, what, all.get(name) ?? name, signal, (at) => copyOn(at, subject, signal));
    if (isManaged(copy)) still.add(name);
  };
  const passOver = (error: unknown): void => {
    if (!passing || !FederationError.is(error, 'UNREACHABLE', 'ENV_CHANGED')) throw error;
  };
  const { failed } = await pool(
    clusters,
    atOnce,
    (name) => look(name).catch(passOver),
    (failures) => failures === 0,
  );
  for (const { error } of failed) throw error;
  return clusters.filter((name) => still.has(name));
}

/**
 * The clusters, of those that a subject is placed on, where it has not come to: kubefed is not told of them yet, or it is not there.
 *
 * @throws FederationError `UNREACHABLE` naming those that do not answer
 */
export async function notYetOn(
  env: FederationEnv,
  subject: Subject,
  clusters: readonly string[],
  all: Clusters,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (clusters.length === 0) return [];
  const here = await askEveryCluster(
    env,
    `Seeing that ${called(subject)} has come`,
    // The host's own namespace is there beforehand, and is never kubefed's.
    async (at) => (subject.kind === 'project' && at.uid === env.host.uid) || isAlive(await copyOn(at, subject, signal)),
    { clusters, signal },
  );
  const told = subject.kind === 'project' ? clusters : await toldOf(env, subject, all, signal);
  return clusters.filter((name) => !told.includes(name) || here.get(name) !== true);
}

/** Listed, not read: whoever may wait for it may list it. */
async function toldOf({ host }: FederationEnv, { name }: Subject, all: Clusters, signal: AbortSignal) {
  const fieldSelector = `metadata.name=${name}`;
  const [federated] = await host.connection.list(kubesphere.federatedWorkspaces, { fieldSelector, signal }).toArray();
  if (federated === undefined || federated.metadata.deletionTimestamp !== undefined) return [];
  return resolve(federated.spec.placement ?? {}, all, 'surely');
}

/** Waits until a host's controllers carried a placement on to where kubefed reads it. */
export async function federated(
  host: KubeSphereCluster,
  subject: Pick<Subject, 'kind' | 'name'>,
  { arriving, leaving }: { readonly arriving: readonly string[]; readonly leaving: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  if (subject.kind === 'project') return;
  const all = await placeables(host, signal);
  await waitFor<FederatedObject, true>(signal, {
    cluster: host,
    resource: kubesphere.federatedWorkspaces,
    select: { fieldSelector: `metadata.name=${subject.name}` },
    test: (objects) => {
      const placement = objects.get(subject.name)?.spec.placement;
      if (placement === undefined) return undefined;
      const [surely, possibly] = [resolve(placement, all, 'surely'), resolve(placement, all, 'possibly')];
      return arriving.every((one) => surely.includes(one)) && !leaving.some((one) => possibly.includes(one))
        ? true
        : undefined;
    },
    what: `the placement of ${called(subject)} to be federated`,
    timeoutMs: syncLimitMs,
  });
}

/** Waits until kubefed brought it to a cluster: an object that arrived is the only proof. */
export async function arrived(
  env: FederationEnv,
  subject: Subject,
  cluster: string,
  signal: AbortSignal,
): Promise<void> {
  const member = await env.member(cluster, { signal });
  if (subject.kind === 'workspace') return void (await adopted({ signal }, member, subject.name));
  // The host's own namespace is there beforehand, and is never kubefed's.
  if (member.uid === env.host.uid) return;
  await waitFor(signal, {
    cluster: member,
    resource: core.namespaces,
    select: { fieldSelector: `metadata.name=${subject.name}` },
    test: (objects) => (isAlive(objects.get(subject.name)) ? true : undefined),
    what: `namespace "${subject.name}" to arrive from the host`,
    timeoutMs: syncLimitMs,
  });
}
