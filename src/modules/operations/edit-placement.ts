import { FederationError } from '../../errors.ts';
import type { Patch } from '../../kube/connection.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { managedLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere, type Placement } from '../../kubesphere/resources.ts';
import { refOf } from '../changes.ts';
import { some } from '../closure.ts';
import type { FederationEnv } from '../env.ts';
import type { Operation } from '../operation.ts';
import { arrivingOf, leavingOf, type Placeable, placeables, resolve, samePlacement } from '../placement/clusters.ts';
import type { SeeingLeft } from '../placement/left.ts';
import { arrived, copiedAs, federated, notYetOn } from '../placement/standing.ts';
import { applyEdit, called, type Placed, type PlacementEdit, placedAt, type Subject } from '../placement/subject.ts';
import { openLeaving } from '../placement/survey.ts';
import { toListAll, toWatch } from '../rights.ts';
import { edit, looking, type Work } from '../work.ts';
import { inTheWay } from '../workspaces/in-the-way.ts';
import { assertTakesNone } from './workspace-template.ts';

/** A change of placement, and what it may do. */
export interface PlacementChange {
  readonly subject: Subject;
  readonly edit: PlacementEdit;
  /** Clusters that it may be taken off: what lives there was seen to. No other goes, whatever somebody else wrote meanwhile. */
  readonly mayLeave: readonly string[];
  /** Asked right before every attempt to write, after the placement was read: throws where it must not be written. */
  readonly lastLook?: (work: Pick<Work, 'signal'>) => Promise<void>;
  /** Sees that what was to go on a cluster that left is gone. */
  readonly left?: SeeingLeft;
}

/** What {@link editPlacement} captures. */
export interface PlacementBefore {
  readonly placement: Placement | null;
  /** Clusters that were not in it, and come; where it was placed so already, those that it had not come to. */
  readonly arriving: readonly string[];
}

const pointer = '/spec/placement';
const placementOf = ({ spec }: Placed): Placement => spec.placement ?? {};

/**
 * Changes the placement of a workspace or a multi-cluster project: the whole of it, with the UID and version that it was read at, so
 * that of two who edit at once the second reads again (H9). It takes nothing off a cluster but what it was allowed to: a placement that
 * shrinks makes kubefed delete what lives there, within a second (H7).
 */
export function editPlacement(
  env: FederationEnv,
  { subject, edit: change, mayLeave, lastLook, left }: PlacementChange,
): Operation<PlacementBefore, void> {
  const { host } = env;
  const { resource, name } = placedAt(subject);
  const target = { cluster: host, resource, name, uid: subject.uid };
  const read = ({ signal }: Pick<Work, 'signal'>): Promise<Placed> => host.connection.get(resource, name, { signal });

  const write = (next: Placement): Patch => ({
    type: 'json',
    operations: [{ op: 'add', path: pointer, value: next }],
  });
  const refuseOthers = (
    now: Placement,
    next: Placement,
    all: ReadonlyMap<string, Placeable>,
    may: readonly string[],
  ) => {
    const others = leavingOf(now, next, all).filter((cluster) => !may.includes(cluster));
    if (others.length === 0) return;
    throw new FederationError(
      'KEPT_AT_RISK',
      `${host.name}: this change would take ${called(subject)} off ${some(others)}, which was not foreseen: kubefed would delete what it has there. Somebody changed the placement, or labels of clusters, meanwhile. Nothing was changed. Read it again, then decide again.`,
      { details: { clusters: others } },
    );
  };

  /** Whoever calls once more, because what was written was not seen to come true, waits for that once more. */
  const comingTo = async (
    now: Placement,
    all: ReadonlyMap<string, Placeable>,
    signal: AbortSignal,
  ): Promise<readonly string[]> => {
    const next = applyEdit(subject, now, change);
    if (!samePlacement(now, next)) return arrivingOf(now, next, all);
    const wanted = resolve(next, all, 'surely');
    const meant = 'set' in change ? wanted : 'add' in change ? change.add.filter((one) => wanted.includes(one)) : [];
    return notYetOn(env, subject, meant, all, signal);
  };

  /**
   * Writes the placement. Right before every attempt comes the look, and after it, for it takes its time, the question which clusters
   * there are by then: one that joined meanwhile is taken off unseen otherwise.
   */
  async function editing(
    work: Work,
    next: (now: Placement) => Placement,
    may: readonly string[],
    look: () => Promise<void>,
  ): Promise<void> {
    let judged: readonly [Placement, Placement] = [{}, {}];
    const looks = looking(work, async () => {
      await look();
      refuseOthers(...judged, await placeables(host, work.signal), may);
    });
    await edit(looks, target, (object) => {
      const now = placementOf(object);
      judged = [now, next(now)];
      return samePlacement(...judged) ? undefined : write(judged[1]);
    });
  }

  return {
    async forecast(work) {
      const object = await read(work);
      const [now, all] = [placementOf(object), await placeables(host, work.signal)];
      const next = applyEdit(subject, now, change);
      const same = samePlacement(now, next);
      if (!same) refuseOthers(now, next, all, mayLeave);
      const arriving = await comingTo(now, all, work.signal);
      if (same && arriving.length + mayLeave.length === 0)
        return { effect: 'none', why: 'it is placed so already', out: undefined };
      const hindrance =
        subject.kind === 'project'
          ? await hindranceOf(env, object, arriving, all, work.signal)
          : await ownWorkspaceOn(env, subject.name, arriving, work.signal);
      if (hindrance !== undefined) return hindrance;
      if (same) {
        const { kind } = copiedAs(subject);
        return {
          effect: 'unknown',
          why: `It is placed so already, and kubefed has yet to follow on ${some([...arriving, ...mayLeave])}.`,
          touches: [
            ...(arriving.length === 0 ? [] : [{ verb: 'create' as const, kind }]),
            ...(mayLeave.length === 0 ? [] : [{ verb: 'delete' as const, kind }]),
          ],
        };
      }
      return {
        effect: 'change',
        changes: [
          {
            verb: 'update',
            resource: refOf(host.name, resource, object.metadata),
            before: { [pointer]: plain(object.spec.placement) },
            after: { [pointer]: plain(next) },
          },
        ],
      };
    },
    async capture(work) {
      const { spec } = await read(work);
      const all = await placeables(host, work.signal);
      return {
        placement: spec.placement ?? null,
        arriving: await comingTo(spec.placement ?? {}, all, work.signal),
      };
    },
    async run(work, { arriving }) {
      host.dialect;
      // Opened before anything is written: what could not be seen to arrive is not begun.
      for (const cluster of arriving) await env.member(cluster, { signal: work.signal });
      await editing(
        work,
        (now) => applyEdit(subject, now, change),
        mayLeave,
        async () => lastLook?.(work),
      );
    },
    async needs(work) {
      const [now, all] = [placementOf(await read(work)), await placeables(host, work.signal)];
      const arriving = await Promise.all(
        (await comingTo(now, all, work.signal)).map((name) => env.member(name, { signal: work.signal })),
      );
      const isWorkspace = subject.kind === 'workspace';
      return {
        verify: [
          ...(isWorkspace ? toWatch(host, kubesphere.federatedWorkspaces) : []),
          ...arriving.flatMap((member) => toWatch(member, copiedAs(subject))),
          ...((await left?.needs(work)) ?? []),
        ],
        compensate: isWorkspace ? arriving.flatMap((member) => toListAll(member)) : [],
      };
    },
    async verify(work, { arriving }) {
      await federated(host, subject, { arriving, leaving: mayLeave }, work.signal);
      for (const cluster of arriving) await arrived(env, subject, cluster, work.signal);
      await left?.wait(work);
    },
    async compensate(work, { placement }) {
      const next = placement ?? {};
      // It was placed so already: nothing was written.
      if (samePlacement(next, applyEdit(subject, next, change))) return;
      const all = await placeables(host, work.signal);
      const going = leavingOf(placementOf(await read(work)), next, all);
      await editing(
        work,
        () => next,
        going,
        async () => {
          const reached = await placeables(host, work.signal);
          for (const name of going) {
            const at = reached.get(name);
            const empty = (member: KubeSphereCluster) => assertNothingThere(member, subject, work.signal);
            // Where kubefed never had the cluster it deletes nothing.
            if (at?.joined === true)
              await openLeaving(env, `Taking ${called(subject)} off ${name} again`, at, work.signal, empty);
            else await empty(await env.member(name, { signal: work.signal }));
          }
        },
      );
      const back = resolve(next, all, 'surely').filter((cluster) => mayLeave.includes(cluster));
      await federated(host, subject, { arriving: back, leaving: going }, work.signal);
      if (subject.kind === 'workspace') for (const cluster of back) await arrived(env, subject, cluster, work.signal);
    },
  };
}

/** As the engine compares it. */
const plain = (placement: Placement | undefined) => JSON.parse(JSON.stringify(placement ?? null));

/** Why a multi-cluster project must not come to a cluster: its workspace is not there, or something else of its name is. */
async function hindranceOf(
  env: FederationEnv,
  { metadata }: Placed,
  arriving: readonly string[],
  all: ReadonlyMap<string, Placeable>,
  signal: AbortSignal,
) {
  const workspace = metadata.labels?.[workspaceLabel];
  const template =
    workspace === undefined
      ? undefined
      : await env.host.connection.find(kubesphere.workspaceTemplates, { name: workspace }, { signal });
  const placed = resolve(template?.spec.placement ?? {}, all, 'surely');
  const missing = workspace === undefined ? [] : arriving.filter((cluster) => !placed.includes(cluster));
  if (missing.length > 0)
    return {
      effect: 'blocked' as const,
      why: `Workspace "${workspace}" is not placed on ${missing.join(', ')}.`,
      remedy: 'Authorize it there with clusters.authorize first, or leave that cluster out.',
    };
  for (const cluster of arriving) {
    const strange = await strangerOn(env, cluster, metadata.name, signal);
    if (strange !== undefined) return strange;
  }
  return undefined;
}

/** A member's own Workspace of that name would be taken over, and be deleted as the host's the next time the placement shrinks. */
async function ownWorkspaceOn(env: FederationEnv, name: string, arriving: readonly string[], signal: AbortSignal) {
  for (const cluster of arriving) {
    const member = await env.member(cluster, { signal });
    if (member.uid === env.host.uid) continue;
    const [obstacle] = await inTheWay(member, name, { known: true, placed: true }, signal);
    if (obstacle !== undefined) return { effect: 'blocked' as const, ...obstacle };
  }
  return undefined;
}

/** A namespace that stands where a copy is to come is somebody else's: kubefed would take it over, label it and overwrite it. */
export async function strangerOn(env: FederationEnv, cluster: string, name: string, signal: AbortSignal) {
  const member = await env.member(cluster, { signal });
  if (member.uid === env.host.uid) return undefined;
  const found = await member.connection.find(core.namespaces, { name }, { signal });
  if (found === undefined || found.metadata.labels?.[managedLabel] === 'true') return undefined;
  return {
    effect: 'blocked' as const,
    why: `${cluster} has a namespace "${name}" already, which is not of this multi-cluster project: kubefed would take it over.`,
    remedy: 'Give the multi-cluster project another name, or leave that cluster out.',
  };
}

/** The way back may take it off a cluster that it was brought to only while nothing is there. @throws FederationError `KEPT_AT_RISK` */
async function assertNothingThere(member: KubeSphereCluster, { kind, name }: Subject, signal: AbortSignal) {
  if (kind === 'workspace') return assertTakesNone({ signal }, member, name);
  if ((await member.connection.find(core.namespaces, { name }, { signal })) === undefined) return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `${member.name}: namespace "${name}" is there by now; taking the multi-cluster project off it would delete it. It was left there. Use namespaces.setFederatedPlacement.`,
  );
}
