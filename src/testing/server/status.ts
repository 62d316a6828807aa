/** One cause in a {@link Status}. */
interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** Body of every failed request, and of a delete that removed its object. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: { readonly continue?: string };
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly uid?: string;
    readonly causes?: readonly StatusCause[];
    readonly retryAfterSeconds?: number;
  };
  readonly code?: number;
}

/** A refused request. */
export class StatusError extends Error {
  readonly status: Status & { readonly code: number };
  constructor(
    code: number,
    reason: string,
    message: string,
    details?: Status['details'],
    metadata: Status['metadata'] = {},
  ) {
    super(message);
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata,
      status: 'Failure',
      message,
      ...(reason === '' ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
}

/** What a failure is about. */
export interface Subject {
  readonly group: string;
  readonly plural: string;
}

/** `deployments.apps`, `namespaces`. */
export function qualified({ group, plural }: Subject): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function about({ group, plural }: Subject, name: string | undefined): NonNullable<Status['details']> {
  return { ...(name ? { name } : {}), ...(group === '' ? {} : { group }), kind: plural };
}

/** A request the server makes no sense of. */
export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message);
}

/** A failure that the real server never gave a reason. */
export function unreasoned(message: string): StatusError {
  return new StatusError(500, '', message);
}

/** Credentials that are nobody's. */
export function unauthorized(): StatusError {
  return new StatusError(401, 'Unauthorized', 'Unauthorized');
}

/** A request that rights or admission do not allow. */
export function forbidden(subject: Subject, name: string, why: string, causes?: readonly StatusCause[]): StatusError {
  const message =
    name === ''
      ? `${qualified(subject)} is forbidden: ${why}`
      : `${qualified(subject)} ${JSON.stringify(name)} is forbidden: ${why}`;
  return new StatusError(403, 'Forbidden', message, {
    ...about(subject, name),
    ...(causes === undefined ? {} : { causes }),
  });
}

/** No such object. */
export function notFound(subject: Subject, name: string): StatusError {
  return new StatusError(
    404,
    'NotFound',
    `${qualified(subject)} ${JSON.stringify(name)} not found`,
    about(subject, name),
  );
}

/** The address names nothing that is served. */
export function unknownResource(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
}

/** A verb that the resource does not know. */
export function methodNotAllowed(): StatusError {
  return new StatusError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  );
}

/** An Accept header that takes nothing the server has. */
export function notAcceptable(): StatusError {
  return new StatusError(
    406,
    'NotAcceptable',
    '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    {},
  );
}

/** An Accept header that asks for a form the server does not make. */
export function onlyAccepted(): StatusError {
  return new StatusError(
    406,
    'NotAcceptable',
    'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  );
}

/** A single object asked for as a list, or a list as a single object. */
export function wrongForm(message: string): StatusError {
  return new StatusError(406, 'NotAcceptable', message);
}

/** A create under a name that is taken. */
export function alreadyExists(subject: Subject, name: string): StatusError {
  return new StatusError(
    409,
    'AlreadyExists',
    `${qualified(subject)} ${JSON.stringify(name)} already exists`,
    about(subject, name),
  );
}

/** A write meant for another state of the object, or for another object; by default for an older state. */
export function conflict(subject: Subject, name: string, why?: string): StatusError {
  const because = why ?? 'the object has been modified; please apply your changes to the latest version and try again';
  return new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(subject)} ${JSON.stringify(name)}: ${because}`,
    about(subject, name),
  );
}

/** A list or watch that asks for a past the server no longer has. */
export function expired(message: string, inconsistentContinue?: string): StatusError {
  return new StatusError(
    410,
    'Expired',
    message,
    undefined,
    inconsistentContinue === undefined ? {} : { continue: inconsistentContinue },
  );
}

/** A body of a type the server does not read. */
export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return new StatusError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
}

/** One wrong field of a body. */
export interface FieldError {
  readonly field: string;
  readonly type: keyof typeof fieldWords;
  readonly value?: unknown;
  readonly detail: string;
}

const fieldWords = {
  FieldValueInvalid: 'Invalid value',
  FieldValueRequired: 'Required value',
  FieldValueForbidden: 'Forbidden',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueTooLong: 'Too long',
  FieldValueDuplicate: 'Duplicate value',
} as const;

function fieldMessage({ type, value, detail }: FieldError): string {
  const tells = type === 'FieldValueInvalid' || type === 'FieldValueNotSupported' || type === 'FieldValueDuplicate';
  return [fieldWords[type], ...(tells ? [JSON.stringify(value ?? null)] : []), ...(detail === '' ? [] : [detail])].join(
    ': ',
  );
}

/** An object that breaks rules of its kind. Equal errors are told once in the message, and each in the causes. */
export function invalid(
  { group, kind }: { readonly group: string; readonly kind: string },
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const messages = [...new Set(errors.map((error) => `${error.field}: ${fieldMessage(error)}`))];
  const list = messages.length === 1 ? messages[0] : `[${messages.join(', ')}]`;
  return new StatusError(
    422,
    'Invalid',
    `${group === '' ? kind : `${kind}.${group}`} ${JSON.stringify(name)} is invalid: ${list}`,
    {
      ...(name === '' ? {} : { name }),
      ...(group === '' ? {} : { group }),
      ...(kind === '' ? {} : { kind }),
      causes: errors.map((error) => ({ reason: error.type, message: fieldMessage(error), field: error.field })),
    },
  );
}

/** A failure of the server, or of what it relies on. */
export function internalError(message: string): StatusError {
  return new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });
}
