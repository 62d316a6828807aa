import { createClusterJournal } from '../../src/journal/cluster-journal.ts';
import { runLabel } from '../../src/journal/names.ts';
import { connectCluster } from '../../src/kube/connect.ts';
import type { Connection } from '../../src/kube/connection.ts';
import { type ConfigMap, core } from '../../src/kube/resources.ts';
import { type ApiServer, startApiServer } from '../../src/testing/index.ts';
import type { JournalEntry, JournalStore } from '../../src/workflow/journal.ts';
import type { Outline } from '../../src/workflow/outline.ts';
import { systemClock } from '../../src/workflow/time.ts';

/** An API server with a namespace for a journal. */
export interface Bench extends AsyncDisposable {
  readonly server: ApiServer;
  readonly connection: Connection;
  readonly namespace: string;
  /** A journal as another process has it; with another connection, what that one lets through; in another namespace, another journal. */
  open(connection?: Connection, namespace?: string, claimMs?: number): JournalStore;
  /** Names of all ConfigMaps of a run, sorted. */
  names(runId?: string): Promise<string[]>;
  /** Takes an object away and puts it back changed: behind the journal's back, as nobody should. */
  replace(name: string, change: (object: ConfigMap) => ConfigMap): Promise<void>;
}

export const namespace = 'runs';

export async function bench(): Promise<Bench> {
  const server = await startApiServer({ name: 'm' });
  const connection = await connectCluster({ kubeconfig: server.kubeconfig, name: 'm' });
  await connection.create(core.namespaces, { metadata: { name: namespace } });
  return {
    server,
    connection,
    namespace,
    open: (through = connection, where = namespace, claimMs = 500) =>
      createClusterJournal(through, { namespace: where }, systemClock, claimMs),
    async names(runId = 'r') {
      const all = connection.listMetadata(core.configMaps, { namespace, labelSelector: `${runLabel}=${runId}` });
      return (await all.toArray()).map(({ metadata }) => metadata.name).sort();
    },
    async replace(name, change) {
      const { metadata, ...rest } = change(await connection.get(core.configMaps, { namespace, name }));
      await connection.delete(core.configMaps, { namespace, name }, { propagationPolicy: 'Background' });
      const { labels = {} } = metadata;
      await connection.create(core.configMaps, { ...rest, metadata: { name: metadata.name, namespace, labels } });
    },
    async [Symbol.asyncDispose]() {
      await connection[Symbol.asyncDispose]();
      await server.close();
    },
  };
}

const step: Outline = { kind: 'step', name: 'a', title: 'A', undo: 'restores', undoNeeds: [] };

/** The first record of a run. */
export const opened: JournalEntry = {
  at: '2026-01-01T00:00:00Z',
  driver: 'd1',
  type: 'opened',
  format: 1,
  release: '0.0.0',
  workflow: 'w',
  version: '1',
  steps: [step],
  fingerprint: 'f',
  identity: null,
  input: null,
  onFailure: 'rollback',
};

export const driving = (driver: string): JournalEntry => ({ at: '2026-01-01T00:00:01Z', driver, type: 'driving' });

/** A record of four parts. */
export function large(driver: string): JournalEntry {
  const before = Array.from({ length: 10_000 }, (_, index) => `${index} ${'"ä𝒳企'.repeat(20)}`);
  return { at: '2026-01-01T00:00:02Z', driver, type: 'captured', step: 'a', before, intends: [] };
}

export async function all<T>(from: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const one of from) list.push(one);
  return list;
}
