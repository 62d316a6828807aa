import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { Federation } from '../../../src/federation.ts';
import { core } from '../../../src/kube/resources.ts';
import type { FederationEnv } from '../../../src/modules/env.ts';
import { composeMethod, performAll } from '../../../src/modules/method.ts';
import { setLabel } from '../../../src/modules/operations/set-label.ts';
import { operates, operatesOnEach } from '../../../src/modules/steps.ts';
import { createSandbox, type Sandbox } from '../../../src/testing/index.ts';
import type { RunEvent } from '../../../src/workflow/events.ts';
import type { JournalStore } from '../../../src/workflow/journal.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { resume, rollback } from '../../../src/workflow/run.ts';
import { defineItemStep, defineStep } from '../../../src/workflow/step.ts';
import { mortal } from '../../migration/kit.ts';

const label = 'example.com/here';

interface Named {
  readonly name: string;
  readonly uid: string;
}
interface Input {
  readonly first: Named;
  readonly rest: readonly Named[];
}
type State = { readonly input: Input };

let sandbox: Sandbox<'a'>;
let federation: Federation;
/** What befalls the second step. */
let trouble: (() => void) | undefined;
beforeAll(async () => {
  sandbox = await createSandbox({ clusters: { a: { role: 'host' } }, speed: 100 });
  federation = await Federation.connect({ kubeconfig: sandbox.clusters.a.kubeconfig, name: 'a' });
}, 60_000);
beforeEach(() => {
  trouble = undefined;
});
afterAll(async () => {
  await federation[Symbol.asyncDispose]();
  await sandbox.close();
});

const workflow = composeMethod<Input>('unlabel')
  .step(
    defineStep<State, FederationEnv>()({
      name: 'first',
      title: 'The first',
      ...operates<State, { readonly value: string | null }, void>(async ({ env, state }) =>
        setLabel(env.host, core.namespaces, state.input.first, { label, to: null }),
      ),
    }),
  )
  .each(
    defineItemStep<State, FederationEnv>()({
      name: 'rest',
      title: 'All others',
      ...operatesOnEach<State, Named, { readonly value: string | null }>(
        async ({ state }) => state.input.rest.map((item) => ({ key: item.name, item: { ...item } })),
        async ({ env }, item) => {
          const operation = setLabel(env.host, core.namespaces, item, { label, to: null });
          return {
            ...operation,
            run: async (work, before) => {
              trouble?.();
              await operation.run(work, before);
            },
          };
        },
      ),
    }),
  )
  .returns(({ rest }) => rest);

let made = 0;
async function labelled(): Promise<Named> {
  made += 1;
  const { metadata } = await sandbox.clusters.a.connection.create(core.namespaces, {
    metadata: { name: `labelled-${made}`, labels: { [label]: 'yes' } },
  });
  return { name: metadata.name, uid: metadata.uid };
}
const input = async (): Promise<Input> => ({ first: await labelled(), rest: [await labelled(), await labelled()] });
const labels = async ({ first, rest }: Input): Promise<(string | undefined)[]> =>
  Promise.all(
    [first, ...rest].map(
      async ({ name }) => (await sandbox.clusters.a.connection.get(core.namespaces, { name })).metadata.labels?.[label],
    ),
  );
const perform = (what: Input, options = {}) => performAll(workflow, what, federation, 'unlabel', options);

async function idsOf(journal: JournalStore): Promise<string[]> {
  const ids: string[] = [];
  for await (const id of journal.runs()) ids.push(id);
  return ids;
}

describe('a method of more than one write', () => {
  it('answers a dry run with every change, and writes nothing, not even a journal', async () => {
    const what = await input();
    const since = sandbox.history().length;
    const answer = await perform(what, { dryRun: true });
    expect(answer).toMatchObject({
      outcome: 'dry-run',
      forecast: {
        effect: 'change',
        changes: [what.first, ...what.rest].map(({ name, uid }) => ({ verb: 'update', resource: { name, uid } })),
      },
    });
    expect(
      sandbox
        .history()
        .slice(since)
        .filter(({ user }) => !user.startsWith('system:')),
    ).toEqual([]);
  });

  it('records its run on the host, and answers with it; done before, it records nothing', async () => {
    const what = await input();
    const answer = await perform(what);
    expect(answer).toMatchObject({ outcome: 'changed', result: { done: 2 } });
    expect(await labels(what)).toEqual([undefined, undefined, undefined]);
    const runId = 'runId' in answer ? answer.runId : undefined;
    const kept = await sandbox.clusters.a.connection
      .listMetadata(core.configMaps, {
        namespace: 'kubesphere-system',
        labelSelector: `kubesphere-federation/run=${runId}`,
      })
      .toArray();
    expect(kept.length).toBeGreaterThan(0);
    expect(await perform(what)).toEqual({ outcome: 'already', result: undefined, why: expect.any(String) });
  });

  it('takes everything back when a step fails, and names the run', async () => {
    const what = await input();
    trouble = () => {
      throw new FederationError('REJECTED', 'An admission policy says no.');
    };
    await expect(perform(what)).rejects.toMatchObject({
      code: 'REJECTED',
      details: { runId: expect.any(String), state: 'rolled-back' },
    });
    expect(await labels(what)).toEqual(['yes', 'yes', 'yes']);
  });

  it('asks for its rights before it writes, and names those that it lacks, undo included', async () => {
    const what = await input();
    const { a } = sandbox.clusters;
    await a.connection.create(core.clusterRoles, {
      metadata: { name: 'half' },
      rules: [
        { apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: ['', 'coordination.k8s.io'], resources: ['configmaps', 'leases'], verbs: ['*'] },
      ],
    });
    await a.connection.create(core.clusterRoleBindings, {
      metadata: { name: 'half' },
      subjects: [{ kind: 'User', name: 'half', apiGroup: 'rbac.authorization.k8s.io' }],
      roleRef: { kind: 'ClusterRole', name: 'half', apiGroup: 'rbac.authorization.k8s.io' },
    });
    await using half = await Federation.connect({ kubeconfig: a.kubeconfigFor({ user: 'half' }), name: 'a' });
    const journal = memoryJournal();
    await expect(performAll(workflow, what, half, 'unlabel', { journal })).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('a: patch namespaces'),
      details: { refused: ['a: patch namespaces'] },
    });
    expect(await idsOf(journal)).toEqual([]);
  });

  it('tells whoever asks what its run is at, and its id from the first event on', async () => {
    const events: RunEvent[] = [];
    const onEvent = (event: RunEvent): void => {
      events.push(event);
      throw new Error('whoever listens cannot fail the work');
    };
    const written = await perform(await input(), { journal: memoryJournal(), onEvent });
    expect(events[0]).toMatchObject({ type: 'run:started', runId: written.outcome === 'changed' ? written.runId : '' });
    expect(events.at(-1)).toMatchObject({ type: 'run:completed' });
    expect(events.filter(({ type }) => type === 'step:completed').length).toBeGreaterThan(1);
  });

  it('says TIMEOUT when its time is over half way, and which run rests there', async () => {
    const what = await input();
    const records = memoryJournal();
    let over: () => void = () => {};
    const timeIsOver = new Promise<void>((resolve) => {
      over = resolve;
    });
    const journal: JournalStore = {
      ...records,
      async append(runId, seq, entry, options) {
        await records.append(runId, seq, entry, options);
        if (entry.type === 'captured') await timeIsOver;
      },
    };
    setTimeout(over, 3_000);
    const error = await perform(what, { journal, timeoutMs: 2_000 }).catch((one: unknown) => one);
    const [runId = ''] = await idsOf(records);
    expect(error).toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/^unlabel took longer than 2000 ms\. Run ".*" is paused/),
      details: { runId },
    });
    await (await rollback(workflow, runId, { env: federation, journal: records })).settled();
  });

  it.each(['resume', 'rollback'] as const)('is ended by another driver when its own dies: %s', async (verb) => {
    const what = await input();
    const records = memoryJournal();
    const journal = mortal(records, ({ type }) => (type === 'items-captured' ? 'after' : undefined));
    await expect(perform(what, { journal })).rejects.toMatchObject({ code: 'JOURNAL_INVALID' });
    expect(await labels(what)).toContain('yes');
    const [runId = ''] = await idsOf(records);
    const drive = verb === 'resume' ? resume : rollback;
    const outcome = await (await drive(workflow, runId, { env: federation, journal: records })).settled();
    expect(outcome.state).toBe(verb === 'resume' ? 'completed' : 'rolled-back');
    expect(await labels(what)).toEqual(verb === 'resume' ? [undefined, undefined, undefined] : ['yes', 'yes', 'yes']);
  });

  it('pauses when its caller aborts, and names the run', async () => {
    const what = await input();
    const controller = new AbortController();
    trouble = () => controller.abort();
    await expect(perform(what, { signal: controller.signal })).rejects.toMatchObject({
      code: 'ABORTED',
      details: { runId: expect.any(String), state: 'paused' },
    });
  });
});
