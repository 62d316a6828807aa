import { type ApiObject, type Draft, recordAt, recordsAt, strings, text, timestamp } from './object.ts';

/** Spec of a CustomResourceDefinition with the names it leaves out. */
export function definitionSpec(definition: Draft): Record<string, unknown> {
  const spec = recordAt(definition, 'spec');
  const names = recordAt(spec, 'names');
  const kind = text(names['kind']) ?? '';
  const derived = kind === '' ? {} : { listKind: `${kind}List`, singular: kind.toLowerCase() };
  return { conversion: { strategy: 'None' }, ...spec, names: { ...derived, ...names } };
}

const storageVersions = (definition: Draft): unknown[] =>
  recordsAt(definition, 'spec', 'versions')
    .filter((version) => version['storage'] === true)
    .map((version) => version['name']);

/** Status of a new CustomResourceDefinition: nothing is accepted yet. */
export function newDefinitionStatus(definition: Draft): Record<string, unknown> {
  const stored = storageVersions(definition).slice(0, 1);
  return {
    conditions: null,
    acceptedNames: { plural: '', kind: '' },
    storedVersions: stored.length === 0 ? null : stored,
  };
}

/** Adds a new storage version to those that objects may be kept in. */
export function withStoredVersions(definition: Draft): Record<string, unknown> {
  const status = recordAt(definition, 'status');
  const known = strings(status['storedVersions']);
  const added = storageVersions(definition).filter((name) => !known.includes(String(name)));
  return added.length === 0 ? status : { ...status, storedVersions: [...known, ...added] };
}

/** Whether the server serves what a definition declares. */
export function isEstablished(definition: ApiObject): boolean {
  return recordsAt(definition, 'status', 'conditions').some(
    ({ type, status }) => type === 'Established' && status === 'True',
  );
}

/** Names of resources are one space within a group, names of kinds another. */
const spaces = { resources: ['plural', 'singular'], kinds: ['kind', 'listKind'] } as const;
const reasons: Readonly<Record<string, string>> = {
  plural: 'Plural',
  singular: 'Singular',
  kind: 'Kind',
  listKind: 'ListKind',
};

/**
 * Status of a definition after its names were looked at beside those accepted of the others: it is established as soon
 * as none is taken, and stays so.
 */
export function judgedStatus(definition: ApiObject, all: readonly ApiObject[], at: number): Record<string, unknown> {
  const { group, names } = recordAt(definition, 'spec');
  const wanted = recordAt(names);
  const accepted: Record<string, unknown> = {};
  const others = all.filter(
    (other) => other.metadata.name !== definition.metadata.name && recordAt(other, 'spec')['group'] === group,
  );
  const conflicts: { readonly field: string; readonly name: string }[] = [];
  for (const fields of Object.values(spaces)) {
    const taken = new Set(
      others.flatMap((other) => fields.map((field) => recordAt(other, 'status', 'acceptedNames')[field])),
    );
    for (const field of fields) {
      const name = text(wanted[field]) ?? '';
      if (taken.has(name)) conflicts.push({ field, name });
      else accepted[field] = name;
    }
  }
  for (const field of ['shortNames', 'categories']) if (wanted[field] !== undefined) accepted[field] = wanted[field];
  const last = conflicts.at(-1);
  const condition = (type: string, yes: boolean, reason: string, message: string): object => ({
    type,
    status: yes ? 'True' : 'False',
    reason,
    message,
    lastTransitionTime: transition(definition, type, yes, at),
  });
  const named =
    last === undefined
      ? condition('NamesAccepted', true, 'NoConflicts', 'no conflicts found')
      : condition(
          'NamesAccepted',
          false,
          `${reasons[last.field] ?? ''}Conflict`,
          `${JSON.stringify(last.name)} is already in use`,
        );
  const established =
    last === undefined || isEstablished(definition)
      ? condition('Established', true, 'InitialNamesAccepted', 'the initial names have been accepted')
      : condition('Established', false, 'NotAccepted', 'not all names are accepted');
  const { singular, listKind, ...rest } = accepted;
  return {
    ...recordAt(definition, 'status'),
    acceptedNames: {
      ...(last === undefined ? { singular, listKind } : {}),
      ...rest,
      kind: rest['kind'] ?? '',
      plural: rest['plural'] ?? '',
    },
    conditions: [named, established],
  };
}

function transition(definition: ApiObject, type: string, yes: boolean, at: number): unknown {
  const known = recordsAt(definition, 'status', 'conditions').find((item) => item['type'] === type);
  return known?.['status'] === (yes ? 'True' : 'False') ? known['lastTransitionTime'] : timestamp(at);
}
