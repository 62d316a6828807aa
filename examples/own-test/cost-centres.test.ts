/**
 * The test of that script: against a member of a federation in this process, on good days and on bad ones.
 *
 *   npx vitest run --config test/vitest.config.ts --project unit examples/own-test
 */
import { connectMember, FederationError } from 'kubesphere-federation';
import {
  createSandbox,
  diff,
  type FaultRule,
  isSame,
  type Moment,
  type Sandbox,
  type Snapshot,
  seedSituation,
} from 'kubesphere-federation/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { setCostCentre } from './cost-centres.ts';

let sandbox: Sandbox<'a' | 'm'>;
let seeded: Moment;
let before: Snapshot;

beforeAll(async () => {
  sandbox = await createSandbox({ clusters: { a: { role: 'host' }, m: { role: 'standalone' } }, speed: 100 });
  const { a, m } = sandbox.clusters;
  await seedSituation('pure-member', { host: a, member: m, name: 'm', workspaces: { sales: 3, research: 1 } });
  await sandbox.clock.advance(120_000); // whatever the controllers still have to do
  sandbox.clock.pause(); // from now on nothing happens but what the script does
  seeded = sandbox.moment();
}, 60_000);

beforeEach(async () => {
  await sandbox.faults.clear();
  await sandbox.rewind(seeded);
  before = await sandbox.snapshot();
}, 60_000);

afterAll(() => sandbox.close());

const projects = ['sales-001', 'sales-002', 'sales-003'];
const byScript = ({ user }: { readonly user: string }): boolean => user === 'ops';

/** The script, run by somebody who may do what he must, and nothing else. */
async function runScript(): Promise<string[]> {
  const kubeconfig = sandbox.clusters.m.kubeconfigFor({ user: 'ops', groups: ['system:masters'] });
  await using member = await connectMember({ kubeconfig, name: 'm' });
  return await setCostCentre(member.connection, 'sales', '4711');
}

/** What is different: a label on each project of the workspace, and nothing else anywhere. */
async function expectLabelled(): Promise<void> {
  const label = { path: '/metadata/labels/example.com~1cost-centre', after: '4711' };
  expect(diff(before, await sandbox.snapshot(), { status: false, times: false })).toEqual({
    created: [],
    deleted: [],
    changed: Object.fromEntries(projects.map((name) => [`m v1 Namespace ${name}`, [label]])),
  });
}

describe('setCostCentre', () => {
  it('labels the projects of the workspace, with one write each, and nothing else', async () => {
    expect(await runScript()).toEqual(projects);
    await expectLabelled();
    const writes = sandbox.history(byScript);
    expect(writes.slice(-3).map(({ verb, name }) => `${verb} ${name}`)).toEqual(
      projects.map((name) => `patch ${name}`),
    );
  });

  it('writes nothing the second time', async () => {
    await runScript();
    const writes = sandbox.history(byScript).length;
    expect(await runScript()).toEqual([]);
    expect(sandbox.history(byScript)).toHaveLength(writes);
  });

  const patches = { cluster: 'm', verb: 'patch', resource: 'namespaces', user: 'ops' } as const;
  const badDays: readonly FaultRule[] = [
    { ...patches, nth: 2, fault: { status: 409 } },
    { ...patches, times: 2, fault: { status: 429, retryAfterSeconds: 0 } },
    { ...patches, nth: 3, fault: 'reset-before' },
    { ...patches, nth: 1, fault: 'reset-after' },
    { ...patches, nth: 2, fault: { truncateAt: 10 } },
    { cluster: 'm', verb: 'get', user: 'ops', nth: 2, fault: { staleBy: 3 } },
    { cluster: 'm', user: 'ops', probability: 0.2, fault: { status: 503 } },
  ];
  it.each(badDays)('comes to the same end in spite of %o', async (rule) => {
    await sandbox.faults.add(rule);
    await runScript();
    await expectLabelled();
  });

  it('changes nothing while the member cannot be reached', async () => {
    await using _ = await sandbox.faults.add({ cluster: 'm', fault: 'unreachable' });
    const error: unknown = await runScript().catch((reason: unknown) => reason);
    expect(FederationError.is(error, 'UNREACHABLE')).toBe(true);
    expect(isSame(diff(before, await sandbox.snapshot()))).toBe(true);
  });
});
