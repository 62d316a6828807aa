import { stringify } from 'yaml';
import { type Chunk, textOf } from './chunk.ts';
import type { Status } from './status.ts';

/** A whole answer, ready to be sent. */
export interface Answer {
  readonly code: number;
  readonly body: Chunk;
  /** @defaultValue application/json */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer of plain text. */
export function textAnswer(code: number, body: string): Answer {
  return { code, body, contentType: 'text/plain; charset=utf-8' };
}

/** What the real server says about an address it knows nothing about. */
export const pageNotFound: Answer = Object.freeze(textAnswer(404, '404 page not found\n'));

/** A Status as an answer. */
export function statusAnswer(status: Status): Answer {
  const wait = status.details?.retryAfterSeconds;
  return {
    code: status.code ?? 200,
    body: JSON.stringify(status),
    ...(wait === undefined ? {} : { headers: { 'Retry-After': String(wait) } }),
  };
}

/** An answer as YAML where the client asks for that first. */
export function inYaml(answer: Answer, accept: string | undefined): Answer {
  const first = (accept ?? '').split(/[,;]/)[0]?.trim();
  if (first !== 'application/yaml' || answer.contentType !== undefined) return answer;
  const body = folded(stringify(JSON.parse(textOf(answer.body)), { sortMapEntries: true, lineWidth: 0 }));
  return { ...answer, body, contentType: 'application/yaml' };
}

/** Breaks plain lines at the first space after the 80th column. */
function folded(yaml: string): string {
  return yaml.replaceAll(/^( *)([^\n]{80}[^ \n]*) (?=[^\n])/gm, '$1$2\n$1  ');
}
