import { type Draft, recordAt, recordsAt, text, timestamp } from './object.ts';

/** Spec of a CustomResourceDefinition with the names it leaves out. */
export function definitionSpec(definition: Draft): Record<string, unknown> {
  const spec = recordAt(definition, 'spec');
  const names = recordAt(spec, 'names');
  const kind = text(names['kind']) ?? '';
  return {
    conversion: { strategy: 'None' },
    ...spec,
    names: { listKind: `${kind}List`, singular: kind.toLowerCase(), ...names },
  };
}

/** Status of a CustomResourceDefinition: every name is accepted, and it is established at once. */
export function definitionStatus(definition: Draft, at: number): Record<string, unknown> {
  const spec = recordAt(definition, 'spec');
  const known = recordAt(definition, 'status');
  if (known['conditions'] !== undefined) return { ...known, acceptedNames: spec['names'] };
  const now = timestamp(at);
  return {
    acceptedNames: spec['names'],
    conditions: [
      {
        type: 'NamesAccepted',
        status: 'True',
        reason: 'NoConflicts',
        message: 'no conflicts found',
        lastTransitionTime: now,
      },
      {
        type: 'Established',
        status: 'True',
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
        lastTransitionTime: now,
      },
    ],
    storedVersions: recordsAt(spec, 'versions')
      .filter((version) => version['storage'] === true)
      .map((version) => version['name']),
  };
}
