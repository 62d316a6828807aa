import { FederationError } from '../errors.ts';
import { digest as digestOf } from '../internal/digest.ts';
import { isRecord, parseJson } from '../kube/json.ts';
import type { NewObject } from '../kube/objects.ts';
import type { ConfigMap } from '../kube/resources.ts';
import type { JournalEntry } from '../workflow/journal.ts';
import { type JournalPlace, labelsOf, partName, type RunPlace, recordName, runLabel } from './names.ts';

/** Of what a record looks like in its ConfigMap. */
const format = '1';
/** UTF-16 units per object: at most three bytes each, so well below the 1 MiB that a ConfigMap may hold. */
const partLength = 256 * 1024;

/** A record as objects: the head is the record; it names parts that have to be there first. */
export interface RecordObjects {
  readonly head: NewObject<ConfigMap>;
  readonly parts: readonly NewObject<ConfigMap>[];
}

/** Puts a record into as many immutable ConfigMaps as it needs. */
export function recordObjects(place: RunPlace, seq: number, entry: JournalEntry): RecordObjects {
  const { namespace, runId } = place;
  const name = recordName(runId, seq);
  const digest = signed(place, seq, entry);
  const pieces = split(JSON.stringify(entry));
  const [only] = pieces;
  const contents = pieces.length === 1 && only !== undefined ? { entry: only } : { parts: String(pieces.length) };
  return {
    head: {
      metadata: { name, namespace, labels: labelsOf(runId, seq === 1 ? 'run' : 'record') },
      immutable: true,
      data: { format, digest, ...contents },
    },
    parts:
      pieces.length === 1
        ? []
        : pieces.map((part, index) => ({
            metadata: { name: partName(name, digest, index), namespace, labels: labelsOf(runId, 'part') },
            immutable: true,
            data: { part },
          })),
  };
}

/**
 * The record that a head stands for; `partOf` finds a part by name.
 * @throws FederationError JOURNAL_INVALID where it is not what was written there
 */
export async function recordIn(
  place: RunPlace,
  seq: number,
  { metadata, data = {} }: ConfigMap,
  partOf: (name: string) => Promise<ConfigMap | undefined>,
): Promise<JournalEntry> {
  const refuse = (why: string): FederationError => invalid(place, `ConfigMap "${metadata.name}" ${why}`);
  const { format: form, digest, entry, parts } = data;
  if (form !== format) throw refuse('is of a format that this release does not know; use the release that wrote it');
  if (digest === undefined || (entry === undefined) === (parts === undefined)) throw refuse('is damaged');
  let text = entry ?? '';
  for (let index = 0; index < Number(parts ?? 0); index += 1) {
    const name = partName(metadata.name, digest, index);
    const part = (await partOf(name))?.data?.['part'];
    if (part === undefined) throw invalid(place, `ConfigMap "${name}", a part of record ${seq}, is missing`);
    text += part;
  }
  const found = parseJson(text);
  if (!isRecord(found) || signed(place, seq, found) !== digest) throw refuse('is not what was written there');
  // The digest says that this is what append() was given.
  return found as JournalEntry;
}

/** The refusal of a journal that cannot be believed; `remedy` says what a person does about it. */
export function invalid({ namespace, runId }: RunPlace, why: string, remedy = ofDamage(runId)): FederationError {
  return new FederationError(
    'JOURNAL_INVALID',
    `The journal of run "${runId}" in namespace "${namespace}" cannot be used: ${why}. ${remedy}`,
  );
}

function ofDamage(runId: string): string {
  return `If it was damaged, restore its ConfigMaps from a copy. To give this run up for good, and its way back with it, delete all ConfigMaps and Leases labelled ${runLabel}=${runId}.`;
}

/** The refusal of a namespace that is not there; `more` says what was not done. */
export function noNamespace({ connection, namespace }: JournalPlace, cause: unknown, more = ''): FederationError {
  return new FederationError(
    'NOT_FOUND',
    `${connection.cluster} has no namespace "${namespace}" to keep a journal in. Create it, or name another${more}.`,
    { cause },
  );
}

/** Of the record in its place: put elsewhere, it is another one. */
function signed({ runId }: RunPlace, seq: number, entry: object): string {
  return digestOf({ run: runId, seq, entry });
}

/** Pieces that never cut a character in two. */
function split(text: string): string[] {
  const pieces: string[] = [];
  for (let start = 0; start < text.length; ) {
    let end = Math.min(start + partLength, text.length);
    if (end < text.length && /[\uD800-\uDBFF]/.test(text.charAt(end - 1))) end -= 1;
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}
