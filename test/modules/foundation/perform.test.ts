import { afterEach, describe, expect, it } from 'vitest';
import { type ErrorCode, FederationError } from '../../../src/errors.ts';
import type { AccessQuestion } from '../../../src/kube/connection.ts';
import { core } from '../../../src/kube/resources.ts';
import type { KubeSphereCluster } from '../../../src/kubesphere/cluster.ts';
import { type Operation, perform } from '../../../src/modules/operation.ts';
import { assertRights, toListAll, toMake, toWatch } from '../../../src/modules/rights.ts';
import { operates } from '../../../src/modules/steps.ts';

/** An operation whose look fails so; `done` tells what was called, in its order. */
function failing(code: ErrorCode, undo: () => Promise<void> = async () => {}) {
  const done: string[] = [];
  const operation: Operation<string, void> = {
    forecast: async () => ({ effect: 'change', changes: [] }),
    capture: async () => 'as it was',
    run: async () => void done.push('run'),
    verify: async () => Promise.reject(new FederationError(code, 'The look failed.')),
    compensate: async (_work, before) => {
      done.push(`undo to ${before}`);
      await undo();
    },
  };
  return { done, operation };
}

describe('a write whose effect may not be looked at', () => {
  it('is taken back to what was captured, and the reason is told', async () => {
    const { done, operation } = failing('FORBIDDEN');
    await expect(perform(operation, 'write')).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: 'The look failed. It was taken back.',
      details: { takenBack: true },
    });
    expect(done).toEqual(['run', 'undo to as it was']);
  });

  it('tells that reason also where it cannot be taken back', async () => {
    const { operation } = failing('FORBIDDEN', async () =>
      Promise.reject(new FederationError('CONFLICT', 'It moved.')),
    );
    await expect(perform(operation, 'write')).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: 'The look failed. It was written, and stands: It moved.',
      details: { takenBack: false },
    });
  });

  it.each(['NOT_OBSERVED', 'UNREACHABLE', 'KEPT_AT_RISK'] as const)('is left alone after %s', async (code) => {
    const { done, operation } = failing(code);
    await expect(perform(operation, 'write')).rejects.toMatchObject({ code });
    expect(done).toEqual(['run']);
  });
});

describe('a dry run', () => {
  const judged = (code: ErrorCode) => {
    const { operation } = failing('FORBIDDEN');
    const forecast = async () => Promise.reject(new FederationError(code, 'Projects would go.'));
    return perform({ ...operation, forecast }, 'write', { dryRun: true });
  };

  it('answers that it must not be done, where a forecast throws that', async () => {
    expect(await judged('KEPT_AT_RISK')).toEqual({
      outcome: 'dry-run',
      forecast: { effect: 'blocked', why: 'Projects would go.', remedy: 'Clear that first.' },
    });
  });

  it('fails where what it asks fails', async () => {
    await expect(judged('UNREACHABLE')).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  it('is the one that answers so: a real call throws what was thrown', async () => {
    const { operation } = failing('FORBIDDEN');
    const forecast = async () => Promise.reject(new FederationError('KEPT_AT_RISK', 'Projects would go.'));
    await expect(perform({ ...operation, forecast }, 'write')).rejects.toMatchObject({ code: 'KEPT_AT_RISK' });
  });
});

describe('what is done only once something is written', () => {
  /** A cluster that lets one do only that, and counts how often it is asked. */
  function guarded(...allowed: readonly string[]) {
    const asked: string[] = [];
    const allows = async ({ verb, resource }: AccessQuestion): Promise<boolean> => {
      asked.push(`${verb} ${resource.plural}`);
      return allowed.includes(`${verb} ${resource.plural}`);
    };
    return { asked, cluster: { name: 'c', connection: { allows } } as unknown as KubeSphereCluster };
  }
  const reading = (cluster: KubeSphereCluster) => {
    const { done, operation } = failing('NOT_OBSERVED');
    const needs = { verify: toWatch(cluster, core.namespaces), compensate: toListAll(cluster) };
    return { done, operation: { ...operation, needs, verify: async () => {} } satisfies Operation<string, void> };
  };

  it('is asked for before: whoever may not read it is refused, and nothing is written', async () => {
    const { cluster } = guarded('list namespaces');
    const { done, operation } = reading(cluster);
    await expect(perform(operation, 'write')).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringMatching(/^Not allowed: c: watch namespaces\. requiredRules\(\)/),
      details: { refused: ['c: watch namespaces'] },
    });
    expect(done).toEqual([]);
  });

  it('is asked for once, by the operation that is performed; its way back only where it may be taken', async () => {
    const { cluster, asked } = guarded('list namespaces', 'watch namespaces');
    const { done, operation } = reading(cluster);
    await perform(operation, 'write');
    await perform(operation, 'write');
    expect([done, asked]).toEqual([
      ['run', 'run'],
      ['list namespaces', 'watch namespaces'],
    ]);
    const step = operates<object, string, void>(async () => operation);
    await expect(step.forecast({ epoch: 0 } as never)).rejects.toMatchObject({
      code: 'FORBIDDEN',
      details: { refused: ['c: list *.*'] },
    });
    // A run that is under way goes as far as it may.
    expect(await step.forecast({ epoch: 1 } as never)).toMatchObject({ effect: 'change' });
  });

  it('is asked for again where it was refused: rights are given', async () => {
    const rights: string[] = [];
    const { cluster, asked } = guarded();
    const allows = async (question: AccessQuestion): Promise<boolean> =>
      (await cluster.connection.allows(question)) || rights.includes(question.verb);
    const { operation } = reading({ ...cluster, connection: { allows } as never } as KubeSphereCluster);
    await expect(perform(operation, 'write')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    rights.push('list', 'watch');
    expect(await perform(operation, 'write')).toMatchObject({ outcome: 'changed' });
    expect(asked.length).toBe(4);
  });

  it('is not asked for where there is nothing to do', async () => {
    const { cluster, asked } = guarded();
    const { operation } = reading(cluster);
    const forecast = async () => ({ effect: 'none', why: 'it is so', out: undefined }) as const;
    expect(await perform({ ...operation, forecast }, 'write')).toMatchObject({ outcome: 'already' });
    expect(asked).toEqual([]);
  });
});

describe('what a run is going to change', () => {
  const asked: string[] = [];
  const refused = new Set<string>();
  const allows = async ({ verb, resource, namespace, name }: AccessQuestion): Promise<boolean> => {
    const text = [verb, resource.plural, namespace, name].filter((part) => part !== undefined).join(' ');
    asked.push(text);
    return !refused.has(text);
  };
  const signal = new AbortController().signal;
  /** Asks over a connection of its own: what one has confirmed is remembered. */
  const ask = async (): Promise<void> => {
    asked.length = 0;
    const cluster = { name: 'c', connection: { allows } } as unknown as KubeSphereCluster;
    await assertRights(await toMake(async () => cluster, { undoable, final }, signal), signal, 'Nothing was written. ');
  };
  const at = { cluster: 'c', apiVersion: 'v1', namespace: 'x' } as const;
  const undoable = [
    { verb: 'create', resource: { ...at, kind: 'ConfigMap', name: 'made' } },
    { verb: 'delete', resource: { ...at, kind: 'ServiceAccount', name: 'gone' } },
    { verb: 'update', resource: { ...at, apiVersion: 'apps/v1', kind: 'Deployment', name: 'changed' } },
  ] as const;
  const final = [{ verb: 'delete', resource: { ...at, kind: 'Secret', name: 'y' } }] as const;
  afterEach(() => refused.clear());

  it('is asked for with its way back, and with the touch of what a former driver made or was about to delete', async () => {
    await ask();
    expect(asked.toSorted()).toEqual([
      'create configmaps x',
      'create serviceaccounts x',
      'delete configmaps x',
      'delete secrets x',
      'delete serviceaccounts x',
      'patch configmaps x',
      'patch deployments x',
      'patch serviceaccounts x',
    ]);
  });

  it('is refused where any of it is, and all that is missing is named, with its namespace', async () => {
    for (const right of ['patch configmaps x', 'patch configmaps x made', 'delete secrets x', 'delete secrets x y'])
      refused.add(right);
    await expect(ask()).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringMatching(
        /^Not allowed: c: delete secrets in x, c: patch configmaps in x\. Nothing was written\./,
      ),
      details: { refused: ['c: delete secrets in x', 'c: patch configmaps in x'] },
    });
  });

  it('may be allowed by name alone; whoever makes an object cannot be', async () => {
    refused.add('delete secrets x').add('patch configmaps x');
    await ask();
    expect(asked).toEqual(expect.arrayContaining(['delete secrets x y', 'patch configmaps x made']));
    refused.add('create configmaps x');
    await expect(ask()).rejects.toMatchObject({ details: { refused: ['c: create configmaps in x'] } });
  });
});
