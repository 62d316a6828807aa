import { type Draft, recordAt, recordsAt, strings, text } from '../object.ts';
import type { FieldError } from '../status.ts';

const group = 'rbac.authorization.k8s.io';
const required = (field: string, detail = ''): FieldError => ({ field, type: 'FieldValueRequired', detail });
const unsupported = (field: string, value: unknown, values: readonly string[]): FieldError => ({
  field,
  type: 'FieldValueNotSupported',
  value,
  detail: `supported values: ${values.map((item) => JSON.stringify(item)).join(', ')}`,
});

/** What is wrong with the rules of a Role or ClusterRole. */
export function ruleErrors(draft: Draft, namespaced: boolean): FieldError[] {
  return recordsAt(draft, 'rules').flatMap((rule, i) => {
    const at = `rules[${i}]`;
    const urls = strings(rule['nonResourceURLs']);
    const has = (field: string): boolean => strings(rule[field]).length > 0;
    const wrong = (detail: string): FieldError => ({
      field: `${at}.nonResourceURLs`,
      type: 'FieldValueInvalid',
      value: urls,
      detail,
    });
    const errors = has('verbs') ? [] : [required(`${at}.verbs`, 'verbs must contain at least one value')];
    if (urls.length > 0) {
      if (namespaced) errors.push(wrong('namespaced rules cannot apply to non-resource URLs'));
      if (has('apiGroups') || has('resources') || has('resourceNames')) {
        errors.push(wrong('rules cannot apply to both regular resources and non-resource URLs'));
      }
      return errors;
    }
    if (!has('apiGroups'))
      errors.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'));
    if (!has('resources')) errors.push(required(`${at}.resources`, 'resource rules must supply at least one resource'));
    return errors;
  });
}

/** What is wrong with a RoleBinding or ClusterRoleBinding. */
export function bindingErrors(draft: Draft, namespaced: boolean): FieldError[] {
  const { apiGroup, kind, name } = recordAt(draft, 'roleRef');
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  const errors: FieldError[] = [];
  if (apiGroup !== group) errors.push(unsupported('roleRef.apiGroup', apiGroup, [group]));
  if (!kinds.includes(text(kind) ?? '')) errors.push(unsupported('roleRef.kind', kind, kinds));
  if (!name) errors.push(required('roleRef.name'));
  for (const [i, subject] of recordsAt(draft, 'subjects').entries()) {
    const at = `subjects[${i}]`;
    if (!subject['name']) errors.push(required(`${at}.name`));
    const given = subject['apiGroup'] ?? '';
    switch (subject['kind']) {
      case 'ServiceAccount':
        if (given !== '') errors.push(unsupported(`${at}.apiGroup`, given, ['']));
        if (!namespaced && !subject['namespace']) errors.push(required(`${at}.namespace`));
        break;
      case 'User':
      case 'Group':
        if (given !== group) errors.push(unsupported(`${at}.apiGroup`, given, [group]));
        break;
      default:
        errors.push(unsupported(`${at}.kind`, subject['kind'], ['ServiceAccount', 'User', 'Group']));
    }
  }
  return errors;
}

/** Fills in the one group that roles and their subjects can be of. */
export function fillBinding(draft: Draft): void {
  const roleRef = recordAt(draft, 'roleRef');
  draft['roleRef'] = { ...roleRef, apiGroup: roleRef['apiGroup'] || group };
  if (!Array.isArray(draft['subjects'])) return;
  draft['subjects'] = recordsAt(draft, 'subjects').map((subject) =>
    (subject['kind'] === 'User' || subject['kind'] === 'Group') && !subject['apiGroup']
      ? { ...subject, apiGroup: group }
      : subject,
  );
}
