import type { Connection } from '../kube/connection.ts';

/** Label of every object of a journal: what it is. */
export const kindLabel = 'kubesphere-federation/journal';
/** Label of every object of a journal: the run it belongs to. */
export const runLabel = 'kubesphere-federation/run';
/** Annotation of a claim: its turn. */
export const turnAnnotation = 'kubesphere-federation/turn';

/** Values of {@link kindLabel}. */
export const kinds = Object.freeze({
  /** The first record: one object per run. */
  run: 'run',
  record: 'record',
  /** A piece of a record that is too large for one object. */
  part: 'part',
  claim: 'claim',
  /** The first record of a run that is being removed. */
  removed: 'removed',
});

/** Where the objects of a journal are. */
export interface JournalPlace {
  readonly connection: Connection;
  readonly namespace: string;
}

/** Where the objects of one run are. */
export interface RunPlace extends JournalPlace {
  readonly runId: string;
}

/** Name of a run's claim. Run ids have no dots, so no name of one run is that of another. */
export function claimName(runId: string): string {
  return `kubesphere-federation.${runId}`;
}

/** Name of a record, derived from its number: that there is one already *is* the conflict. */
export function recordName(runId: string, seq: number): string {
  return `${claimName(runId)}.${String(seq).padStart(8, '0')}`;
}

/** Whether this is the name of a record of this run, whatever its number. */
export function isRecordName(runId: string, name: string): boolean {
  const own = `${claimName(runId)}.`;
  return name.startsWith(own) && /^\d{8}$/.test(name.slice(own.length));
}

/** The run that begins with a record of this name, if it is the name of a first record. */
export function runBegunBy(name: string): string | undefined {
  const runId = name.split('.')[1];
  return runId !== undefined && name === recordName(runId, 1) ? runId : undefined;
}

/** Name of a part: named by content, so that the parts of two who write the same record never meet. */
export function partName(record: string, digest: string, index: number): string {
  return `${record}.${digest.slice(0, 16)}.${index}`;
}

/** Labels of an object of a run. */
export function labelsOf(runId: string, kind: keyof typeof kinds): Readonly<Record<string, string>> {
  return { [kindLabel]: kinds[kind], [runLabel]: runId };
}

/** Selects objects of these kinds, of one run or of all. */
export function selectorOf(of: readonly (keyof typeof kinds)[], runId?: string): string {
  const kind = `${kindLabel} in (${of.map((one) => kinds[one]).join(',')})`;
  return runId === undefined ? kind : `${runLabel}=${runId},${kind}`;
}
