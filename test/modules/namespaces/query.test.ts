import { describe, expect, it } from 'vitest';
import { selecting, selectingAcross } from '../../../src/modules/namespaces/query.ts';

const invalid = (field: string) => expect.objectContaining({ code: 'INVALID', details: { field } });

describe('which namespaces a list means', () => {
  it('those of a workspace, or all where none is named', () => {
    expect(selecting({ cluster: 'm', workspace: 'w' })).toEqual({ labelSelector: 'kubesphere.io/workspace=w' });
    expect(selecting({ cluster: 'm' })).toEqual({});
    expect(selectingAcross({ clusters: [] })).toEqual({});
  });

  it.each([
    ['workspace', { workspace: undefined }],
    ['workspace', { workspace: null }],
    ['workspce', { workspce: 'w' }],
    ['labelSelector', { labelSelector: 'a=b' }],
  ])('never all because of a %s that says nothing', (field, query) => {
    expect(() => selecting({ cluster: 'm', ...query } as never)).toThrow(invalid(field));
    expect(() => selectingAcross(query as never)).toThrow(invalid(field));
  });

  it('never all clusters because of clusters that say nothing', () => {
    expect(() => selectingAcross({ clusters: undefined } as never)).toThrow(invalid('clusters'));
    expect(() => selectingAcross('m' as never)).toThrow(invalid('query'));
    expect(() => selecting(undefined as never)).toThrow(invalid('query'));
  });
});
