import { type ApiObject, type Draft, isRecord, recordAt, recordsAt, strings, text } from '../object.ts';
import type { FieldError } from '../status.ts';
import { label1035Problems, subdomainProblems } from '../validation.ts';

const invalid = (field: string, value: unknown, detail: string): FieldError => ({
  field,
  type: 'FieldValueInvalid',
  value,
  detail,
});
const required = (field: string): FieldError => ({ field, type: 'FieldValueRequired', detail: '' });

/** What is wrong with a CustomResourceDefinition, but for its schemas. */
export function definitionErrors(draft: Draft): FieldError[] {
  const spec = recordAt(draft, 'spec');
  const names = recordAt(spec, 'names');
  const group = text(spec['group']) ?? '';
  const plural = text(names['plural']) ?? '';
  const { name } = draft.metadata;
  const errors: FieldError[] = [];
  if (name !== `${plural}.${group}`)
    errors.push(invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
  errors.push(...groupErrors(group), ...scopeErrors(text(spec['scope']) ?? ''), ...versionErrors(spec));
  for (const field of ['plural', 'singular', 'kind', 'listKind']) {
    if (!names[field]) errors.push(required(`spec.names.${field}`));
  }
  errors.push(...nameErrors(names), ...storedErrors(draft));
  if (spec['preserveUnknownFields'] === true) {
    const detail =
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
    errors.push(invalid('spec.preserveUnknownFields', true, detail));
  }
  return errors;
}

function groupErrors(group: string): FieldError[] {
  if (group === '') return [required('spec.group')];
  const problems = subdomainProblems(group);
  if (problems.length > 0) return [invalid('spec.group', group, problems.join(','))];
  return group.includes('.') ? [] : [invalid('spec.group', group, 'should be a domain with at least one dot')];
}

function scopeErrors(scope: string): FieldError[] {
  if (scope === '') return [required('spec.scope')];
  if (scope === 'Cluster' || scope === 'Namespaced') return [];
  return [
    {
      field: 'spec.scope',
      type: 'FieldValueNotSupported',
      value: scope,
      detail: 'supported values: "Cluster", "Namespaced"',
    },
  ];
}

function versionErrors(spec: Record<string, unknown>): FieldError[] {
  const versions = recordsAt(spec, 'versions');
  const errors: FieldError[] = [];
  for (const [i, version] of versions.entries()) {
    if (!isRecord(recordAt(version, 'schema')['openAPIV3Schema'])) {
      errors.push(required(`spec.versions[${i}].schema.openAPIV3Schema`));
    }
  }
  for (const [i, { name }] of versions.entries()) {
    const problems = label1035Problems(String(name ?? ''));
    if (problems.length > 0) errors.push(invalid(`spec.versions[${i}].name`, name, problems.join(',')));
  }
  const shown = versions.map(internalForm);
  if (new Set(versions.map(({ name }) => name)).size < versions.length) {
    errors.push(invalid('spec.versions', shown, 'must contain unique version names'));
  }
  if (versions.filter(({ storage }) => storage === true).length !== 1) {
    errors.push(invalid('spec.versions', shown, 'must have exactly one version marked as storage version'));
  }
  const first = versions[0]?.['name'];
  const problems = first === undefined ? [] : label1035Problems(String(first));
  if (problems.length > 0) errors.push(invalid('spec.version', first, problems.join(',')));
  return errors;
}

/** A version as the real server's messages show it. */
function internalForm({ name, served, storage }: Record<string, unknown>): object {
  const nothing = { Schema: null, Subresources: null, AdditionalPrinterColumns: null, SelectableFields: null };
  return {
    Name: name,
    Served: served === true,
    Storage: storage === true,
    Deprecated: false,
    DeprecationWarning: null,
    ...nothing,
  };
}

function nameErrors(names: Record<string, unknown>): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['plural', 'singular', 'kind', 'listKind']) {
    const name = text(names[field]) ?? '';
    const mixed = field === 'kind' || field === 'listKind';
    const problems = name === '' ? [] : label1035Problems(mixed ? name.toLowerCase() : name);
    if (problems.length === 0) continue;
    const detail = problems.join(',');
    errors.push(
      invalid(
        `spec.names.${field}`,
        name,
        mixed ? `may have mixed case, but should otherwise match: ${detail}` : detail,
      ),
    );
  }
  if (names['kind'] && names['kind'] === names['listKind']) {
    errors.push(invalid('spec.names.listKind', names['listKind'], 'kind and listKind may not be the same'));
  }
  return errors;
}

function storedErrors(draft: Draft): FieldError[] {
  const field = 'status.storedVersions';
  const stored = strings(recordAt(draft, 'status')['storedVersions']);
  if (stored.length === 0) return [invalid(field, null, 'must have at least one stored version')];
  const versions = recordsAt(draft, 'spec', 'versions');
  const missing = versions.filter(({ name, storage }) => storage === true && !stored.includes(String(name)));
  const names = new Set(versions.map(({ name }) => name));
  return [
    ...missing.map(({ name }) => invalid(field, stored, `must have the storage version ${String(name)}`)),
    ...stored.flatMap((name, i) =>
      names.has(name)
        ? []
        : [
            invalid(
              `${field}[${i}]`,
              name,
              `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
            ),
          ],
    ),
  ];
}

/** What an update of a definition may not change: scope and kind once it is served, group and plural never. */
export function definitionUpdateErrors(current: ApiObject, draft: Draft): FieldError[] {
  const established = recordsAt(current, 'status', 'conditions').some(
    ({ type, status }) => type === 'Established' && status === 'True',
  );
  const fields = [...(established ? ['scope', 'names.kind'] : []), 'group', 'names.plural'];
  return fields.flatMap((field) => {
    const value = fieldAt(draft, field);
    return value === fieldAt(current, field) ? [] : [invalid(`spec.${field}`, value, 'field is immutable')];
  });
}

function fieldAt(object: ApiObject | Draft, field: string): unknown {
  const [outer = '', inner] = field.split('.');
  const spec = recordAt(object, 'spec');
  return inner === undefined ? spec[outer] : recordAt(spec, outer)[inner];
}
