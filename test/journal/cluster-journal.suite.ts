import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe } from 'vitest';
import { createClusterJournal } from '../../src/journal/cluster-journal.ts';
import { recordName } from '../../src/journal/names.ts';
import { core } from '../../src/kube/resources.ts';
import { systemClock } from '../../src/workflow/time.ts';
import type { Federation, Ground } from '../grounds.ts';
import { journalConformance } from '../workflow/journal-conformance.ts';

/** What every journal must do, asked of the one on a cluster. */
export function describeClusterJournal(ground: Ground): void {
  describe(`on ${ground.name}`, () => {
    let federation: Federation<'m'>;
    beforeAll(async () => {
      federation = await ground.start({ m: { role: 'standalone' } });
    }, 300_000);
    afterAll(() => federation?.[Symbol.asyncDispose](), 300_000);

    journalConformance(
      'clusterJournal',
      async (claimMs = 500) => {
        const { connection } = federation.clusters.m;
        const namespace = `journal-${randomUUID()}`;
        await connection.create(core.namespaces, { metadata: { name: namespace } });
        return {
          connection,
          namespace,
          open: () => createClusterJournal(connection, { namespace }, systemClock, claimMs),
          until: async (work) => work,
          claimMs,
          now: () => systemClock.now(),
        };
      },
      async ({ connection, namespace }, seq, how) => {
        const name = { namespace, name: recordName('r', seq) };
        const { metadata, data } = await connection.get(core.configMaps, name);
        await connection.delete(core.configMaps, name, { propagationPolicy: 'Background' });
        if (how === 'missing') return;
        const entry = data?.['entry']?.replace('driving', 'touched') ?? '';
        await connection.create(core.configMaps, {
          metadata: { ...name, ...(metadata.labels && { labels: metadata.labels }) },
          data: { ...data, entry },
        });
      },
    );
  });
}
