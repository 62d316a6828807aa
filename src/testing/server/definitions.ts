import { type Draft, recordAt, recordsAt, text, timestamp } from './object.ts';

/** Status of a CustomResourceDefinition: every name is accepted, and it is established at once. */
export function definitionStatus(definition: Draft): Record<string, unknown> {
  const spec = recordAt(definition, 'spec');
  const known = recordAt(definition, 'status');
  if (known['conditions'] !== undefined) return { ...known, acceptedNames: spec['names'] };
  const names = recordAt(spec, 'names');
  const kind = text(names['kind']) ?? '';
  const now = timestamp();
  return {
    acceptedNames: { listKind: `${kind}List`, singular: kind.toLowerCase(), ...names },
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
