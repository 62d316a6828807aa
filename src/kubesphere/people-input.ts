import { checkObjectName, checkText, invalid } from './validation.ts';

/** A name of a user: 63 characters at the most, for bindings carry it as a label, and a longer one is deleted without them (user_controller.go:407). @throws FederationError `INVALID` */
export function checkUserName(field: string, value: unknown): asserts value is string {
  checkObjectName(field, value);
  if (value.length > 63)
    throw invalid(field, 'must have at most 63 characters: bindings bear it as a label, and could not.');
}

/** An e-mail address, as far as people have them; KubeSphere's webhook takes it with net/mail. @throws FederationError `INVALID` */
export function checkEmail(field: string, value: unknown): asserts value is string {
  checkText(field, value);
  if (!/^[^\s<>@",;]+@[^\s<>@",;]+$/.test(value)) throw invalid(field, 'must be an e-mail address: name@domain.');
}

const hash = /^\$2[ayb]\$\d\d\$[./A-Za-z0-9]{53}$/;
/** Whether it is no password but a bcrypt hash of one, which KubeSphere takes as it is. */
export const isPasswordHash = (value: string): boolean => hash.test(value);

/**
 * The rules of KubeSphere 3.x (api/iam/v1alpha2/types.go): 6 to 64 characters with a lower-case letter, an upper-case letter and a digit;
 * or a bcrypt hash. The value itself is in no message.
 *
 * @throws FederationError `INVALID`
 */
export function checkPassword(field: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw invalid(field, 'must be a text.');
  if (isPasswordHash(value)) return;
  const wants = [
    ...([...value].length < 6 || [...value].length > 64 ? ['6 to 64 characters'] : []),
    ...(/[a-z]/.test(value) ? [] : ['a lower-case letter']),
    ...(/[A-Z]/.test(value) ? [] : ['an upper-case letter']),
    ...(/[0-9]/.test(value) ? [] : ['a digit']),
    ...(/[\r\n\u2028\u2029]/.test(value) ? ['no line break'] : []),
  ];
  if (wants.length > 0) throw invalid(field, `must have ${wants.join(', ')}.`);
}
