import type { OwnerReference } from '../../kube/objects.ts';
import type { Call } from './call.ts';
import type { Draft } from './object.ts';
import type { FieldError } from './status.ts';

const wrong = (field: string, value: unknown, detail: string): FieldError => ({
  field,
  type: 'FieldValueInvalid',
  value,
  detail,
});

const at = 'metadata.ownerReferences';

/** What is wrong with the owners of an object, in the real server's words. */
export function ownerErrors(owners: readonly OwnerReference[]): FieldError[] {
  const errors = owners.flatMap((owner) => {
    const { apiVersion, kind } = owner;
    const parts = apiVersion.split('/');
    const version = parts.length > 2 ? '' : (parts.at(-1) ?? '');
    const found: FieldError[] = [];
    if (version === '') found.push(wrong(`${at}.apiVersion`, apiVersion, 'version must not be empty'));
    for (const field of ['kind', 'name', 'uid'] as const) {
      if (owner[field] === '') found.push(wrong(`${at}.${field}`, '', 'must not be empty'));
    }
    if (apiVersion === 'v1' && kind === 'Event') {
      found.push(wrong(at, owner, '/v1, Kind=Event is disallowed from being an owner'));
    }
    return found;
  });
  const [first, second] = owners.filter(({ controller }) => controller === true);
  if (first !== undefined && second !== undefined) {
    const [one, other] = [first, second].map(({ kind, name }) => `${kind}/${name}`);
    const detail = `Only one reference can have Controller set to true. Found "true" in references for ${one} and ${other}`;
    errors.push(wrong(at, owners, detail));
  }
  return errors;
}

/** Drops owners that are named twice, and tells the client. `when`: what the real server adds about patches. */
export function dropDoubleOwners({ warn }: Pick<Call, 'warn'>, { metadata }: Draft, when = ''): void {
  const owners = metadata.ownerReferences ?? [];
  const texts = owners.map((owner) => JSON.stringify(owner));
  const doubles = owners.filter((_, i) => texts.indexOf(texts[i] ?? '') < i);
  if (doubles.length === 0) return;
  metadata.ownerReferences = owners.filter((_, i) => texts.indexOf(texts[i] ?? '') === i);
  const uids = [...new Set(doubles.map(({ uid }) => uid))].join(', ');
  warn(
    `.metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${uids}`,
  );
}
