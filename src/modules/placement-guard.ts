import { FederationError } from '../errors.ts';
import { deadline } from '../internal/signal.ts';
import { systemWorkspace } from '../kubesphere/names.ts';
import { invalid } from '../kubesphere/validation.ts';
import type { FederationEnv } from './env.ts';
import { performAll } from './method.ts';
import { perform, type WriteOptions, type Written } from './operation.ts';
import { editPlacement } from './operations/edit-placement.ts';
import { joinedOf, leavingOf, placeables, resolve, samePlacement } from './placement/clusters.ts';
import { lookBackDefaultMs, type ProjectsFate, refuseWithoutFate, type ShrinkOptions } from './placement/input.ts';
import { shrinkDelete, shrinkKeep } from './placement/shrink.ts';
import { stillOn } from './placement/standing.ts';
import { applyEdit, called, type PlacementEdit, placedAt, type Subject } from './placement/subject.ts';

/** A change of placement as it would be now. */
export interface ForeseenChange {
  readonly subject: Subject;
  /** Clusters that it would be taken off, and those of `still`: there kubefed deletes what is left. */
  readonly leaving: readonly string[];
  /** Clusters that it is to be on no more, is not placed on any more, and is on all the same. */
  readonly still: readonly string[];
}

/**
 * Reads which clusters a change of placement would take a workspace, or a multi-cluster project, off, and where it still is of those
 * that the change means it to be off. One of these that is silent may hold anything. It only stands against a change that would
 * otherwise be none: what changes the placement elsewhere does nothing there.
 *
 * @throws ApiError `NOT_FOUND`
 * @throws FederationError `PLAN_BLOCKED` where single clusters are added to or taken off a selector; `UNREACHABLE`
 */
export async function foreseeChange(
  env: FederationEnv,
  of: Pick<Subject, 'kind' | 'name'>,
  edit: PlacementEdit,
  signal: AbortSignal,
): Promise<ForeseenChange> {
  const { host } = env;
  const { resource, name } = placedAt(of);
  const { metadata, spec } = await host.connection.get(resource, name, { signal });
  const subject: Subject = { kind: of.kind, name: of.name, uid: metadata.uid };
  const [now, all] = [spec.placement ?? {}, await placeables(host, signal)];
  const next = applyEdit(subject, now, edit);
  const leaving = leavingOf(now, next, all);
  const [wanted, joined] = [resolve(next, all, 'surely'), joinedOf(all)];
  const meant = 'remove' in edit ? joined.filter((one) => edit.remove.includes(one)) : 'set' in edit ? joined : [];
  const off = meant.filter((one) => !wanted.includes(one) && !leaving.includes(one));
  const still = await stillOn(env, subject, off, all, { signal, passing: !samePlacement(now, next) });
  return { subject, leaving: [...leaving, ...still], still };
}

/**
 * The one way to change the placement of a workspace or a multi-cluster project. A change that takes it off no cluster is a single
 * write. One that does makes kubefed delete what lives there, within a second (H7): it needs `projects`, and is performed as a
 * workflow with a journal. With `keep` nothing is lost; with `delete` exactly the projects that were named. A cluster that somebody took
 * it off while kubefed could not follow, and that still has it, leaves by this change.
 *
 * The write itself takes it off those clusters and no others, whatever somebody else does to the placement meanwhile.
 *
 * @throws FederationError `INVALID` where `projects` is missing and it would leave a cluster, and for system-workspace;
 * `PLAN_BLOCKED` or `KEPT_AT_RISK` where the named projects are not exactly those that would be deleted, and where something kept would
 * go; `UNREACHABLE` where a cluster that it leaves does not answer, or kubefed does not reach it
 */
export async function changePlacement(
  env: FederationEnv,
  of: Pick<Subject, 'kind' | 'name'>,
  edit: PlacementEdit,
  { projects, lookBackMs = lookBackDefaultMs }: Partial<ShrinkOptions> = {},
  options: WriteOptions = {},
): Promise<Written<void>> {
  if (of.kind === 'workspace' && of.name === systemWorkspace)
    throw invalid('name', `is ${systemWorkspace}, which holds the installation itself on every cluster.`);
  const what = `place ${called(of)}`;
  using limit = deadline(options, what);
  const { signal } = limit;
  const { subject, leaving, still } = await foreseeChange(env, of, edit, signal);
  const held = { ...options, signal };
  if (leaving.length === 0) return perform(editPlacement(env, { subject, edit, mayLeave: [] }), what, held);
  if (projects === undefined)
    return refuseWithoutFate(
      called(subject),
      leaving.map((one) => (still.includes(one) ? `${one} (where it still is)` : one)),
    );
  return shrink(env, { subject, leaving, edit, lookBackMs }, projects, what, held);
}

async function shrink(
  env: FederationEnv,
  input: {
    readonly subject: Subject;
    readonly leaving: readonly string[];
    readonly edit: PlacementEdit;
    readonly lookBackMs: number;
  },
  projects: ProjectsFate,
  what: string,
  options: WriteOptions,
): Promise<Written<void>> {
  await refuseHostOfProject(env, input);
  if (projects === 'keep') return performAll(shrinkKeep, input, env, what, options);
  const listed = projects.delete.map(({ cluster, name, uid }) => ({ cluster, name, uid }));
  return performAll(shrinkDelete, { ...input, delete: listed }, env, what, options);
}

/** The host's own namespace of a multi-cluster project stays whatever its placement, and what was copied into it would go. */
async function refuseHostOfProject(
  env: FederationEnv,
  { subject, leaving }: { readonly subject: Subject; readonly leaving: readonly string[] },
): Promise<void> {
  if (subject.kind !== 'project') return;
  for (const cluster of leaving)
    if ((await env.member(cluster)).uid === env.host.uid)
      throw new FederationError(
        'UNSUPPORTED',
        `${called(subject)} cannot be taken off the host: its namespace there holds the definitions of all its copies. Nothing was changed. Delete it with namespaces.deleteFederated, or leave it there.`,
      );
}
