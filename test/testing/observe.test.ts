import { describe, expect, it } from 'vitest';
import { compareProjects, type ProjectObservation } from '../../src/testing/index.ts';

const project = (uid: string, changes: Partial<ProjectObservation> = {}): ProjectObservation => ({
  uid,
  resourceVersion: '1',
  labels: {},
  annotations: {},
  ownerReferences: [],
  contents: { 'Secret/s': { uid: `${uid}-s`, digest: 'x' }, 'ConfigMap/c': { uid: `${uid}-c`, digest: 'y' } },
  ...changes,
});

describe('compareProjects', () => {
  it('calls a project lost that is gone, going, or another one of the same name', () => {
    const before = { same: project('1'), gone: project('2'), going: project('3'), other: project('4') };
    const after = {
      same: project('1'),
      going: project('3', { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      other: project('5'),
      fresh: project('6'),
    };
    expect(compareProjects(before, after)).toMatchObject({
      kept: ['same'],
      lost: ['gone', 'going', 'other'],
      written: [],
    });
  });

  it('calls what is in a lost project lost, even while it is still there', () => {
    const going = project('1', { deletionTimestamp: '2026-01-01T00:00:00Z' });
    expect(compareProjects({ p: project('1') }, { p: going }).contents).toEqual({
      kept: 0,
      lost: ['p Secret/s', 'p ConfigMap/c'],
      changed: [],
    });
  });

  it('tells kept contents from lost and from changed ones', () => {
    const contents = {
      'Secret/s': { uid: 'another', digest: 'x' },
      'ConfigMap/c': { uid: '1-c', digest: 'changed' },
    };
    expect(compareProjects({ p: project('1') }, { p: project('1', { contents }) }).contents).toEqual({
      kept: 1,
      lost: ['p Secret/s'],
      changed: ['p ConfigMap/c'],
    });
  });

  it('notices a project that was written', () => {
    const after = { p: project('1', { resourceVersion: '2' }) };
    expect(compareProjects({ p: project('1') }, after)).toMatchObject({ kept: ['p'], written: ['p'] });
  });
});
