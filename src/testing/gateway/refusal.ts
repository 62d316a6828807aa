import { type Answer, textAnswer } from '../server/answer.ts';

/** A request that is not fulfilled, with the HTTP status of its reason; what clients are told a route may change. */
export class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What a lookup of ks-apiserver in its caches says about a missing object; `kind` is the singular, with the group. */
export function notFound(kind: string, name: string): Refusal {
  return new Refusal(404, `${kind} ${JSON.stringify(name)} not found`);
}

const unsafe: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** ks-apiserver's own failures are plain text, no Status (pkg/api/utils.go). */
export function plainAnswer(code: number, message: string): Answer {
  const text = message.replace(/[&<>]/g, (character) => unsafe[character] ?? character);
  return { ...textAnswer(code, `${text}\n`), headers: { 'X-Content-Type-Options': 'nosniff' } };
}

/** JSON as an answer. */
export function jsonAnswer(value: unknown, code = 200): Answer {
  return { code, body: JSON.stringify(value) };
}

/** What deletions and the like are answered with. */
export const success: Answer = Object.freeze(jsonAnswer({ message: 'success' }));

/** What the front of ks-apiserver says where it fails itself. */
export function internalAnswer(uri: string, message: string): Answer {
  return plainAnswer(500, `Internal Server Error: ${JSON.stringify(uri)}: ${message}`);
}
