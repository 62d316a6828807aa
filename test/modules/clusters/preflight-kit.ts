import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Federation } from '../../../src/federation.ts';
import type { Connection } from '../../../src/kube/connection.ts';
import { kubesphereNamespace } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import type { Candidate, Preflight } from '../../../src/modules/clusters/preflight.ts';
import { createSandbox, type Moment, type Sandbox, until } from '../../../src/testing/index.ts';

const jwtSecret = 'shared-by-host-and-member';
export let sandbox: Sandbox<'a' | 'c'>;
let start: Moment;
let federation: Federation;
beforeAll(async () => {
  sandbox = await createSandbox({
    clusters: { a: { role: 'host', jwtSecret }, c: { role: 'member', jwtSecret } },
    speed: 100,
  });
  await sandbox.clock.rest();
  start = sandbox.moment();
  federation = await Federation.connect({ kubeconfig: sandbox.clusters.a.kubeconfig, name: 'a' });
}, 120_000);
afterEach(() => sandbox.rewind(start), 60_000);
afterAll(async () => {
  await federation[Symbol.asyncDispose]();
  await sandbox.close();
});

export const host = (): Connection => sandbox.clusters.a.connection;
export const member = (): Connection => sandbox.clusters.c.connection;
export const kubeconfig = () => sandbox.clusters.c.clientCertificateKubeconfig;
export const look = (candidate: Partial<Candidate> = {}): Promise<Preflight> =>
  federation.clusters.preflight({ name: 'c', kubeconfig: kubeconfig(), ...candidate });
export const shown = ({ findings }: Preflight): string[] =>
  findings.map(({ code, severity, where }) => `${code} ${severity} ${where}`);
const configurationAt = { namespace: kubesphereNamespace, name: 'ks-installer' };
export const configure = async (connection: Connection, spec: object, is: () => Promise<boolean>): Promise<void> => {
  await connection.patch(kubesphere.clusterConfigurations, configurationAt, { type: 'merge', body: { spec } });
  await until('the installer has run', is);
};
export const down = (cluster: string, name: string): Promise<unknown> =>
  sandbox.faults.add({ cluster, fault: { controller: name, down: true } });

/** What is done before the look, and what it must find then. */
export type Conditions = Readonly<
  Record<string, readonly [found: string, arrange: () => Promise<Partial<Candidate> | undefined>]>
>;

/** Brings about one condition after the other, and looks each time. */
export function describeFound(conditions: Conditions): void {
  describe('it finds', { timeout: 60_000 }, () => {
    test.each(Object.entries(conditions))('%s', async (_what, [found, arrange]) => {
      const candidate = await arrange();
      const answer = await look(candidate ?? {});
      expect(shown(answer)).toContain(found);
      if (found.includes(' blocks ')) expect(answer.ready).toBe(false);
    });
  });
}
