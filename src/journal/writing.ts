import { FederationError } from '../errors.ts';
import type { NewObject, ObjectMeta } from '../kube/objects.ts';
import { type ConfigMap, core } from '../kube/resources.ts';
import type { CallOptions } from '../types.ts';
import type { JournalEntry } from '../workflow/journal.ts';
import { conflictAt } from '../workflow/journal-check.ts';
import { type RunPlace, recordName } from './names.ts';
import { invalid, noNamespace, recordObjects } from './records.ts';

/**
 * Makes a record durable: its parts first, then the head that names them, which is the record. Whoever dies in between leaves parts
 * that no head names; they mean nothing and go with their run.
 * @throws FederationError JOURNAL_CONFLICT where the number is taken
 */
export async function putRecord(
  place: RunPlace,
  seq: number,
  entry: JournalEntry,
  call: CallOptions,
): Promise<ObjectMeta> {
  const { connection, runId } = place;
  const { head, parts } = recordObjects(place, seq, entry);
  const written: ConfigMap[] = [];
  try {
    for (const part of parts) written.push(await putPart(place, part, call));
    return (await connection.create(core.configMaps, head, call)).metadata;
  } catch (error) {
    if (FederationError.is(error, 'NOT_FOUND'))
      throw noNamespace(place, error, `; record ${seq} of run "${runId}" was not written`);
    if (!FederationError.is(error, 'ALREADY_EXISTS')) throw error;
    // What cannot be cleaned up now harms nobody, and goes with the run.
    await dropOrphans(place, seq, head, written, call).catch(() => undefined);
    throw conflictAt(runId, seq);
  }
}

/** A part that is there already is one's own, from an earlier attempt. */
async function putPart(place: RunPlace, part: NewObject<ConfigMap>, call: CallOptions): Promise<ConfigMap> {
  const { connection } = place;
  try {
    return await connection.create(core.configMaps, part, call);
  } catch (error) {
    if (!FederationError.is(error, 'ALREADY_EXISTS') || !('name' in part.metadata)) throw error;
    const { name, namespace = place.namespace } = part.metadata;
    const there = await connection.get(core.configMaps, { namespace, name }, call);
    if (there.data?.['part'] === part.data?.['part']) return there;
    throw invalid(place, `ConfigMap "${name}" is there already and holds something else`, 'Delete it.');
  }
}

/** Deletes the parts of a record that lost its number to another; not those of one's own, whose answer was lost. */
async function dropOrphans(
  { connection, namespace, runId }: RunPlace,
  seq: number,
  head: NewObject<ConfigMap>,
  parts: readonly ConfigMap[],
  call: CallOptions,
): Promise<void> {
  if (parts.length === 0) return;
  const winner = await connection.get(core.configMaps, { namespace, name: recordName(runId, seq) }, call);
  if (winner.data?.['digest'] === head.data?.['digest']) return;
  for (const { metadata } of parts) {
    const { name, uid, resourceVersion } = metadata;
    const options = { ...call, uid, resourceVersion, propagationPolicy: 'Background' } as const;
    await connection.delete(core.configMaps, { namespace, name }, options);
  }
}
