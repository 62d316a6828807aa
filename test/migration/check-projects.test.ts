import { describe, expect, test } from 'vitest';
import { checkProjects } from '../../src/migration/checks/projects.ts';
import type { ProjectFound, Snapshot, WorkspaceFound } from '../../src/migration/snapshot.ts';

const workspace: WorkspaceFound = {
  name: 'team-a',
  uid: 'w1',
  mode: 'adopt',
  to: 'team-a',
  existing: null,
  manager: 'alice',
  networkIsolation: null,
  annotations: {},
  ownTemplate: true,
  terminating: false,
};
const project: ProjectFound = {
  name: 'p1',
  uid: 'n1',
  workspace: 'team-a',
  federated: false,
  devops: false,
  terminating: false,
  foreign: [],
};

/** What the check says of one project in one workspace. */
async function verdict(of: Partial<ProjectFound>, where: Partial<WorkspaceFound> = {}, more: Partial<Snapshot> = {}) {
  const snapshot: Snapshot = {
    workspaces: [{ ...workspace, ...where }],
    kept: [{ ...project, ...of }],
    left: [],
    uncovered: [],
    apps: [],
    contents: {},
    ...more,
  };
  // The check looks at nothing but the snapshot.
  const ctx = { state: { input: { retain: 'all' }, snapshot } } as unknown as Parameters<
    typeof checkProjects.forecast
  >[0];
  return checkProjects.forecast(ctx);
}

describe('the check of projects', () => {
  test('lets plain projects pass', async () => {
    expect(await verdict({})).toMatchObject({ effect: 'none', out: { findings: [] } });
  });

  test('lets a member without projects pass: empty workspaces move as well', async () => {
    expect(await verdict({}, {}, { kept: [] })).toMatchObject({ effect: 'none' });
  });

  const refused: readonly (readonly [string, Partial<ProjectFound>, Partial<WorkspaceFound>, RegExp])[] = [
    ['TERMINATING', { terminating: true }, {}, /p1: being deleted already/],
    ['MULTI_CLUSTER', { federated: true }, {}, /p1: multi-cluster project/],
    ['DEVOPS', { devops: true }, {}, /p1: DevOps project/],
    ['DANGLING', { workspace: 'ghosts' }, {}, /p1: the workspace that the label names/],
    [
      'FOREIGN_CONTROLLER',
      { foreign: [{ kind: 'Tenant', name: 'acme', controller: true }] },
      { mode: 'rebind' },
      /p1 \(controlled by Tenant "acme"\)/,
    ],
    ['WORKSPACE_TERMINATING', {}, { terminating: true }, /team-a: workspace\(s\) of the member that are being deleted/],
  ];
  test.for(refused)('blocks %s', async ([code, of, where, why]) => {
    const forecast = await verdict(of, where);
    expect(forecast).toMatchObject({ effect: 'blocked', why: expect.stringMatching(why) });
    expect(forecast).toMatchObject({ why: expect.stringContaining(`[${code}]`), remedy: expect.stringMatching(/\w/) });
  });

  test('warns of a foreign owner that is no controller, and of one whose workspace is adopted', async () => {
    for (const controller of [true, false]) {
      const mode = controller ? 'adopt' : 'rebind';
      const forecast = await verdict({ foreign: [{ kind: 'Tenant', name: 'acme', controller }] }, { mode });
      expect(forecast).toMatchObject({
        effect: 'none',
        out: { findings: [{ code: 'FOREIGN_OWNER', severity: 'warns' }] },
      });
    }
  });

  test('names everything in the way at once', async () => {
    const forecast = await verdict({ devops: true, federated: true }, { terminating: true }, { uncovered: ['p9'] });
    for (const code of ['DEVOPS', 'MULTI_CLUSTER', 'WORKSPACE_TERMINATING', 'UNCOVERED'])
      expect(forecast).toMatchObject({ why: expect.stringContaining(`[${code}]`) });
  });
});
