import type { ObjectMeta } from '../kube/objects.ts';
import { type ConfigMap, core } from '../kube/resources.ts';
import type { CallOptions } from '../types.ts';
import type { JournalEntry } from '../workflow/journal.ts';
import {
  isRecordName,
  type JournalPlace,
  kindLabel,
  kinds,
  type RunPlace,
  recordName,
  runLabel,
  selectorOf,
} from './names.ts';
import { invalid, recordIn } from './records.ts';

/** The head of a record, and its number. */
export interface Head {
  readonly seq: number;
  readonly object: ConfigMap;
}

/**
 * The heads of all records of a run, in order and in one state of the server.
 * @throws FederationError JOURNAL_INVALID where one is missing, or something is there that is none
 */
export async function headsOf(place: RunPlace, options: CallOptions): Promise<readonly Head[]> {
  const { connection, namespace, runId } = place;
  const labelSelector = selectorOf(['run', 'record'], runId);
  // A head may hold up to 768 KiB: pages stay small.
  const listing = connection.list(core.configMaps, { ...options, namespace, labelSelector, limit: 50 });
  const heads = (await listing.toArray())
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .map((object, index) => ({ seq: index + 1, object }));
  const wrong = heads.find(({ seq, object }) => object.metadata.name !== recordName(runId, seq));
  if (wrong === undefined) return heads;
  const { name } = wrong.object.metadata;
  throw isRecordName(runId, name)
    ? invalid(place, `record ${wrong.seq} is missing, though later ones are there`)
    : alien(place, name);
}

/**
 * The record of a head.
 * @throws FederationError JOURNAL_INVALID where it is not what was written there
 */
export function recordAt(place: RunPlace, { seq, object }: Head, options: CallOptions): Promise<JournalEntry> {
  const { connection, namespace } = place;
  return recordIn(place, seq, object, (name) => connection.find(core.configMaps, { namespace, name }, options));
}

/** All runs by their first record; those whose removal began are none any more. */
export function runsIn(
  place: JournalPlace,
  options: CallOptions,
): AsyncIterable<{ readonly runId: string; readonly first: ObjectMeta }> {
  return firstRecords(place, 'run', options);
}

/** Runs whose removal began and did not end. */
export function halfRemovedIn(
  place: JournalPlace,
  options: CallOptions,
): AsyncIterable<{ readonly runId: string; readonly first: ObjectMeta }> {
  return firstRecords(place, 'removed', options);
}

/** Metadata of the first record of a run; `undefined` where there is none or its removal began. */
export async function firstOf(
  { connection, namespace, runId }: RunPlace,
  options: CallOptions,
): Promise<ObjectMeta | undefined> {
  const fieldSelector = `metadata.name=${recordName(runId, 1)}`;
  const [first] = await connection.listMetadata(core.configMaps, { ...options, namespace, fieldSelector }).toArray();
  return first?.metadata.labels?.[kindLabel] === kinds.run ? first.metadata : undefined;
}

async function* firstRecords(place: JournalPlace, kind: 'run' | 'removed', options: CallOptions) {
  const { connection, namespace } = place;
  const labelSelector = selectorOf([kind]);
  for await (const { metadata } of connection.listMetadata(core.configMaps, { ...options, namespace, labelSelector })) {
    const runId = metadata.labels?.[runLabel] ?? '';
    if (metadata.name !== recordName(runId, 1)) throw alien({ ...place, runId }, metadata.name);
    yield { runId, first: metadata };
  }
}

function alien(place: RunPlace, name: string): Error {
  return invalid(place, `ConfigMap "${name}" is no part of a journal; take its labels away`);
}
