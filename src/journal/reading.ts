import { FederationError } from '../errors.ts';
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
  runBegunBy,
  runLabel,
  selectorOf,
} from './names.ts';
import { invalid, noNamespace, recordIn } from './records.ts';

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

/**
 * Ids of all runs, by their first records; those whose removal began are none any more. What bears the label and is no record hides no
 * run: the one that it claims to be of is named, and who reads that is told which object has to go.
 * @throws FederationError NOT_FOUND where there is no such namespace, as far as that may be asked
 */
export async function* runsIn(place: JournalPlace, options: CallOptions): AsyncGenerator<string, void, undefined> {
  const seen = new Set<string>();
  for await (const { metadata } of firstRecords(place, 'run', options)) {
    const runId = metadata.labels?.[runLabel] || runBegunBy(metadata.name);
    if (runId === undefined || seen.has(runId)) continue;
    seen.add(runId);
    yield runId;
  }
  if (seen.size === 0) await checkNamespace(place, options);
}

/** Runs whose removal began and did not end. */
export async function* halfRemovedIn(
  place: JournalPlace,
  options: CallOptions,
): AsyncGenerator<{ readonly runId: string; readonly first: ObjectMeta }, void, undefined> {
  for await (const { metadata } of firstRecords(place, 'removed', options)) {
    const runId = metadata.labels?.[runLabel] ?? '';
    // What is found here is deleted next.
    if (metadata.name !== recordName(runId, 1)) throw alien({ ...place, runId }, metadata.name);
    yield { runId, first: metadata };
  }
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

function firstRecords({ connection, namespace }: JournalPlace, kind: 'run' | 'removed', options: CallOptions) {
  const labelSelector = selectorOf([kind]);
  return connection.listMetadata(core.configMaps, { ...options, namespace, labelSelector });
}

/** A list in a namespace that is not there is empty, too. */
async function checkNamespace(place: JournalPlace, options: CallOptions): Promise<void> {
  const { connection, namespace } = place;
  try {
    await connection.get(core.namespaces, { name: namespace }, options);
  } catch (error) {
    if (FederationError.is(error, 'NOT_FOUND')) throw noNamespace(place, error);
    if (!FederationError.is(error, 'FORBIDDEN')) throw error;
  }
}

function alien(place: RunPlace, name: string): Error {
  return invalid(place, `ConfigMap "${name}" is no part of a journal`, 'Take its labels away.');
}
