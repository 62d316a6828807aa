import { FederationError } from '../errors.ts';
import type { ObjectMeta, Resource } from '../kube/objects.ts';
import { core } from '../kube/resources.ts';
import type { CallOptions } from '../types.ts';
import type { Ended, JournalEntry, Pruned } from '../workflow/journal.ts';
import { claimName, type JournalPlace, kindLabel, kinds, type RunPlace, recordName, selectorOf } from './names.ts';
import { firstOf, halfRemovedIn, headsOf, recordAt, runsIn } from './reading.ts';

/**
 * Removes the runs that `ended` agrees to. The first record is marked before anything is deleted, and goes last: from the mark on the
 * run is none, cannot be read and takes no record, so half of it can never pass for a whole one; who comes next finishes the removal.
 */
export async function removeRuns(place: JournalPlace, ended: Ended, options: CallOptions): Promise<Pruned> {
  const removed: string[] = [];
  const unreadable: string[] = [];
  for await (const { runId, first } of halfRemovedIn(place, options)) {
    await removeMarked({ ...place, runId }, first, options);
    removed.push(runId);
  }
  for await (const runId of runsIn(place, options)) {
    const run = { ...place, runId };
    try {
      const marked = await markEnded(run, ended, options);
      if (marked === undefined) continue;
      await removeMarked(run, marked, options);
      removed.push(runId);
    } catch (error) {
      if (!FederationError.is(error, 'JOURNAL_INVALID')) throw error;
      // Unless somebody else is removing it right now.
      if ((await firstOf(run, options)) !== undefined) unreadable.push(runId);
    }
  }
  return { removed, unreadable };
}

/**
 * Removes records that stand without a first one, before that is written: a driver that was frozen while its run was removed may have
 * written after that, and died before it saw so. Parts mean nothing alone, and may be of a first record that somebody is writing.
 */
export async function removeStrays(place: RunPlace, options: CallOptions): Promise<void> {
  const { connection, namespace, runId } = place;
  const labelSelector = selectorOf(['run', 'removed', 'record'], runId);
  const heads = await connection.listMetadata(core.configMaps, { ...options, namespace, labelSelector }).toArray();
  if (heads.some(({ metadata }) => metadata.name === recordName(runId, 1))) return;
  for (const { metadata } of heads) await remove(place, core.configMaps, metadata, options);
}

async function markEnded(place: RunPlace, ended: Ended, options: CallOptions): Promise<ObjectMeta | undefined> {
  const { connection, namespace } = place;
  const heads = await headsOf(place, options);
  const entries: JournalEntry[] = [];
  for (const head of heads) entries.push(await recordAt(place, head, options));
  const [first] = heads;
  if (first === undefined || !ended(entries, place.runId)) return undefined;
  const { name, uid, resourceVersion } = first.object.metadata;
  try {
    const marked = await connection.patch(
      core.configMaps,
      { namespace, name },
      { type: 'merge', body: { metadata: { labels: { [kindLabel]: kinds.removed } } } },
      { ...options, uid, resourceVersion },
    );
    return marked.metadata;
  } catch (error) {
    // Another removal was faster; it finishes what it began.
    if (FederationError.is(error, 'CONFLICT', 'NOT_FOUND')) return undefined;
    throw error;
  }
}

async function removeMarked(place: RunPlace, first: ObjectMeta, options: CallOptions): Promise<void> {
  const { connection, namespace, runId } = place;
  const labelSelector = selectorOf(['record', 'part'], runId);
  for (const { metadata } of await connection
    .listMetadata(core.configMaps, { ...options, namespace, labelSelector })
    .toArray())
    await remove(place, core.configMaps, metadata, options);
  const lease = await connection.find(core.leases, { namespace, name: claimName(runId) }, options);
  if (lease !== undefined) await remove(place, core.leases, lease.metadata, options);
  await remove(place, core.configMaps, first, options);
}

/** Deletes the very object that was seen. */
async function remove(
  { connection, namespace }: RunPlace,
  resource: Resource,
  { name, uid, resourceVersion }: ObjectMeta,
  options: CallOptions,
): Promise<void> {
  try {
    const guard = { uid, resourceVersion, propagationPolicy: 'Background' } as const;
    await connection.delete(resource, { namespace, name }, { ...options, ...guard });
  } catch (error) {
    if (!FederationError.is(error, 'NOT_FOUND')) throw error;
  }
}
