import { isRecord, parseJson } from './json.ts';

/** The part of a Kubernetes `Status` that matters. */
export interface Status {
  /** Whether it was a `Status` at all, and not just text. */
  readonly real: boolean;
  readonly message: string;
  readonly reason: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** The fields that validation named, from `details.causes`. */
  readonly fields: readonly string[];
}

/** Reads a `Status` from text, or takes plain text for its message. */
export function statusOf(body: string): Status {
  const value = parseJson(body);
  if (!isRecord(value) || value['kind'] !== 'Status')
    return { real: false, message: plain(body), reason: undefined, retryAfterSeconds: undefined, fields: [] };
  const details = isRecord(value['details']) ? value['details'] : {};
  const causes = Array.isArray(details['causes']) ? details['causes'] : [];
  return {
    real: true,
    message: text(value['message']) ?? '',
    reason: text(value['reason']) || undefined,
    retryAfterSeconds: typeof details['retryAfterSeconds'] === 'number' ? details['retryAfterSeconds'] : undefined,
    fields: causes.flatMap((cause: unknown) => (isRecord(cause) ? [text(cause['field']) ?? ''] : [])),
  };
}

/** Sentences that admission writes and authorization does not. What is not recognised stays what its status says. */
const admissionSentences: readonly RegExp[] = [
  /admission webhook "[^"]*" denied the request/,
  /ValidatingAdmissionPolicy '[^']*' with binding '[^']*' denied request/,
  /failed calling webhook/,
  /exceeded quota:/,
  /violates PodSecurity/,
  /because it is being terminated/,
];

/** Whether a policy, a webhook or another part of admission refused. */
export function isAdmission({ message }: Status): boolean {
  return admissionSentences.some((sentence) => sentence.test(message));
}

/** Whether somebody was to be given what the one who asked does not hold. */
export function isEscalation({ message }: Status): boolean {
  return message.includes('is attempting to grant RBAC permissions not currently held');
}

/** Whether a JSON patch could not be applied. Seen on 1.34: the same words and no cause for a failed `test` and for a missing path. */
export function isNotApplied({ message }: Status): boolean {
  return message.includes('the server rejected our request due to an error in our request');
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
/** The first words of an answer that is no JSON. */
const plain = (body: string): string =>
  body
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 200);
