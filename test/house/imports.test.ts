import { describe, expect, it } from 'vitest';
import { misplacedImports, strayImports } from './imports.ts';
import { projectFiles } from './sources.ts';

const sources = projectFiles().filter(({ path }) => path.startsWith('src/') && path.endsWith('.ts'));
const file = (path: string, text: string) => [{ path, text }];

describe('the floors of the house', () => {
  it('hold: every file imports its own room and lower floors', () => {
    expect(sources.length).toBeGreaterThan(100);
    expect(misplacedImports(sources)).toEqual([]);
  });

  it.each([
    ['upwards', 'src/kube/call.ts', "import { v3 } from '../kubesphere/v3.ts';"],
    ['upwards for a type only', 'src/modules/work.ts', "import type { Federation } from '../federation.ts';"],
    ['upwards later', 'src/kube/call.ts', "const v3 = await import('../kubesphere/v3.ts');"],
    ['upwards in a type', 'src/kube/call.ts', "type V = import('../kubesphere/v3.ts').V;"],
    ['the other room of the floor', 'src/workflow/run.ts', "export * from '../kube/objects.ts';"],
    ['the barrel', 'src/migration/env.ts', "import { Federation } from '../index.ts';"],
    ['out of the house', 'src/testing/until.ts', "import { until } from '../../test/grounds.ts';"],
  ])('do not let a file import %s', (_, path, text) => {
    expect(misplacedImports(file(path, text))).toHaveLength(1);
  });

  it('let a file import its own room, subfolders included, and lower floors', () => {
    const text =
      "import './steps/fence.ts'; import { x } from '../federation.ts'; import '../errors.ts'; import 'undici';";
    expect(misplacedImports(file('src/migration/env.ts', text))).toEqual([]);
    expect(misplacedImports(file('src/internal/retry.ts', "import '../errors.ts';"))).toEqual([]);
  });

  it('have a place for every file', () => {
    expect(misplacedImports(file('src/helpers/misc.ts', ''))).toEqual(['src/helpers/misc.ts stands on no floor']);
  });
});

describe('packages with one keeper', () => {
  it('are imported by nobody else', () => {
    expect(strayImports(sources)).toEqual([]);
  });

  it.each([
    ['by another file', 'src/kube/call.ts', "import pRetry from 'p-retry';"],
    ['by another file', 'src/workflow/events.ts', "import { EventEmitter } from 'eventemitter3';"],
    ['at once', 'src/kube/kubeconfig.ts', "import { KubeConfig } from '@kubernetes/client-node';"],
    ['lazily by another file', 'src/federation.ts', "await import('@kubernetes/client-node');"],
  ])('are not imported %s: %s', (_, path, text) => {
    expect(strayImports(file(path, text))).toHaveLength(1);
  });

  it('may be named as a type', () => {
    expect(strayImports(file('src/federation.ts', "import type { K } from '@kubernetes/client-node';"))).toEqual([]);
  });
});
